"""A decoder-only Transformer: it looks back only, learns, and caches without change."""

import math

import pytest
import torch

from minigen import decode, gpt
from minigen.gpt import GPT, Sizes, generate, windows
from minigen.repro import generator, seed_everything
from minigen.train import fit

SIZES = Sizes(vocab=11, context=16, width=24, layers=2, heads=3)


def model(seed=0, sizes=SIZES):
    """Return a model whose layers all do something."""
    seed_everything(seed)
    found = GPT(sizes)
    for parameter in found.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return found.eval()


def tokens(batch=2, time=12, seed=0):
    return torch.randint(11, (batch, time), generator=generator(seed))


@pytest.mark.parametrize("batch", [1, 3])
def test_logits_have_their_shape_and_look_back_only(batch):
    found, ids = model(), tokens(batch)
    changed = ids.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 11
    before, after = found(ids), found(changed)
    assert before.shape == (batch, 12, 11)
    assert torch.allclose(before[:, :7], after[:, :7], atol=1e-5)
    assert not torch.allclose(before[:, 7:], after[:, 7:], atol=1e-2)


def test_at_first_only_what_was_read_is_likelier():
    seed_everything(0)
    sizes = Sizes(vocab=30, context=16, width=24, layers=2, heads=3)
    ids = torch.tensor([[3, 7, 3, 9, 1, 2]])
    logits = GPT(sizes)(ids)[0, -1]
    read = torch.zeros(30, dtype=torch.bool).index_fill(0, ids[0], True)
    assert logits[read].min() > logits[~read].max()
    assert logits[~read].std() < 0.5


def test_a_layer_that_echoes_gives_back_what_it_looks_at():
    seed_everything(0)
    layer = GPT(SIZES).blocks[-1].attention
    x = torch.randn(1, 1, SIZES.width)  # alone, a position looks at itself
    assert torch.allclose(layer(x)[0], SIZES.copy * x, atol=1e-5)


def test_the_stream_begins_with_a_token_and_something_of_the_one_before():
    found, ids = model(), tokens()
    stream, words = found.begin(ids), found.embed(ids)
    assert torch.equal(stream[:, 0], words[:, 0])
    assert torch.allclose(stream[:, 3], words[:, 3] + found.before * words[:, 2])


@torch.no_grad()
def test_what_is_looked_at_is_raised_by_as_much_as_it_is_trusted():
    found, seen = model(), torch.tensor([[4, 7, 4]])
    looks = torch.tensor([[[[0.5, 0.2, 0.3]], [[0.0, 1.0, 0.0]], [[0.1, 0.9, 0.0]]]])
    x = torch.randn(1, 1, SIZES.width)
    trust = found.trust(found.norm(x))[0, 0]
    without = found.head(x, torch.zeros_like(looks), seen)
    raised = (found.head(x, looks, seen) - without)[0, 0]
    assert raised[4] == pytest.approx(float(0.8 * trust[0] + 0.1 * trust[2]), rel=1e-3)
    expected = float(0.2 * trust[0] + trust[1] + 0.9 * trust[2])
    assert raised[7] == pytest.approx(expected, rel=1e-3)
    assert (raised != 0).sum() == 2


def test_a_position_that_is_surer_has_the_same_order_and_sharper_odds():
    found, x, seen = model(), torch.randn(1, 4, SIZES.width), torch.zeros(1, 4).long()
    looks = torch.zeros(1, 3, 4, 4)
    with torch.no_grad():
        found.sure.zero_()
        plain = found.head(x, looks, seen)
        h = found.norm(x)
        found.sure.copy_(h[0, 2] / h[0, 2].square().sum())  # so that its product is 1
        sharp = found.head(x, looks, seen)
    assert torch.allclose(sharp[0, 2], math.e * plain[0, 2], atol=1e-4)
    assert torch.equal(sharp.argsort(-1), plain.argsort(-1))


def test_no_copy_leaves_the_layers_silent():
    quiet = GPT(Sizes(vocab=11, context=16, width=24, layers=2, heads=3, copy=0))
    x = torch.randn(1, 5, 24)
    for block in quiet.blocks:
        assert torch.equal(block(x)[0], x)


def test_the_cached_path_equals_the_slow_one():
    found, ids = model(), tokens(3, 16)
    caches, rows = None, []
    for i in (0, 5, 6, 7, 8):
        end = 5 if i == 0 else (i + 1 if i < 8 else 16)
        logits, caches = found.cached(ids[:, i:end], caches)
        rows.append(logits)
    assert torch.allclose(torch.cat(rows, dim=1), found(ids), atol=1e-4)


@pytest.mark.parametrize("steps", [8, 40])
def test_generation_is_the_same_with_and_without_cache(steps):
    fast, slow = (
        generate(
            model(), tokens(2, 3), steps=steps, generator=generator(0), cached=cached
        )
        for cached in (True, False)
    )
    assert torch.equal(fast, slow)
    assert fast.shape == (2, 3 + steps)


def test_generation_ends():
    def always_four(logits):
        return torch.full_like(logits, -math.inf).index_fill(-1, torch.tensor([4]), 0.0)

    found = generate(
        model(),
        tokens(2, 3),
        steps=9,
        generator=generator(0),
        strategy=always_four,
        end=4,
    )
    assert found[:, 3:].tolist() == [[4], [4]]


def test_greedy_generation_needs_no_luck():
    runs = [
        generate(
            model(), tokens(1, 3), steps=8, generator=generator(seed),
            strategy=lambda logits: decode.top_k(logits, 1),
        )
        for seed in (0, 1)
    ]  # fmt: skip
    assert torch.equal(*runs)


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="more than the context of 16"):
        model()(tokens(1, 17))
    with pytest.raises(ValueError, match="prompt is empty"):
        generate(model(), tokens(1, 0), steps=1, generator=generator(0))
    with pytest.raises(ValueError, match="a window needs 17"):
        next(windows(torch.arange(10), length=16, size=2, generator=generator(0)))


def test_padding_counts_for_nothing():
    ids = tokens()
    padded = torch.cat([ids, torch.full((2, 3), -1)], dim=1)
    logits = model()(padded[:, :-1].clamp(min=0))
    assert torch.allclose(gpt.loss(logits, padded), gpt.loss(logits[:, :11], ids))


def test_windows_are_pieces_of_the_text():
    batch = next(windows(torch.arange(40), length=5, size=512, generator=generator(0)))
    assert batch.shape == (512, 6)
    assert ((batch[:, 1:] - batch[:, :-1]) == 1).all()
    assert batch.min() == 0
    assert batch.max() == 39


def test_it_learns_a_short_text_by_heart():
    seed_everything(0)
    found, ids = GPT(SIZES), tokens(2, 12)
    batches = iter(lambda: (ids,), None)
    fit(
        found, lambda ids: gpt.loss(found(ids[:, :-1]), ids), batches,
        steps=150, learning_rate=1e-2, progress=False,
    )  # fmt: skip
    assert gpt.loss(found(ids[:, :-1]), ids).item() < 0.05
    again = generate(
        found, ids[:, :2], steps=10, generator=generator(0),
        strategy=lambda logits: decode.temperature(logits, 0),
    )  # fmt: skip
    assert torch.equal(again[:, 2:], ids[:, 2:])


def test_looks_are_shares_of_what_came_before():
    found = model().looks(tokens())
    assert found.shape == (2, 2, 3, 12, 12)
    assert torch.allclose(found.sum(-1), torch.ones(2, 2, 3, 12), atol=1e-5)
    assert found.triu(1).abs().max() == 0
