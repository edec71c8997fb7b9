"""Four ways from a sentence to a picture, trained alike and asked alike.

Pixels: the painter of `minigen.painter`. Latents: a painter of codes, and a decoder.
Tokens: a Transformer that writes image tokens, and their decoder. Embedding: a prior, a
painter of codes that is told one vector, and the latents' decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from minigen import (
    attributes,
    clip,
    diffusion,
    gpt,
    image_tokens,
    latent,
    painter,
    prior,
    vqvae,
    zoo,
)
from minigen.data import shapes

#: The ways, and what a table calls them.
WAYS = {
    "pixels": "pixels",
    "latents": "latents",
    "tokens": "tokens",
    "embedding": "one vector",
}
#: The models that each way trains, by their names in the zoo.
TRAINED = {
    "pixels": ("painter.words",),
    "latents": ("latent.autoencoder", "latent.painter"),
    "tokens": ("vqvae.tokens", "image_tokens.writer"),
    "embedding": (
        "clip.small",
        "latent.autoencoder",
        "latent.painter",
        "prior.prior",
        "prior.decoder",  # which begins as a copy of the painter
    ),
}


@dataclass(frozen=True)
class Machines:
    """The models of all four ways."""

    pixels: painter.Painter
    packer: latent.Autoencoder
    sculptor: painter.Painter
    tokenizer: vqvae.VQVAE
    writer: gpt.GPT
    known: clip.Clip
    dreamer: prior.Prior
    decoder: painter.Painter

    @classmethod
    def trained(cls, *, seed: int, budget: float) -> "Machines":
        """Return the models of a seed and a budget, from the zoo."""

        def get(name: str) -> Any:
            return zoo.get(name, seed=seed, budget=budget)

        return cls(
            pixels=get("painter.words"),
            packer=get("latent.autoencoder"),
            sculptor=get("latent.painter"),
            tokenizer=get("vqvae.tokens"),
            writer=get("image_tokens.writer"),
            known=get("clip.small"),
            dreamer=get("prior.prior"),
            decoder=get("prior.decoder"),
        )

    def draw(
        self, way: str, captions: Sequence[str], *, generator: torch.Generator
    ) -> Float[Tensor, "n 3 16 16"]:
        """Return a picture in [0, 1] for each caption."""
        words = shapes.encode(captions)
        if way == "pixels":
            return painter.sample(self.pixels, captions, generator=generator)
        if way == "latents":
            codes = latent.draw(self.sculptor, words, generator=generator)
            return self.packer.decode(codes)
        if way == "tokens":
            tokens = image_tokens.draw(self.writer, words, generator=generator)
            return self.tokenizer.pictures(tokens)
        if way == "embedding":
            text = self.known.of_tokens(words).detach()
            vectors = prior.imagine(self.dreamer, text, generator=generator)
            codes = prior.draw(self.decoder, vectors, generator=generator)
            return self.packer.decode(codes)
        raise ValueError(f"a way is one of {', '.join(WAYS)}, not {way!r}")

    def parts(self, way: str) -> list[nn.Module]:
        """Return the networks that a way needs to draw."""
        needed: dict[str, list[nn.Module]] = {
            "pixels": [self.pixels],
            "latents": [self.sculptor, self.packer.decoder],
            "tokens": [self.writer, self.tokenizer.decoder],
            "embedding": [
                self.known.text, self.dreamer, self.decoder, self.packer.decoder
            ],
        }  # fmt: skip
        return needed[way]


def training_seconds(way: str, *, seed: int, budget: float) -> float:
    """Return how long all that a way needs was trained, in seconds of one processor."""
    return sum(zoo.seconds(name, seed=seed, budget=budget) for name in TRAINED[way])


# What all are asked, and how far their pictures are from real ones.


def kinds(count: int, *, generator: torch.Generator) -> dict[str, shapes.Pictures]:
    """Return as many pictures of each kind: a thing, one of a pair never seen, two."""
    kept_back = shapes.HELD_OUT
    return {
        "one thing": shapes.draw(count, generator=generator, without=kept_back),
        "unseen pair": shapes.draw(count, generator=generator, only=kept_back),
        "two things": shapes.draw(
            count, generator=generator, objects=2, without=kept_back
        ),
    }


@torch.no_grad()
def features(
    reader: attributes.Reader, x: Float[Tensor, "n 3 16 16"]
) -> Float[Tensor, "n feature"]:
    """Return what a reader makes of pictures just before it answers."""
    return reader.layers[:-1](diffusion.scaled_pictures(x))
