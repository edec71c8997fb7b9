"""Every family of the book draws and says its bits through one door."""

import math

import pytest
import torch
from torch import nn

from minigen import data, families, repro
from minigen.families import FAMILIES

LABELS = torch.tensor([0, 3, 3, 9])


@pytest.fixture(scope="module")
def digits():
    return data.images("digits")


@pytest.fixture(scope="module")
def models():
    made = {}
    for name in FAMILIES:
        recipe = families.recipe(name)
        repro.seed_everything(0)
        model = recipe.build()
        if FAMILIES[name].startswith("density"):
            recipe.train(model, seed=0, budget=1)
        made[name] = model.eval()
    return made


@pytest.mark.parametrize("name", FAMILIES)
def test_all_draw_pictures_on_the_levels_of_the_dataset(models, digits, name):
    draws = [
        families.draw(models[name], LABELS, levels=digits.levels, steps=2,
                      generator=repro.generator(5))
        for _ in range(2)
    ]  # fmt: skip
    assert draws[0].shape == (4, 1, 8, 8)
    assert torch.equal(*draws)
    level = draws[0] * (digits.levels - 1)
    assert torch.allclose(level, level.round(), atol=1e-4)
    assert 0 <= draws[0].min() <= draws[0].max() <= 1


@pytest.mark.parametrize("name", FAMILIES)
def test_bits_are_said_by_models_that_have_a_likelihood(models, digits, name):
    found = families.bits(models[name], digits, generator=repro.generator(0), samples=2)
    if name in ("GAN", "diffusion"):
        assert found is None
    else:
        assert found.shape == (len(digits.test_x),)
        assert found.isfinite().all()


def test_what_is_no_family_is_refused():
    with pytest.raises(TypeError, match="no way to draw from a Linear"):
        families.draw(nn.Linear(2, 2), LABELS, levels=17, generator=repro.generator(0))


def test_a_memoriser_hands_out_training_pictures_of_the_class(digits):
    labels = digits.test_y.repeat(3)  # more than there are of some class
    made = families.copied(digits, labels, generator=repro.generator(0))
    far = torch.cdist(made.flatten(1), digits.train_x.flatten(1))
    nearest = far.argmin(1)
    assert far.min(1).values.max() < 1e-3
    assert torch.equal(digits.train_y[nearest], labels)
    few = families.copied(digits, digits.test_y, generator=repro.generator(0))
    assert len(few.unique(dim=0)) == len(few)


def test_dilution_costs_at_most_the_log_of_the_share():
    bits = torch.tensor([0.5, 2.0, 4.0, 9.0], dtype=torch.float64)
    found = families.diluted(bits, 0.01, pixels=64, levels=17)
    assert (found <= bits + math.log2(100) / 64 + 1e-9).all()
    assert found[0] == pytest.approx(0.5 + math.log2(100) / 64, abs=1e-9)
    # What the model finds nearly impossible, noise explains.
    assert found[3] == pytest.approx(math.log2(17) - math.log2(0.99) / 64, abs=1e-9)
    by_hand = -math.log2(0.01 * 2 ** (-64 * 4.0) + 0.99 * 17**-64) / 64
    assert found[2] == pytest.approx(by_hand, abs=1e-9)


def test_a_memoriser_knows_its_pictures_and_nothing_else(digits):
    own = families.memoriser_bits(digits, digits.train_x[:50], noise=0.01)
    n = len(digits.train_x)
    assert own.max() <= (math.log2(n) - math.log2(0.99)) / 64 + 1e-6
    other = families.memoriser_bits(digits, digits.test_x, noise=0.01)
    assert other.mean() > math.log2(17)
    with pytest.raises(ValueError, match="share"):
        families.memoriser_bits(digits, digits.test_x, noise=0)
