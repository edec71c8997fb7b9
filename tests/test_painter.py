"""Text encoder, attribute reader, painter: what they promise to whoever uses them."""

import pytest
import torch

from minigen import attributes, diffusion, painter
from minigen.attributes import Reader
from minigen.data import shapes
from minigen.data.captions import COLOURS, encode, parse
from minigen.kernels import KernelMuon
from minigen.muon import orthogonal
from minigen.painter import Painter, Sizes
from minigen.repro import generator, seed_everything
from minigen.text_encoder import TextEncoder


class Oracle(Reader):
    """Reads what it was given: a stand-in for a reader that is never wrong."""

    def __init__(self, captions):
        super().__init__()
        self.answers = [None if c is None else parse(c) for c in captions]

    def read(self, x):
        return self.answers


def scores(seen, asked):
    return attributes.score(Oracle(seen), torch.zeros(len(seen), 3, 16, 16), asked)


def test_both_captions_of_a_pair_ask_for_the_same_picture():
    left, right = (
        "a red ring left of a blue square",
        "a blue square right of a red ring",
    )
    assert scores([left, left], [left, right]).all.tolist() == [True, True]


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        ("a blue ring left of a red square", {"all", "binding"}),
        ("a red square left of a blue ring", {"all", "binding"}),
        ("a blue square left of a red ring", {"all"}),
        ("a red ring above a blue square", {"all", "relation"}),
        ("a green ring left of a blue square", {"all", "colours", "binding"}),
        ("a red ring", {"all", "number", "relation", "colours", "shapes", "binding"}),
        (None, {"all", "number", "relation", "colours", "shapes", "binding"}),
    ],
)
def test_a_score_says_what_went_wrong(seen, wrong):
    shares = scores([seen], ["a red ring left of a blue square"]).shares()
    assert {name for name, share in shares.items() if share == 0} == wrong


def test_what_a_caption_leaves_open_cannot_be_wrong():
    seen = "a small red ring in the top left"
    assert scores([seen], ["a ring"]).all.all()
    assert not scores([seen], ["a large ring"]).all.any()


def test_captions_of_one_thing_and_of_two_are_scored_apart():
    with pytest.raises(ValueError, match="one thing or captions of two"):
        scores([None, None], ["a ring", "a ring left of a square"])


def test_the_readers_answers_are_those_of_the_pictures():
    x, answers = attributes.examples(50, generator=generator(0))
    assert x.shape == (50, 3, 16, 16)
    assert answers[:, 0].bincount().tolist() == [20, 20, 10]
    assert (answers[:20, 1:5] >= 0).all()
    assert (answers[:20, 5:] == -1).all()
    assert (answers[20:40, 1:5] == -1).all()
    assert (answers[20:40, 5:] >= 0).all()
    assert (answers[40:, 1:] == -1).all()


def test_an_untrained_reader_answers_in_the_captions_words():
    seed_everything(0)
    x = attributes.odd(9, generator=generator(0))
    for said in Reader().read(x):
        assert said is None or len(said.mentions) in (1, 2)


def test_the_text_encoder_knows_order_unless_it_has_no_places():
    seed_everything(0)
    tokens = encode(["a red ring left of a blue square"])
    mixed = tokens[:, [0, 6, 2, 3, 4, 5, 1, 7]]
    for scale, same in ((0.0, True), (1.0, False)):
        bag = TextEncoder(width=16, position_scale=scale)
        with torch.no_grad():
            for block in bag.blocks:
                torch.nn.init.normal_(block.attention.out.weight)
            one, two = bag(tokens).mean(1), bag(mixed).mean(1)
        assert torch.allclose(one, two, atol=1e-5) is same


def test_a_crowded_picture_shows_more_than_a_pair():
    x = attributes.crowded(40, generator=generator(0))
    assert x.shape == (40, 3, 16, 16)
    painted = ((x - attributes.paper()).abs().amax(1) > 0.2).sum((1, 2))
    two = shapes.draw(40, generator=generator(0), objects=2).x
    usual = ((two - attributes.paper()).abs().amax(1) > 0.2).sum((1, 2))
    assert painted.float().mean() > usual.float().mean() + attributes.CLEAR


@pytest.fixture(params=[True, False])
def small(request):
    seed_everything(0)
    model = Painter(Sizes(widths=(8, 16, 16), text=16, joined=request.param))
    with torch.no_grad():  # as if it had been trained
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=generator(1)))
    return model.eval()


@torch.no_grad()
def test_a_painter_gives_v_and_where_it_looked(small):
    x, tokens = painter.examples(6, generator=generator(0))
    t = torch.full((6,), 500.0)
    v, maps = small.attend(x, t, tokens)
    assert v.shape == x.shape
    assert maps.shape == (6, 8, 8, 8)
    assert torch.allclose(maps.sum(1), torch.ones(6, 8, 8), atol=1e-5)
    assert torch.allclose(v, small(x, t, tokens), atol=1e-5)
    alone = small(x[2:3], t[:1], tokens[2:3])
    assert torch.allclose(alone, v[2:3], atol=1e-5)
    assert not torch.allclose(v, small(x, t, torch.zeros_like(tokens)), atol=1e-3)


def test_guidance_of_one_is_the_plain_answer_and_of_zero_that_without_a_caption(small):
    x, tokens = painter.examples(6, generator=generator(0))
    alpha_bar = diffusion.cosine()
    at = [
        diffusion.denoiser(small, tokens, alpha_bar, guidance=g)(x, 600)
        for g in (0.0, 1.0, 1.0 + 1e-9)
    ]
    untold = diffusion.denoiser(small, torch.zeros_like(tokens), alpha_bar)(x, 600)
    assert torch.allclose(at[0], untold, atol=1e-5)
    assert torch.allclose(at[1], at[2], atol=1e-5)


def test_examples_have_no_held_out_pair_and_true_captions():
    _, tokens = painter.examples(400, generator=generator(0), leave_out=0.5)
    words = [[shapes.VOCABULARY[i] for i in row if i] for row in tokens.tolist()]
    texts = [" ".join(row) for row in words]
    said = [parse(text) for text in texts]
    pairs = {(m.colour, m.shape) for d in said for m in d.mentions}
    assert not pairs & set(shapes.HELD_OUT)
    assert any(colour is None for colour, _ in pairs)
    assert {colour for colour, _ in pairs} >= set(COLOURS)
    assert any("in" not in row and "of" not in row for row in words)


def test_a_step_of_kernel_muon_has_one_length_in_every_direction():
    seed_everything(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.Conv2d(6, 2, 1))
    before = model[0].weight.detach().clone()
    optimizer = KernelMuon.of(model, beside=("1",), rate=0.1)
    model(torch.randn(4, 3, 5, 5)).square().mean().backward()
    grad = model[0].weight.grad.flatten(1)
    optimizer.step()
    moved = (before - model[0].weight).flatten(1)
    expected = 0.1 * orthogonal(grad[None])[0]
    assert torch.allclose(moved, expected, atol=1e-4)
    optimizer.zero_grad()
    assert model[0].weight.grad is None
    assert model[1].weight.grad is None


def test_kernels_that_nothing_asks_for_shrink_and_the_rest_stays():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.Conv2d(6, 2, 1))
    before = [weights.detach().clone() for weights in model.parameters()]
    optimizer = painter.Shrinking.of(model, beside=("1",), rate=0.5, weight_decay=0.2)
    optimizer.step()
    kernel, *others = zip(model.parameters(), before, strict=True)
    assert torch.allclose(kernel[0], kernel[1] * (1 - 0.5 * 0.2))
    assert all(torch.equal(now, then) for now, then in others)


def test_a_painter_learns_a_few_pictures():
    seed_everything(0)
    model = Painter(Sizes(widths=(8, 16, 16), text=16))
    history = painter.train(model, steps=40, seed=0, pool=16, size=8, progress=False)
    assert sum(history.loss[-5:]) < 0.85 * sum(history.loss[:5])
    drawn = painter.sample(
        history.average, ["a ring"] * 3, generator=generator(0), steps=2
    )
    assert drawn.shape == (3, 3, 16, 16)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
