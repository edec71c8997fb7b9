"""What a dataset is: a training part, a test part, and how their values are counted."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class ImageSet:
    """Pictures with labels; float32 pixels lie in [0, 1] on `levels` equal steps."""

    name: str
    train_x: Float[Tensor, "train channel height width"]
    train_y: Int64[Tensor, " train"]
    test_x: Float[Tensor, "test channel height width"]
    test_y: Int64[Tensor, " test"]
    classes: tuple[str, ...]
    levels: int


@dataclass(frozen=True)
class TextSet:
    """A text in two parts that do not overlap."""

    name: str
    train: str
    test: str


def stratified_split(
    labels: np.ndarray, *, test_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of a training and a test part, each class in proportion.

    Every class gives round(test_share · its size) members to the test part, and at
    least one; both parts come shuffled.
    """
    test: list[np.ndarray] = []
    train: list[np.ndarray] = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        held = max(1, round(test_share * len(members)))
        test.append(members[:held])
        train.append(members[held:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))
