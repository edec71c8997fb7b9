"""Seeds, devices and budgets: what makes a run repeatable and as long as you like."""

import math
import os
import random

import numpy as np
import torch


def generator(seed: object) -> torch.Generator:
    """Return a CPU random generator started at `seed`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0 up, not {seed!r}")
    return torch.Generator().manual_seed(seed)


def seed_everything(seed: object) -> torch.Generator:
    """Seed the global generators too (layers initialise from them); return our own."""
    own = generator(seed)
    number = own.initial_seed()
    random.seed(number)
    np.random.seed(number % 2**32)  # noqa: NPY002 - the global one is what libraries use
    torch.manual_seed(number)
    return own


def device() -> torch.device:
    """Return the device to train on: the CPU unless MINIGEN_DEVICE names another."""
    name = os.environ.get("MINIGEN_DEVICE", "cpu")
    try:
        chosen = torch.device(name)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"MINIGEN_DEVICE={name!r} is not usable here "
            f"({str(error).splitlines()[0]}); use 'cpu', or 'cuda' where PyTorch has "
            "a GPU build"
        ) from error
    return chosen


def check_budget(budget: object) -> float:
    """Return the budget as a number above zero, or say what a budget is."""
    try:
        value = float(str(budget))
    except ValueError:
        value = math.nan
    if isinstance(budget, bool) or not (math.isfinite(value) and value > 0):
        raise ValueError(
            f"budget must be a number above 0 (1 = the book's figures, 0.02 = a quick "
            f"check, 10 = a long run), not {budget!r}"
        )
    return value


def scaled(amount: int, budget: object, *, least: int = 1) -> int:
    """Return `amount` (steps, samples) times the budget, and never under `least`."""
    return max(least, round(amount * check_budget(budget)))


def is_full_run(budget: object) -> bool:
    """Tell whether results at this budget are the book's (goals bind at 1 alone)."""
    return check_budget(budget) == 1.0
