"""Gaussian noise by number, the same in Python and in the page (live-controls.js)."""

import numpy as np

_STEP = 0x6D2B79F5


def uniforms(seed: int, count: int) -> np.ndarray:
    """Return numbers in [0, 1) by the generator mulberry32, started at `seed`."""
    low = np.uint64(0xFFFFFFFF)
    state = (
        np.uint64(seed) + np.uint64(_STEP) * np.arange(1, count + 1, dtype="u8")
    ) & low

    def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return (one * other) & low  # both below 2^32, so nothing is lost

    mixed = product(state ^ (state >> np.uint64(15)), state | np.uint64(1))
    mixed ^= (
        mixed + product(mixed ^ (mixed >> np.uint64(7)), mixed | np.uint64(61))
    ) & low
    return (mixed ^ (mixed >> np.uint64(14))) / 2.0**32


def gaussians(seed: int, count: int) -> np.ndarray:
    """Return standard normal numbers: Box and Muller's transform of `uniforms`."""
    pairs = uniforms(seed, count + count % 2).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(1 - pairs[:, 0]))
    angle = 2 * np.pi * pairs[:, 1]
    both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return both.reshape(-1)[:count].astype(np.float32)
