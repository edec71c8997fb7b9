"""Latent diffusion: noise is taken out of short codes, and a decoder draws the pixels.

Stable Diffusion in miniature (2112.10752). An autoencoder writes a picture as 4 × 4
vectors of a few numbers; a Transformer, told the caption's words, learns to denoise
those; pixels appear only once, at the end. The denoiser is told either a sequence of
words or one vector: all that a picture's embedding has to say (see `minigen.prior`).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from minigen import diffusion, tiles, zoo
from minigen.data.captions import MAX_WORDS, VOCABULARY
from minigen.layers import sinusoidal
from minigen.muon import Muon
from minigen.norm import RMSNorm
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.tiles import POOL, Block, Decoder, Encoder, examples, grid
from minigen.train import History, fit
from minigen.zoo import Recipe

#: Height and width of a tile in pixels, and tiles of a picture.
TILE = (4, 4)
TILES = math.prod(grid(TILE))
#: Numbers a tile, and the weight of the term that keeps them near a bell curve.
DIM, KL = 8, 3e-4


# The autoencoder.


class Autoencoder(nn.Module):
    """A picture to 4 × 4 vectors about the size of unit noise, and back."""

    scale: Tensor

    def __init__(self, *, dim: int = DIM, width: int = 64) -> None:
        super().__init__()
        self.dim = dim
        self.encoder = Encoder(2 * dim, tile=TILE, width=width)
        self.decoder = Decoder(dim, tile=TILE, width=width)
        self.register_buffer("scale", torch.ones(()))

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the log variance of the codes of pictures in [0, 1]."""
        mean, log_variance = self.encoder(x).chunk(2, dim=2)
        return mean, log_variance.clamp(-12, 4)

    @torch.no_grad()
    def encode(self, x: Float[Tensor, "n 3 16 16"]) -> Float[Tensor, "n tile dim"]:
        """Return the codes of pictures, with a variance of one over all."""
        means = [self.split(part)[0] for part in x.split(1000)]
        return torch.cat(means) / self.scale

    @torch.no_grad()
    def decode(self, z: Float[Tensor, "n tile dim"]) -> Float[Tensor, "n 3 16 16"]:
        """Return the pictures of codes."""
        drawn = [self.decoder(part * self.scale) for part in z.split(1000)]
        return torch.cat(drawn).clamp(0, 1)


def autoencoder_loss(
    model: Autoencoder,
    x: Float[Tensor, "batch 3 16 16"],
    *,
    generator: torch.Generator,
    kl: float = KL,
) -> dict[str, Tensor]:
    """Return the squared error plus a little of the divergence from N(0, 1) a number.

    The ELBO of 1312.6114 with a small weight, as in 2112.10752, appendix G.
    """
    mean, log_variance = model.split(x)
    noise = torch.randn(mean.shape, generator=generator)
    drawn = model.decoder(mean + (log_variance / 2).exp() * noise)
    error = (drawn - x).square().mean()
    away = (mean.square() + log_variance.exp() - 1 - log_variance).mean() / 2
    return {"loss": error + kl * away, "pictures": error, "away": away}


def train_autoencoder(
    model: Autoencoder, x: Float[Tensor, "n 3 16 16"], *, steps: int, seed: int
) -> History:
    """Train an autoencoder on pictures, and note how large its codes come out."""
    generator = seeded(seed)
    history = tiles.learn(
        model,
        lambda x: autoencoder_loss(model, x, generator=generator),
        x,
        steps=steps,
        generator=generator,
        label="autoencoder",
    )
    model.scale.fill_(1.0)
    model.scale.fill_(float(model.encode(x[:2000]).std()))
    return history


# The denoiser: a Transformer over the condition and sixteen tiles.


@dataclass(frozen=True)
class Sizes:
    """What fixes a denoiser's parameters."""

    dim: int = DIM
    width: int = 80
    layers: int = 4
    heads: int = 4
    #: Length of the vector that it is told, or None where it is told words.
    vector: int | None = None


class Denoiser(nn.Module):
    """v of noisy codes, told the noise's depth and a caption or a vector.

    Zeros stand for no condition: a caption of padding, or a vector of zeros.
    """

    null = 0

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes, width = sizes, sizes.width
        if sizes.vector is None:
            self.told: nn.Module = nn.Embedding(len(VOCABULARY), width)
            self.order = nn.Parameter(torch.randn(MAX_WORDS, width))
        else:
            self.told = nn.Linear(sizes.vector, width)
            self.order = nn.Parameter(torch.zeros(1, width))
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU())
        self.first = nn.Linear(sizes.dim, width)
        self.place = nn.Parameter(torch.randn(TILES, width))
        self.blocks = nn.ModuleList(
            Block(width, heads=sizes.heads, conditioned=True)
            for _ in range(sizes.layers)
        )
        self.norm = RMSNorm(width)
        self.last = nn.Linear(width, sizes.dim)
        nn.init.zeros_(self.last.weight)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of what it denoises."""
        return TILES, self.sizes.dim

    def forward(
        self,
        xt: Float[Tensor, "batch tile dim"],
        t: Float[Tensor, " batch"],
        y: Tensor,
    ) -> Float[Tensor, "batch tile dim"]:
        """Return v; t is the step, from 0 to 1,000."""
        told = self.told(y)
        told = told if told.ndim == 3 else told[:, None]
        x = torch.cat([told + self.order, self.first(xt) + self.place], dim=1)
        depth = self.time(sinusoidal(t, 64))
        for block in self.blocks:
            x = block(x, depth)
        return self.last(self.norm(x[:, -TILES:]))


# Sampling.


def draw(
    model: Denoiser,
    y: Tensor,
    *,
    generator: torch.Generator,
    steps: int = 12,
    guidance: float = 1.5,
    watch: diffusion.Watch | None = None,
) -> Float[Tensor, "n tile dim"]:
    """Return new codes for captions (or vectors), by DDIM."""
    alpha_bar = diffusion.cosine()
    start = torch.randn(len(y), *model.shape, generator=generator)
    denoise = diffusion.denoiser(model, y, alpha_bar, guidance=guidance, limit=math.inf)
    return diffusion.ddim(denoise, start, alpha_bar, steps=steps, watch=watch)


class Step(nn.Module):
    """One step of DDIM for one of several captions, for a page that runs it by itself.

    It shows the decoded walk on the left and the decoded expectation on the right.
    """

    words: Tensor

    def __init__(self, model: Denoiser, known: Autoencoder, words: Tensor) -> None:
        super().__init__()
        self.model, self.decoder = model, known.decoder
        self.scale = float(known.scale)
        self.register_buffer("words", words)

    def forward(
        self,
        x: Float[Tensor, "1 tile dim"],
        label: Tensor,
        guidance: Float[Tensor, "1 1"],
        t: Float[Tensor, "1 1"],
        now: Float[Tensor, "1 1"],
        then: Float[Tensor, "1 1"],
    ) -> tuple[Tensor, Tensor]:
        """Return xs and what to show; `now` and `then` are ᾱt and ᾱs."""
        y = self.words[label]
        both = torch.cat([y, torch.zeros_like(y)])
        v = self.model(torch.cat([x, x]), torch.cat([t, t])[:, 0], both)
        v = v[1:] + guidance * (v[:1] - v[1:])
        x0 = now.sqrt() * x - (1 - now).sqrt() * v
        eps = (1 - now).sqrt() * x + now.sqrt() * v
        after = then.sqrt() * x0 + (1 - then).sqrt() * eps
        seen = self.decoder(torch.cat([x, x0]) * self.scale).clamp(0, 1)
        gap = torch.ones_like(seen[:1, :, :, :1])
        return after, torch.cat([seen[:1], gap, seen[1:]], dim=3)


def learn(
    model: nn.Module,
    source: Iterable[tuple[Tensor, Tensor]],
    *,
    steps: int,
    generator: torch.Generator,
    rate: float = 0.025,
    other_rate: float = 0.015,
    average: float = 0.98,
    label: str = "latent diffusion",
) -> History:
    """Train a denoiser on batches (codes, condition) with Muon; keep the average."""
    alpha_bar = diffusion.cosine()
    history = fit(
        model,
        lambda x0, y: diffusion.loss(
            model, x0, y, alpha_bar=alpha_bar, generator=generator
        ),
        source,
        steps=steps,
        optimizer=Muon.of(model, rate=rate, other_rate=other_rate),
        warmup=min(20, steps // 10),
        average=average,
        label=label,
    )
    model.load_state_dict(history.average.state_dict())
    return history


# Recipes.


def _pool(pool: int, *, seed: int, budget: float) -> tiles.Examples:
    return examples(scaled(pool, min(1.0, budget), least=200), generator=seeded(seed))


def _autoencoder(*, dim: int = DIM, steps: int = 400, pool: int = POOL) -> Recipe:
    def training(model: Autoencoder, *, seed: int, budget: float) -> None:
        drawn = _pool(pool, seed=seed, budget=budget)
        train_autoencoder(
            model, drawn.x, steps=scaled(steps, budget, least=20), seed=seed
        )

    return Recipe(lambda: Autoencoder(dim=dim), training, ("latent 1",))


def _painter(*, steps: int = 1800, size: int = 32, pool: int = POOL) -> Recipe:
    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        drawn = _pool(pool, seed=seed, budget=budget)
        known = zoo.get("latent.autoencoder", seed=seed, budget=budget)
        assert isinstance(known, Autoencoder)
        codes = known.encode(drawn.x)
        generator = seeded(seed)
        source = (
            (codes[rows], words)
            for rows, words in drawn.batches(size=size, generator=generator)
        )
        steps_now = scaled(steps, budget, least=20)
        learn(model, source, steps=steps_now, generator=generator)

    return Recipe(lambda: Denoiser(Sizes()), training, ("latent 1",))


RECIPES: dict[str, Callable[..., Recipe]] = {
    "autoencoder": _autoencoder,
    "painter": _painter,
}
