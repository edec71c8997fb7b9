"""A vector-quantised autoencoder: a picture becomes a handful of numbers from a list.

The encoder writes a vector for each tile; the codebook replaces it by the nearest of
its own vectors; the decoder draws the picture from those. What is kept of a picture is
which entries of the codebook they were: its image tokens (1711.00937).
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from minigen.kernels import KernelMuon
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.tiles import glue, grid, pool
from minigen.train import History, batches, fit
from minigen.zoo import Recipe

#: Height and width of a tile in pixels, and tiles of a picture.
TILE = (2, 4)
TILES = math.prod(grid(TILE))
#: Entries of the codebook, and numbers in each.
CODES, DIM = 256, 4
#: How much the encoder is drawn towards the entries that it was given.
COMMITMENT = 0.04
#: How much of the running means is kept a step, and the use below which a code is dead.
KEPT, DEAD = 0.95, 0.3


def nearest(
    z: Float[Tensor, "*batch dim"], codes: Float[Tensor, "code dim"]
) -> Int64[Tensor, " *batch"]:
    """Return which code is nearest to each vector (1711.00937, equation 1).

    |z − c|² = |z|² − 2 z·c + |c|², and |z|² is the same for all codes.
    """
    return (codes.square().sum(-1) - 2 * z @ codes.T).argmin(-1)


def straight_through(z: Tensor, quantised: Tensor) -> Tensor:
    """Return the quantised values, and hand their gradient on to z."""
    return z + (quantised - z).detach()


class Codebook(nn.Module):
    """A list of vectors, each the running mean of what was last replaced by it.

    The means follow 1711.00937, appendix A.1. With `revive`, a code that hardly
    anything is near to moves to where a vector of the batch is.
    """

    codes: Tensor
    use: Tensor
    sums: Tensor

    def __init__(self, codes: int, dim: int, *, revive: bool = True) -> None:
        super().__init__()
        self.revive = revive
        start = torch.randn(codes, dim)
        self.register_buffer("codes", start)
        self.register_buffer("use", torch.zeros(codes) if revive else torch.ones(codes))
        self.register_buffer("sums", start.clone())

    def forward(
        self, z: Float[Tensor, "batch tile dim"]
    ) -> tuple[Float[Tensor, "batch tile dim"], Int64[Tensor, "batch tile"]]:
        """Return the codes nearest to each tile's vector, and their numbers."""
        tokens = nearest(z.detach(), self.codes)
        quantised = self.codes[tokens]
        if self.training:
            self._follow(z.detach().flatten(0, 1), tokens.flatten())
        return quantised, tokens

    @torch.no_grad()
    def _follow(self, rows: Tensor, tokens: Tensor) -> None:
        count = torch.bincount(tokens, minlength=len(self.codes)).to(rows.dtype)
        total = torch.zeros_like(self.sums).index_add_(0, tokens, rows)
        self.use.lerp_(count, 1 - KEPT)
        self.sums.lerp_(total, 1 - KEPT)
        if self.revive:
            dead = torch.where(self.use < DEAD)[0]
            # Taken in even strides, so that no dice are needed.
            at = torch.arange(len(dead)) * (len(rows) // max(1, len(dead)))
            self.sums[dead] = rows[at % len(rows)]
            self.use[dead] = 1.0
        known = self.use > 1e-3
        self.codes[known] = self.sums[known] / self.use[known, None]


class Encoder(nn.Module):
    """A picture to one vector a tile, which sees a pixel beyond its own border."""

    def __init__(self, dim: int, *, width: int) -> None:
        super().__init__()
        high, wide = TILE
        self.first = nn.Conv2d(3, width, (high + 2, wide + 2), stride=TILE, padding=1)
        self.mix = nn.Conv2d(width, width, 1)
        self.out = nn.Linear(width, dim)

    def forward(
        self, x: Float[Tensor, "batch 3 16 16"]
    ) -> Float[Tensor, "batch tile dim"]:
        """Return the vectors, row by row; pictures are in [0, 1]."""
        h = F.silu(self.first(2 * x - 1))
        h = h + F.silu(self.mix(h))
        return self.out(h.flatten(2).mT)


class Decoder(nn.Module):
    """One vector a tile to a picture; a tile sees the vectors of its neighbours."""

    def __init__(self, dim: int, *, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(dim, width, 3, padding=1)
        self.look = nn.Conv2d(width, width, 3, padding=1)
        self.mix = nn.Conv2d(width, width, 1)
        self.last = nn.Linear(width, 3 * math.prod(TILE))

    def forward(
        self, z: Float[Tensor, "batch tile dim"]
    ) -> Float[Tensor, "batch 3 16 16"]:
        """Return pictures, about in [0, 1]: what shows them cuts off the rest."""
        h = F.silu(self.first(z.mT.unflatten(2, grid(TILE))))
        h = h + F.silu(self.look(h))
        h = h + F.silu(self.mix(h))
        return glue(self.last(h.flatten(2).mT), TILE) / 2 + 0.5


class VQVAE(nn.Module):
    """Encoder, codebook, decoder."""

    def __init__(
        self,
        *,
        codes: int = CODES,
        dim: int = DIM,
        width: int = 64,
        revive: bool = True,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = (
            Encoder(dim, width=width),
            Decoder(dim, width=width),
        )
        self.book = Codebook(codes, dim, revive=revive)

    def forward(
        self, x: Float[Tensor, "batch 3 16 16"]
    ) -> tuple[Float[Tensor, "batch 3 16 16"], Float[Tensor, ""]]:
        """Return pictures drawn from codes, and how far the vectors are from those."""
        z = self.encoder(x)
        quantised, _ = self.book(z)
        away = (z - quantised.detach()).square().mean()
        return self.decoder(straight_through(z, quantised)), away

    @torch.no_grad()
    def tokens(self, x: Float[Tensor, "batch 3 16 16"]) -> Int64[Tensor, "batch tile"]:
        """Return the image tokens of pictures, row by row."""
        return torch.cat(
            [nearest(self.encoder(part), self.book.codes) for part in x.split(1000)]
        )

    @torch.no_grad()
    def pictures(
        self, tokens: Int64[Tensor, "batch tile"]
    ) -> Float[Tensor, "batch 3 16 16"]:
        """Return the pictures that image tokens stand for."""
        if tokens.shape[1] != TILES:
            raise ValueError(
                f"a picture has {TILES} image tokens, not {tokens.shape[1]}"
            )
        return self.decoder(self.book.codes[tokens]).clamp(0, 1)


def loss(model: VQVAE, x: Float[Tensor, "batch 3 16 16"]) -> dict[str, Tensor]:
    """Return the squared error of the pictures plus the commitment (equation 3).

    The equation's second term moves the codes; here running means do that.
    """
    drawn, away = model(x)
    error = (drawn - x).square().mean()
    return {"loss": error + COMMITMENT * away, "pictures": error, "away": away}


def train(
    model: VQVAE,
    x: Float[Tensor, "n 3 16 16"],
    *,
    steps: int,
    seed: int,
    size: int = 32,
) -> History:
    """Train an autoencoder on pictures in [0, 1]."""
    ends = ("encoder.first", "encoder.out", "decoder.first", "decoder.last")
    return fit(
        model,
        lambda x: loss(model, x),
        batches(x, size=size, generator=seeded(seed)),
        steps=steps,
        optimizer=KernelMuon.of(model, beside=ends, rate=0.03, other_rate=0.01),
        warmup=min(20, steps // 10),
        label="image tokens",
    )


def used(tokens: Int64[Tensor, "n tile"], codes: int) -> tuple[int, float]:
    """Return how many codes appear, and how many equally common ones that would equal.

    The second is the perplexity: two to the power of the entropy in bits.
    """
    share = torch.bincount(tokens.flatten(), minlength=codes).double()
    share = share[share > 0] / share.sum()
    return len(share), float((-(share * share.log()).sum()).exp())


def huddled(book: Codebook, *, spread: float, at: float) -> None:
    """Give a codebook a poor start: all codes near one point, `at` in every number."""
    book.codes.mul_(spread).add_(at)
    book.sums.copy_(book.codes)


def _tokens(
    *,
    steps: int = 2000,
    codes: int = CODES,
    revive: bool = True,
    poor_start: bool = False,
) -> Recipe:
    def build() -> VQVAE:
        model = VQVAE(codes=codes, revive=revive)
        if poor_start:
            huddled(model.book, spread=0.01, at=2.0)
        return model

    def training(model: VQVAE, *, seed: int, budget: float) -> None:
        drawn = pool(seed=seed, budget=budget)
        train(model, drawn.x, steps=scaled(steps, budget, least=20), seed=seed)

    return Recipe(build, training, ("vqvae 1",))


RECIPES = {"tokens": _tokens}
