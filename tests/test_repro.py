"""Seeds repeat, devices exist, budgets are numbers."""

import random

import numpy as np
import pytest
import torch

from minigen import repro


def test_a_seed_repeats_every_generator():
    def draw():
        own = repro.seed_everything(3)
        legacy = np.random.rand()  # noqa: NPY002 - what libraries draw from
        return torch.rand(1, generator=own), torch.rand(1), random.random(), legacy

    assert draw() == draw()
    assert not torch.equal(
        torch.rand(4, generator=repro.generator(0)),
        torch.rand(4, generator=repro.generator(1)),
    )


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="whole number from 0 up"):
        repro.generator(seed)


@pytest.mark.parametrize(
    "budget", [0, -1, "much", None, float("nan"), float("inf"), True]
)
def test_a_bad_budget_is_explained(budget):
    with pytest.raises(ValueError, match="budget must be a number above 0"):
        repro.check_budget(budget)


def test_budgets_scale_amounts():
    assert repro.scaled(1500, 0.02) == 30
    assert repro.scaled(10, "0.02", least=4) == 4
    assert repro.scaled(10, 10) == 100
    assert repro.is_full_run("1")
    assert not repro.is_full_run(0.5)


def test_the_device_is_the_cpu_or_a_clear_error(monkeypatch):
    monkeypatch.delenv("MINIGEN_DEVICE", raising=False)
    assert repro.device().type == "cpu"
    monkeypatch.setenv("MINIGEN_DEVICE", "abacus")
    with pytest.raises(ValueError, match=r"MINIGEN_DEVICE='abacus' is not usable here"):
        repro.device()
