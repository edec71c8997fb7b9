"""Latent diffusion: noise is taken out of short codes, and a decoder draws the pixels.

Stable Diffusion in miniature (2112.10752). An autoencoder writes a picture as a grid of
4 × 4 vectors; the painter of `minigen.painter`, made for a picture of that size with so
many channels, learns to denoise those; pixels appear only once, at the end. A painter
can be told one vector in the place of words: all that a picture's embedding has to say
(`of_vectors`, for `minigen.prior`).
"""

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from minigen import diffusion, zoo
from minigen.kernels import KernelMuon
from minigen.layers import GROUP
from minigen.painter import Painter, Sizes
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.tiles import pool
from minigen.train import History, batches, fit
from minigen.zoo import Recipe

#: Places a side of the grid, numbers at each, and the weight of the term that keeps
#: these near a bell curve.
SIDE, DIM, KL = 4, 16, 1e-4
#: The painter of codes: one level, for the grid is as coarse as a painter of pixels
#: ever becomes.
SIZES = Sizes(shape=(DIM, SIDE, SIDE), widths=(64,))
#: Vectors that an embedding is unfolded into, for a painter to look at.
PARTS = 4
#: Where the middle of the depths of noise lies: at 1 / (1 + exp(-0.8)) = 0.69.
DEPTH = 0.8


# The autoencoder.


class Residual(nn.Module):
    """x + f(x): two convolutions, the second of which begins at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(width // GROUP, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        """Return what came in, changed a little."""
        return x + self.second(F.silu(self.first(F.silu(self.norm(x)))))


class Autoencoder(nn.Module):
    """A picture to a grid of vectors about the size of unit noise, and back.

    Going down, each vector sees beyond the border of its own tile of 4 × 4 pixels; so
    does each pixel of the decoder beyond the nearest vector.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, *, dim: int = DIM, fine: int = 32, coarse: int = 64) -> None:
        super().__init__()
        self.dim = dim
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),  # [n, 12, 8, 8]
            nn.Conv2d(12, fine, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(fine, coarse, 4, stride=2, padding=1),  # [n, coarse, 4, 4]
            Residual(coarse),
            nn.Conv2d(coarse, 2 * dim, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(dim, coarse, 3, padding=1),
            Residual(coarse),
            nn.Conv2d(coarse, 4 * fine, 1),
            nn.PixelShuffle(2),  # [n, fine, 8, 8]
            Residual(fine),
            nn.GroupNorm(fine // GROUP, fine),
            nn.SiLU(),
            nn.Conv2d(fine, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )
        self.register_buffer("centre", torch.zeros(dim, 1, 1))
        self.register_buffer("scale", torch.ones(dim, 1, 1))

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the log variance of the codes of pictures in [0, 1]."""
        mean, log_variance = self.encoder(diffusion.scaled_pictures(x)).chunk(2, dim=1)
        return mean, log_variance.clamp(-12, 4)

    @torch.no_grad()
    def encode(self, x: Float[Tensor, "n 3 16 16"]) -> Float[Tensor, "n dim 4 4"]:
        """Return codes of pictures; over many, each channel has mean 0, variance 1."""
        means = torch.cat([self.split(part)[0] for part in x.split(1000)])
        return (means - self.centre) / self.scale

    @torch.no_grad()
    def decode(self, z: Float[Tensor, "n dim 4 4"]) -> Float[Tensor, "n 3 16 16"]:
        """Return the pictures of codes."""
        return torch.cat([self.seen(part) for part in z.split(1000)])

    def seen(self, z: Float[Tensor, "n dim 4 4"]) -> Float[Tensor, "n 3 16 16"]:
        """Return the pictures of a few codes, in the form that goes into a page."""
        return diffusion.pictures(self.decoder(z * self.scale + self.centre))


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
    drawn = model.decoder(mean + (log_variance / 2).exp() * noise) / 2 + 0.5
    error = (drawn - x).square().mean()
    away = (mean.square() + log_variance.exp() - 1 - log_variance).mean() / 2
    return {"loss": error + kl * away, "pictures": error, "away": away}


def train_autoencoder(
    model: Autoencoder,
    x: Float[Tensor, "n 3 16 16"],
    *,
    steps: int,
    seed: int,
    size: int = 32,
) -> History:
    """Train an autoencoder on pictures, and note where its codes lie."""
    generator = seeded(seed)
    history = fit(
        model,
        lambda x: autoencoder_loss(model, x, generator=generator),
        batches(x, size=size, generator=generator),
        steps=steps,
        optimizer=KernelMuon.of(model, rate=0.02, other_rate=0.005),
        warmup=min(20, steps // 10),
        label="autoencoder",
    )
    model.centre.zero_()
    model.scale.fill_(1.0)
    codes = model.encode(x)
    model.centre.copy_(codes.mean((0, 2, 3)).view(-1, 1, 1))
    model.scale.copy_(codes.std((0, 2, 3)).view(-1, 1, 1))
    return history


# The painter of codes, told words or one vector.


def schedule() -> Float[Tensor, " step"]:
    """Return how much noise a code has at each step.

    Codes need even deeper noise than pixels: in those that are nearly clean, words have
    nothing left to say, and the decoder forgives what noise remains.
    """
    return diffusion.leaning(DEPTH)


class Unfold(nn.Module):
    """One vector as a few that a painter can look at, in the place of words."""

    def __init__(self, vector: int, text: int) -> None:
        super().__init__()
        self.parts = nn.Linear(vector, PARTS * text)

    def forward(
        self, y: Float[Tensor, "batch vector"]
    ) -> Float[Tensor, "batch part text"]:
        """Return the parts of each vector."""
        return self.parts(y).unflatten(1, (PARTS, -1))


def of_vectors(vector: int, sizes: Sizes = SIZES) -> Painter:
    """Return a painter that is told one vector; zeros stand for no vector.

    2204.06125, section 2.1, adds its embedding as four tokens in the same way.
    """
    model = Painter(replace(sizes, layers=0))
    model.add_module("reads", Unfold(vector, sizes.text))
    model.null = torch.zeros(())
    return model


def draw(
    model: Painter,
    y: Tensor,
    *,
    generator: torch.Generator,
    steps: int = 20,
    guidance: float = 2.0,
    watch: diffusion.Watch | None = None,
) -> Float[Tensor, "n dim 4 4"]:
    """Return new codes for captions (or vectors), by DDIM."""
    alpha_bar = schedule()
    start = torch.randn(len(y), *model.sizes.shape, generator=generator)
    denoise = diffusion.denoiser(model, y, alpha_bar, guidance=guidance, limit=math.inf)
    return diffusion.ddim(denoise, start, alpha_bar, steps=steps, watch=watch)


class Told(nn.Module):
    """What a text encoder makes of a few captions, by their numbers."""

    told: Tensor

    def __init__(self, told: Float[Tensor, "caption word text"]) -> None:
        super().__init__()
        self.register_buffer("told", told)

    def forward(self, y: Int64[Tensor, "batch 1"]) -> Float[Tensor, "batch word text"]:
        """Return the words' vectors of each caption."""
        return self.told[y[:, 0]]


class Step(nn.Module):
    """One step of DDIM for one of several captions, for a page that runs it by itself.

    It shows the decoded walk on the left and the decoded expectation on the right. The
    captions are read beforehand; the last of what was read stands for no caption.
    """

    def __init__(self, model: Painter, known: Autoencoder, words: Tensor) -> None:
        super().__init__()
        self.model, self.known = copy.deepcopy(model), known
        with torch.no_grad():
            read = model.reads(torch.cat([words, diffusion.nothing(model, words[:1])]))
        self.model.add_module("reads", Told(read))
        self.blank = len(words)

    def forward(
        self,
        x: Float[Tensor, "1 dim 4 4"],
        label: Tensor,
        guidance: Float[Tensor, "1 1"],
        t: Float[Tensor, "1 1"],
        now: Float[Tensor, "1 1"],
        then: Float[Tensor, "1 1"],
    ) -> tuple[Tensor, Tensor]:
        """Return xs and what to show; `now` and `then` are ᾱt and ᾱs."""
        both = torch.cat([label, torch.full_like(label, self.blank)])[:, None]
        v = self.model(torch.cat([x, x]), torch.cat([t, t])[:, 0], both)
        v = v[1:] + guidance * (v[:1] - v[1:])
        x0 = now.sqrt() * x - (1 - now).sqrt() * v
        eps = (1 - now).sqrt() * x + now.sqrt() * v
        after = then.sqrt() * x0 + (1 - then).sqrt() * eps
        seen = self.known.seen(torch.cat([x, x0]))
        gap = torch.ones_like(seen[:1, :, :, :1])
        return after, torch.cat([seen[:1], gap, seen[1:]], dim=3)


def learn(
    model: nn.Module,
    source: Iterable[tuple[Tensor, Tensor]],
    *,
    steps: int,
    generator: torch.Generator,
    rate: float = 0.02,
    other_rate: float = 0.004,
    average: float = 0.997,
    alpha_bar: Float[Tensor, " step"] | None = None,
    label: str = "latent diffusion",
) -> History:
    """Train a denoiser on batches (codes, condition) with Muon; keep the average."""
    alpha_bar = schedule() if alpha_bar is None else alpha_bar
    history = fit(
        model,
        lambda x0, y: diffusion.loss(
            model, x0, y, alpha_bar=alpha_bar, generator=generator
        ),
        source,
        steps=steps,
        optimizer=KernelMuon.of(
            model, beside=("first", "last", "time"), rate=rate, other_rate=other_rate
        ),
        warmup=min(50, steps // 10),
        average=average,
        label=label,
    )
    model.load_state_dict(history.average.state_dict())
    return history


# Recipes.


def _autoencoder(*, dim: int = DIM, steps: int = 800) -> Recipe:
    def training(model: Autoencoder, *, seed: int, budget: float) -> None:
        x = pool(seed=seed, budget=budget).x
        train_autoencoder(model, x, steps=scaled(steps, budget, least=20), seed=seed)

    return Recipe(lambda: Autoencoder(dim=dim), training, ("latent 2",))


def _painter(*, steps: int = 1500, size: int = 64) -> Recipe:
    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        drawn = pool(seed=seed, budget=budget)
        codes = autoencoder(seed=seed, budget=budget).encode(drawn.x)
        generator = seeded(seed)
        source = (
            (codes[rows], words)
            for rows, words in drawn.batches(size=size, generator=generator)
        )
        learn(
            model,
            source,
            steps=scaled(steps, budget, least=20),
            generator=generator,
            average=0.995,
        )

    return Recipe(lambda: Painter(SIZES), training, ("latent 2",))


def autoencoder(*, seed: int, budget: float) -> Autoencoder:
    """Return the autoencoder whose codes both painters of codes work with."""
    model = zoo.get("latent.autoencoder", seed=seed, budget=budget)
    assert isinstance(model, Autoencoder)
    return model


RECIPES: dict[str, Callable[..., Recipe]] = {
    "autoencoder": _autoencoder,
    "painter": _painter,
}
