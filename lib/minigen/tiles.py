"""Pictures as tiles: 16 × 16 pixels become a few short vectors, and pixels again.

This is the part that latent diffusion and image tokens share: an encoder that writes a
picture down as short vectors, one for each tile of pixels, and a decoder that
draws the picture from them. Both are Transformers over the tiles.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from minigen.attention import Attention
from minigen.data import shapes
from minigen.muon import Muon
from minigen.norm import RMSNorm
from minigen.train import History, batches, fit

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


class Block(nn.Module):
    """Every place looks at every other; then a small network at each place.

    One that is `conditioned` is told a vector too, and turns its channels up or down.
    """

    def __init__(
        self, width: int, *, heads: int = 4, conditioned: bool = False
    ) -> None:
        super().__init__()
        self.attention = Attention(width, heads=heads)
        self.attention.norm = RMSNorm(width // heads)
        self.up = nn.Linear(width, 3 * width, bias=False)
        self.down = nn.Linear(3 * width, width, bias=False)
        self.norms = nn.ModuleList([RMSNorm(width), RMSNorm(width)])
        self.told = nn.Linear(width, 4 * width, bias=False) if conditioned else None
        for new in (self.attention.out, self.down, self.told):
            if new is not None:
                nn.init.zeros_(new.weight)

    def forward(
        self,
        x: Float[Tensor, "batch place width"],
        condition: Float[Tensor, "batch width"] | None = None,
    ) -> Float[Tensor, "batch place width"]:
        """Return the places' vectors, each changed by the others."""
        seen, used = self.norms[0](x), self.norms[1]
        if self.told is None or condition is None:
            x = x + self.attention(seen, weights=False)[0]
            return x + self.down(self.up(used(x)).relu().square())
        turn, shift, turn2, shift2 = self.told(condition)[:, None].chunk(4, dim=2)
        x = x + self.attention(seen * (1 + turn) + shift, weights=False)[0]
        h = used(x) * (1 + turn2) + shift2
        return x + self.down(self.up(h).relu().square())


class Encoder(nn.Module):
    """A picture to one vector a tile; the tiles look at each other."""

    def __init__(
        self, dim: int, *, tile: Shape, width: int = 64, layers: int = 1
    ) -> None:
        super().__init__()
        self.tile = tile
        self.first = nn.Linear(3 * math.prod(tile), width)
        self.place = nn.Parameter(torch.randn(math.prod(grid(tile)), width) / 2)
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.norm = RMSNorm(width)
        self.out = nn.Linear(width, dim)

    def forward(
        self, x: Float[Tensor, "batch 3 16 16"]
    ) -> Float[Tensor, "batch tile dim"]:
        """Return the vectors, row by row; pictures are in [0, 1]."""
        h = self.first(cut(2 * x - 1, self.tile)) + self.place
        for block in self.blocks:
            h = block(h)
        return self.out(self.norm(h))


class Decoder(nn.Module):
    """One vector a tile to a picture."""

    def __init__(
        self, dim: int, *, tile: Shape, width: int = 64, layers: int = 2
    ) -> None:
        super().__init__()
        self.tile = tile
        self.first = nn.Linear(dim, width)
        self.place = nn.Parameter(torch.randn(math.prod(grid(tile)), width) / 2)
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.norm = RMSNorm(width)
        self.last = nn.Linear(width, 3 * math.prod(tile))

    def forward(
        self, z: Float[Tensor, "batch tile dim"]
    ) -> Float[Tensor, "batch 3 16 16"]:
        """Return pictures, about in [0, 1]: what shows them cuts off the rest."""
        h = self.first(z) + self.place
        for block in self.blocks:
            h = block(h)
        return glue(self.last(self.norm(h)), self.tile) / 2 + 0.5


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


def learn(
    model: nn.Module,
    loss: Callable[[Tensor], Mapping[str, Tensor]],
    x: Float[Tensor, "n 3 16 16"],
    *,
    steps: int,
    generator: torch.Generator,
    size: int = 32,
    rate: float = 0.03,
    other_rate: float = 0.02,
    label: str,
) -> History:
    """Train an autoencoder on pictures with Muon."""
    inside = [p for name, p in model.named_parameters() if ".blocks." in name]
    matrices = [p for p in inside if p.ndim == 2]
    known = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in known]
    return fit(
        model,
        loss,
        batches(x, size=size, generator=generator),
        steps=steps,
        optimizer=Muon(matrices, others, rate=rate, other_rate=other_rate),
        warmup=min(20, steps // 10),
        label=label,
    )
