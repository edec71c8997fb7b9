"""CLIP in miniature: the contrastive loss, the swap, and how retrieval is judged."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from minigen import clip
from minigen.clip import Clip
from minigen.data.captions import encode, parse
from minigen.repro import generator, seed_everything


def test_the_contrastive_loss_is_the_mean_of_two_cross_entropies():
    rng = generator(0)
    images, texts = torch.randn(2, 5, 8, generator=rng)
    logits = 3.0 * images @ texts.T
    own = torch.arange(5)
    expected = (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2
    found = clip.contrast(images, texts, torch.tensor(3.0).log())
    assert torch.allclose(found, expected)
    back = clip.contrast(texts, images, torch.tensor(3.0).log())
    assert torch.allclose(found, back)


def test_vectors_lie_on_the_sphere_and_a_batch_changes_none():
    seed_everything(0)
    model = Clip().eval()
    x, texts, _ = clip.pairs(6, generator=generator(0))
    with torch.no_grad():
        images, words = model.of_images(x), model.of_tokens(encode(texts))
        assert torch.allclose(images.norm(dim=1), torch.ones(6))
        assert torch.allclose(words.norm(dim=1), torch.ones(6))
        assert torch.allclose(model.of_images(x[2:3]), images[2:3], atol=1e-6)
        assert torch.allclose(model.compare(x, texts), images @ words.T)


def test_pairs_are_half_of_one_thing_and_half_of_two_and_captions_are_true():
    _, texts, said = clip.pairs(40, generator=generator(0))
    assert [len(d.mentions) for d in said] == [1] * 20 + [2] * 20
    assert [parse(text) for text in texts] == list(said)


def test_swapping_exchanges_the_colours_alone():
    assert (
        clip.swapped("a red ring left of a blue square")
        == "a blue ring left of a red square"
    )
    assert clip.swapped("a small red ring") == "a small red ring"


def test_a_perfect_model_reaches_the_ceiling_of_retrieval():
    _, _, said = clip.pairs(300, generator=generator(0))
    same = clip.fitting(said)
    found = clip.retrieval(same, same)
    assert found.true == 1
    assert found.own == pytest.approx(found.ceiling)
    assert found.ceiling == pytest.approx(len(set(said)) / len(said))


def test_a_blind_model_has_chance():
    same = torch.eye(10)
    found = clip.retrieval(torch.zeros(10, 10), same)
    assert found.own == pytest.approx(0.1)
    assert found.chance == pytest.approx(0.1)
    assert found.ceiling == 1


def test_clip_learns_a_few_pairs():
    seed_everything(0)
    model = Clip()
    history = clip.train(model, steps=30, seed=0, size=16, pool=32, progress=False)
    assert sum(history.loss[-5:]) < 0.7 * sum(history.loss[:5])
