"""Pictures cut into tiles, and the pictures that codes of every kind are learned from.

This is what latent diffusion, image tokens and the prior share.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from minigen.data import shapes
from minigen.repro import generator as seeded
from minigen.repro import scaled

#: Pixels a side of a picture.
SIDE = 16
#: Height and width of a tile, in pixels.
Shape = tuple[int, int]
#: The share of training pictures that show two things.
PAIRS = 0.6
#: Pictures to train on, drawn once.
POOL = 12_000


def cut(
    x: Float[Tensor, "batch channel 16 16"], tile: Shape
) -> Float[Tensor, "batch tile pixel"]:
    """Return the tiles of pictures, row by row, each as one vector of its pixels."""
    rows, columns = grid(tile)
    n, channels, _, _ = x.shape
    x = x.view(n, channels, rows, tile[0], columns, tile[1])
    return x.permute(0, 2, 4, 1, 3, 5).reshape(n, rows * columns, -1)


def glue(
    tiles: Float[Tensor, "batch tile pixel"], tile: Shape
) -> Float[Tensor, "batch channel 16 16"]:
    """Return the pictures that tiles make up: `cut` backwards."""
    rows, columns = grid(tile)
    x = tiles.view(len(tiles), rows, columns, -1, *tile)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(len(tiles), -1, SIDE, SIDE)


def grid(tile: Shape) -> tuple[int, int]:
    """Return how many rows and columns of such tiles fill a picture."""
    if SIDE % tile[0] or SIDE % tile[1]:
        raise ValueError(f"tiles of {tile} pixels do not fill a side of {SIDE}")
    return SIDE // tile[0], SIDE // tile[1]


@dataclass(frozen=True)
class Examples:
    """Pictures and both true captions of each (twice the same where there is one)."""

    x: Float[Tensor, "n 3 16 16"]
    words: Int64[Tensor, "n 2 word"]

    def batches(
        self, *, size: int, generator: torch.Generator
    ) -> Iterator[tuple[Int64[Tensor, " size"], Int64[Tensor, "size word"]]]:
        """Give rows of pictures, and for each one of its two captions, without end."""
        while True:
            rows = torch.randint(len(self.x), (size,), generator=generator)
            side = torch.randint(2, (size,), generator=generator)
            yield rows, self.words[rows, side]


def examples(
    number: int, *, generator: torch.Generator, pairs: float = PAIRS
) -> Examples:
    """Draw pictures to train on, without the held-out pairs of colour and shape."""
    two = round(pairs * number)
    x, words = [], []
    for objects, count in ((1, number - two), (2, two)):
        if count == 0:
            continue
        drawn = shapes.draw(
            count, generator=generator, objects=objects, without=shapes.HELD_OUT
        )
        both = [shapes.captions(shapes.describe(scene)) for scene in drawn.scenes]
        sides = [shapes.encode([said[side] for said in both]) for side in (0, -1)]
        x.append(drawn.x)
        words.append(torch.stack(sides, dim=1))
    return Examples(torch.cat(x), torch.cat(words))


def pool(*, seed: int, budget: float) -> Examples:
    """Return the pictures that a model of this seed and budget trains on."""
    number = scaled(POOL, min(1.0, budget), least=200)
    return examples(number, generator=seeded(seed))
