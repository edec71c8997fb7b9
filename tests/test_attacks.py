"""Attacks change what they say and leave the rest."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from minigen import attacks, repro
from minigen.data import stories


def told(n, seed=0):
    return stories.sample(n, generator=repro.generator(seed))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_swaps_change_so_many_words_and_leave_stories_possible(share):
    texts = [story.tokens for story in told(100)]
    after = attacks.on_texts(attacks.swap, texts, share, generator=repro.generator(1))
    changed = np.mean([sum(a != b for a, b in zip(x, y, strict=True)) / len(x)
                       for x, y in zip(texts, after, strict=True)])  # fmt: skip
    assert changed == pytest.approx(share, abs=0.05 * (share > 0))
    possible = [stories.log_probability(text) > -math.inf for text in after]
    assert np.mean(possible) >= 0.95
    assert all(len(x) == len(y) for x, y in zip(texts, after, strict=True))


def test_synonyms_go_both_ways_and_are_never_the_word_itself():
    known = attacks.synonyms()
    assert "treasured" in known["adored"]
    assert all(word not in others for word, others in known.items())
    for word, others in known.items():
        assert all(len(other) for other in others), word


def test_rewriting_keeps_the_facts_and_leaves_what_is_no_story():
    texts = [story.tokens for story in told(30)]
    after = attacks.on_texts(attacks.rewrite, texts, generator=repro.generator(0))
    for old, new in zip(texts, after, strict=True):
        assert stories.Story(old).facts == stories.Story(new).facts
    assert sum(old != new for old, new in zip(texts, after, strict=True)) > 25
    odd = ("king", "king")
    assert attacks.rewrite(odd, generator=repro.generator(0)) == odd
    assert attacks.rewrite((), generator=repro.generator(0)) == ()


def test_blur_is_scipys_and_keeps_flat_pictures():
    x = torch.rand(2, 1, 8, 8, generator=repro.generator(0))
    weights = [0.15, 0.7, 0.15]
    wanted = x.numpy()
    for axis in (2, 3):
        wanted = ndimage.correlate1d(wanted, weights, axis=axis, mode="nearest")
    assert attacks.blur(x, 0.3).numpy() == pytest.approx(wanted, abs=1e-6)
    colour = torch.rand(1, 3, 1, 1, generator=repro.generator(1)).expand(1, 3, 8, 8)
    for attack in (attacks.blur, attacks.resample):
        assert torch.allclose(attack(colour), colour, atol=1e-5)


def test_noise_and_resampling_stay_in_range():
    x = torch.rand(3, 1, 8, 8, generator=repro.generator(0)).round()
    noisy = attacks.noise(x, 0.2, generator=repro.generator(1))
    for made in (noisy, attacks.resample(x)):
        assert made.shape == x.shape
        assert 0 <= float(made.min()) <= float(made.max()) <= 1
    assert not torch.equal(noisy, x)
