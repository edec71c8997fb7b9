"""CLIP in miniature: a picture and its caption become neighbours on one sphere.

Two encoders that share nothing but the length of what they give. Trained on pairs with
one rule: in a batch, each picture must find its own caption among all the captions, and
each caption its own picture (2103.00020, figure 3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from minigen.data import shapes
from minigen.data.captions import Description, encode
from minigen.data.shapes import describe
from minigen.kernels import KernelMuon
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.text_encoder import TextEncoder
from minigen.train import History, batches, fit
from minigen.zoo import Recipe


class ImageEncoder(nn.Module):
    """Convolutions down to 4×4 places, then one vector for the whole picture."""

    def __init__(self, dim: int, *, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, width, 3, padding=1),
            nn.GroupNorm(6, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(6, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, stride=2),
            nn.GroupNorm(6, width),
            nn.SiLU(),
            nn.Flatten(),
        )
        self.whole = nn.Linear(16 * width, dim)

    def forward(self, x: Float[Tensor, "batch 3 16 16"]) -> Float[Tensor, "batch dim"]:
        """Return a vector for each picture in [0, 1]."""
        return self.whole(self.layers(2 * x - 1))


class Clip(nn.Module):
    """An encoder of pictures, one of captions, and how sharply they are compared."""

    def __init__(self, dim: int = 64, *, position_scale: float = 1.0) -> None:
        super().__init__()
        self.image = ImageEncoder(dim)
        self.text = TextEncoder(width=dim, layers=2, position_scale=position_scale)
        self.sharpness = nn.Parameter(torch.tensor(math.log(10.0)))

    def of_images(
        self, x: Float[Tensor, "batch 3 16 16"]
    ) -> Float[Tensor, "batch dim"]:
        """Return a vector of length 1 for each picture in [0, 1]."""
        return F.normalize(self.image(x), dim=-1)

    def of_tokens(self, tokens: Int64[Tensor, "batch word"]) -> Float[Tensor, "b dim"]:
        """Return a vector of length 1 for each caption: the mean over its places."""
        return F.normalize(self.text(tokens).mean(1), dim=-1)

    @torch.no_grad()
    def compare(
        self, x: Float[Tensor, "picture 3 16 16"], texts: Sequence[str]
    ) -> Float[Tensor, "picture caption"]:
        """Return the cosine of every picture with every caption."""
        return self.of_images(x) @ self.of_tokens(encode(texts)).T


def contrast(
    images: Float[Tensor, "batch dim"],
    texts: Float[Tensor, "batch dim"],
    sharpness: Float[Tensor, ""],
) -> Float[Tensor, ""]:
    """Return the contrastive loss of pairs: the i-th picture belongs to the i-th text.

    Cross-entropy of the row's own column, and of the column's own row, with the cosines
    times exp(sharpness) as logits (2103.00020, figure 3; 1807.03748).
    """
    logits = sharpness.exp() * images @ texts.T
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def loss(
    model: Clip, x: Float[Tensor, "batch 3 16 16"], tokens: Int64[Tensor, "batch word"]
) -> Float[Tensor, ""]:
    """Return the contrastive loss of a batch of pictures and their captions."""
    return contrast(model.of_images(x), model.of_tokens(tokens), model.sharpness)


# Data: pictures of one thing and of two, with whole captions.


def pairs(
    number: int,
    *,
    generator: torch.Generator,
    **settings: Any,
) -> tuple[Float[Tensor, "n 3 16 16"], tuple[str, ...], tuple[Description, ...]]:
    """Return pictures, half of one thing, half of two, a caption and what is true."""
    drawn = [
        shapes.draw(number // 2, generator=generator, objects=n, **settings)
        for n in (1, 2)
    ]
    return (
        torch.cat([part.x for part in drawn]),
        tuple(caption for part in drawn for caption in part.captions),
        tuple(describe(scene) for part in drawn for scene in part.scenes),
    )


def swapped(caption: str) -> str:
    """Return a caption of two things with their colours exchanged; else the same."""
    words = caption.split()
    places = [i for i, word in enumerate(words) if word in shapes.COLOURS]
    if len(places) == 2:
        one, two = places
        words[one], words[two] = words[two], words[one]
    return " ".join(words)


# Retrieval.


@dataclass(frozen=True)
class Retrieval:
    """How often the first choice was right: `own` the very one, `true` one that fits.

    `ceiling` is what `own` can be at best, as several may fit alike; `chance` is what
    a blind choice has.
    """

    own: float
    true: float
    ceiling: float
    chance: float


def retrieval(
    cosines: Float[Tensor, "asked offered"], same: Float[Tensor, "asked offered"]
) -> Retrieval:
    """Judge the first choice of each row; `same` is 1 where the two fit.

    What is offered in the i-th column is the i-th row's own. Equal cosines share.
    """
    best = (cosines >= cosines.max(1, keepdim=True).values - 1e-6).float()
    choice = best / best.sum(1, keepdim=True)
    return Retrieval(
        own=choice.diagonal().mean().item(),
        true=(choice * same).sum(1).mean().item(),
        ceiling=(1 / same.sum(1)).mean().item(),
        chance=1 / cosines.shape[1],
    )


def fitting(said: Sequence[Description]) -> Float[Tensor, "n n"]:
    """Return 1 where two descriptions are the same, so that a caption fits both."""
    numbers = {d: i for i, d in enumerate(dict.fromkeys(said))}
    kinds = torch.tensor([numbers[d] for d in said])
    return (kinds[:, None] == kinds).float()


@torch.no_grad()
def knows_order(
    model: Clip, x: Float[Tensor, "n 3 16 16"], texts: Sequence[str]
) -> float:
    """Return how often a picture is nearer to its caption than to the swapped one."""
    images = model.of_images(x)
    true, wrong = (
        (images * model.of_tokens(encode(said))).sum(1)
        for said in (texts, [swapped(text) for text in texts])
    )
    return (true > wrong).float().mean().item()


# Training.


def train(
    model: Clip,
    *,
    steps: int,
    seed: int,
    size: int = 128,
    pool: int = 20_000,
    **settings: Any,
) -> History:
    """Train on pictures without held-out pairs of colour and shape."""
    generator = seeded(seed)
    x, texts, _ = pairs(pool, generator=generator, without=shapes.HELD_OUT)
    return fit(
        model,
        lambda x, tokens: loss(model, x, tokens),
        batches(x, encode(texts), size=size, generator=generator),
        steps=steps,
        optimizer=KernelMuon.of(model, beside=("image.layers.1",)),
        warmup=min(20, steps // 10),
        label="CLIP",
        **settings,
    )


def _small(*, steps: int = 450, position_scale: float = 1.0) -> Recipe:
    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        assert isinstance(model, Clip)
        pool = scaled(20_000, min(1.0, budget), least=400)
        train(model, steps=scaled(steps, budget), seed=seed, pool=pool)

    return Recipe(
        build=lambda: Clip(position_scale=position_scale),
        train=training,
        data=("shapes 1",),
    )


RECIPES = {"small": _small}
