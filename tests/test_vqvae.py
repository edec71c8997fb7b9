"""Image tokens: nearest codes, straight-through gradients, a codebook that is used."""

import itertools

import pytest
import torch

from minigen import tiles, vqvae
from minigen.data import shapes
from minigen.repro import generator, seed_everything


@pytest.fixture(scope="module")
def drawn():
    return tiles.examples(200, generator=generator(3))


def test_nearest_code_equals_brute_force():
    rng = generator(0)
    z = torch.randn(5, 16, 8, generator=rng)
    codes = torch.randn(33, 8, generator=rng)
    away = (z[..., None, :] - codes).square().sum(-1)
    assert torch.equal(vqvae.nearest(z, codes), away.argmin(-1))
    assert torch.equal(vqvae.nearest(codes, codes), torch.arange(33))


def test_straight_through_gives_the_codes_and_hands_the_gradient_on():
    z = torch.randn(6, 8, generator=generator(1)).requires_grad_(True)
    codes = torch.randn(6, 8, generator=generator(2)).requires_grad_(True)
    out = vqvae.straight_through(z, codes)
    assert torch.allclose(out, codes)
    weights = torch.randn(6, 8, generator=generator(4))
    (out * weights).sum().backward()
    assert torch.allclose(z.grad, weights)
    assert codes.grad is None


def test_tokens_and_pictures_agree_with_the_forward_pass(drawn):
    seed_everything(0)
    model = vqvae.VQVAE(codes=64)
    model(drawn.x)  # the first batch sets the codes
    model.eval()
    with torch.no_grad():
        whole, _ = model(drawn.x)
    assert torch.allclose(
        model.pictures(model.tokens(drawn.x)), whole.clamp(0, 1), atol=1e-5
    )


def test_tiles_run_row_by_row_and_glue_back(drawn):
    pieces = tiles.cut(drawn.x, (2, 4))
    assert pieces.shape == (200, 32, 24)
    assert torch.equal(tiles.glue(pieces, (2, 4)), drawn.x)
    for tile in (0, 1, 4, 31):
        row, column = divmod(tile, 4)
        patch = drawn.x[:, :, 2 * row : 2 * row + 2, 4 * column : 4 * column + 4]
        assert torch.equal(pieces[:, tile], patch.flatten(1))


def test_tiles_that_do_not_fill_a_picture_are_named(drawn):
    with pytest.raises(ValueError, match="do not fill"):
        tiles.cut(drawn.x, (3, 4))


def test_a_code_is_the_running_mean_of_what_it_replaces():
    seed_everything(0)
    book = vqvae.Codebook(2, 2, revive=False)
    for values in (book.codes, book.sums):
        values.copy_(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
    rows = torch.tensor([[-2.0, 1.0], [-2.0, -1.0], [3.0, 0.5], [3.0, 0.5]])
    z = rows[None]
    for _ in range(2000):
        book(z)
    assert torch.allclose(
        book.codes, torch.tensor([[-2.0, 0.0], [3.0, 0.5]]), atol=1e-3
    )


def test_dead_codes_come_back_to_life_where_the_vectors_are(drawn):
    used = {}
    for revive in (False, True):
        seed_everything(0)
        model = vqvae.VQVAE(codes=64, revive=revive)
        for _ in range(5):
            model(drawn.x)
        used[revive] = vqvae.used(model.eval().tokens(drawn.x), 64)[1]
    assert used[True] > 1.5 * used[False]


def test_an_evaluation_leaves_the_codebook_alone(drawn):
    seed_everything(0)
    model = vqvae.VQVAE(codes=64)
    model(drawn.x)
    before = model.book.codes.clone()
    model.eval()(drawn.x)
    assert torch.equal(model.book.codes, before)


def test_a_little_training_makes_pictures_better(drawn):
    seed_everything(0)
    model = vqvae.VQVAE(codes=64)
    history = vqvae.train(model, drawn.x[:64], steps=60, seed=0)
    errors = history.smoothed("pictures", window=5)
    assert errors[-1] < errors[5] / 3


def test_use_is_the_perplexity_of_the_codes():
    tokens = torch.tensor([[0, 0, 1, 1], [2, 2, 3, 3]])
    count, perplexity = vqvae.used(tokens, 10)
    assert (count, perplexity) == (4, pytest.approx(4.0))
    assert vqvae.used(torch.zeros(3, 4, dtype=torch.long), 10) == (1, 1.0)


def test_a_wrong_number_of_tokens_is_named():
    with pytest.raises(ValueError, match="32 image tokens, not 15"):
        vqvae.VQVAE(codes=8).pictures(torch.zeros(1, 15, dtype=torch.long))


def test_training_pictures_leave_the_held_out_pairs_out(drawn):
    pairs = set()
    for words in drawn.words.flatten(0, 1):
        said = [shapes.VOCABULARY[i] for i in words if i]
        pairs |= {
            (a, b)
            for a, b in itertools.pairwise(said)
            if a in shapes.COLOURS and b in shapes.SHAPES
        }
    assert pairs
    assert not pairs & set(shapes.HELD_OUT)


def test_both_captions_of_a_training_picture_are_true(drawn):
    for both in drawn.words:
        said = [
            shapes.parse(" ".join(shapes.VOCABULARY[i] for i in words if i))
            for words in both
        ]
        assert said[0] == said[1]


def test_a_poor_start_huddles_all_codes_in_one_place():
    book = vqvae.RECIPES["tokens"](codes=16, poor_start=True).build().book
    assert float((book.codes - 2).abs().max()) < 0.1
    assert torch.equal(book.sums, book.codes)
