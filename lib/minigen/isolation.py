"""Work aside: what runs here leaves the caller's random numbers as they were."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch

from minigen.repro import seed_everything


@contextlib.contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Seed every global generator, and put all back as they were at the end."""
    ours = random.getstate(), np.random.get_state()  # noqa: NPY002 - to put it back
    with torch.random.fork_rng():
        seed_everything(seed)
        try:
            yield
        finally:
            random.setstate(ours[0])
            np.random.set_state(ours[1])  # noqa: NPY002
