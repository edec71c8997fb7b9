"""From a caption to one vector, and from one vector to a picture.

DALL·E 2 in miniature (2204.06125). A *prior* turns the embedding of a caption into an
embedding that a picture with this caption might have; a *decoder* draws a picture of
that embedding. Both are diffusion models, and all that passes from the words to the
picture is one vector. (Here the decoder works on the codes of `minigen.latent`, so that
it differs from the painter there in what it is told, and in nothing else.)
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from minigen import clip, diffusion, latent, zoo
from minigen.layers import sinusoidal
from minigen.norm import RMSNorm
from minigen.painter import Painter
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.tiles import Examples, pool
from minigen.train import History, batches
from minigen.zoo import Recipe

#: Length of the embeddings of `clip.small`.
VECTOR = 64


@dataclass(frozen=True)
class Sizes:
    """What fixes a prior's parameters: of the embeddings, and its own."""

    vector: int
    width: int = 128
    layers: int = 3


class PriorBlock(nn.Module):
    """x + f(x): a small network; the noise's depth turns its parts up or down."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.up = nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)
        self.told = nn.Linear(width, 2 * width, bias=False)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.told.weight)

    def forward(
        self, x: Float[Tensor, "batch width"], depth: Float[Tensor, "batch width"]
    ) -> Float[Tensor, "batch width"]:
        """Return vectors of the same size."""
        turn, shift = self.told(depth).chunk(2, dim=1)
        return x + self.down(F.silu(self.up(self.norm(x) * (1 + turn) + shift)))


class Prior(nn.Module):
    """v of a noisy picture embedding, told the caption's embedding.

    Embeddings are kept centred and about the size of unit noise: see `fitted`. Zeros
    stand for no caption.
    """

    null = 0
    centre: Tensor
    size: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes, width = sizes, sizes.width
        self.first = nn.Linear(2 * sizes.vector, width)
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU())
        self.blocks = nn.ModuleList(PriorBlock(width) for _ in range(sizes.layers))
        self.norm = RMSNorm(width)
        self.last = nn.Linear(width, sizes.vector)
        nn.init.zeros_(self.last.weight)
        self.register_buffer("centre", torch.zeros(2, sizes.vector))
        self.register_buffer("size", torch.ones(2))

    def fitted(self, text: Tensor, image: Tensor) -> None:
        """Note the mean and the spread of both kinds of embeddings."""
        self.centre.copy_(torch.stack([text.mean(0), image.mean(0)]))
        self.size.copy_(torch.stack([text.std(0).mean(), image.std(0).mean()]))

    def told(self, text: Float[Tensor, "n vector"]) -> Float[Tensor, "n vector"]:
        """Return captions' embeddings as the network is told them."""
        return (text - self.centre[0]) / self.size[0]

    def hidden(self, image: Float[Tensor, "n vector"]) -> Float[Tensor, "n vector"]:
        """Return pictures' embeddings as the network denoises them."""
        return (image - self.centre[1]) / self.size[1]

    def forward(
        self,
        xt: Float[Tensor, "batch vector"],
        t: Float[Tensor, " batch"],
        y: Float[Tensor, "batch vector"],
    ) -> Float[Tensor, "batch vector"]:
        """Return v; t is the step, from 0 to 1,000."""
        x = self.first(torch.cat([xt, y], dim=1))
        depth = self.time(sinusoidal(t, 64))
        for block in self.blocks:
            x = block(x, depth)
        return self.last(self.norm(x))


def imagine(
    model: Prior,
    text: Float[Tensor, "n vector"],
    *,
    generator: torch.Generator,
    steps: int = 20,
    guidance: float = 2.0,
) -> Float[Tensor, "n vector"]:
    """Return an embedding that a picture of each caption might have, by DDIM."""
    alpha_bar = diffusion.cosine()
    start = torch.randn(text.shape, generator=generator)
    denoise = diffusion.denoiser(
        model, model.told(text), alpha_bar, guidance=guidance, limit=math.inf
    )
    found = diffusion.ddim(denoise, start, alpha_bar, steps=steps)
    return F.normalize(found * model.size[1] + model.centre[1], dim=-1)


def draw(
    decoder: Painter,
    image: Float[Tensor, "n vector"],
    *,
    generator: torch.Generator,
    **settings: Any,
) -> Float[Tensor, "n dim 4 4"]:
    """Return codes of pictures that have these embeddings, of length 1 each.

    The settings go to `latent.draw`.
    """
    return latent.draw(decoder, spread(image), generator=generator, **settings)


def spread(image: Float[Tensor, "n vector"]) -> Float[Tensor, "n vector"]:
    """Return vectors of length 1 as a decoder is told them: numbers about one."""
    return image * image.shape[1] ** 0.5


def pairs(
    text: Float[Tensor, "n 2 vector"],
    image: Float[Tensor, "n vector"],
    *,
    size: int,
    generator: torch.Generator,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches of pictures' embeddings, each with that of one of its captions."""
    while True:
        rows = torch.randint(len(image), (size,), generator=generator)
        side = torch.randint(2, (size,), generator=generator)
        yield image[rows], text[rows, side]


@torch.no_grad()
def embedded(
    model: clip.Clip, drawn: Examples
) -> tuple[Float[Tensor, "n 2 vector"], Float[Tensor, "n vector"]]:
    """Return the embeddings of pictures' captions, and those of the pictures."""
    words = drawn.words.flatten(0, 1)
    text = torch.cat([model.of_tokens(part) for part in words.split(1000)])
    image = torch.cat([model.of_images(part) for part in drawn.x.split(1000)])
    return text.unflatten(0, (-1, 2)), image


def learn(
    model: Prior,
    source: Iterator[tuple[Tensor, Tensor]],
    *,
    steps: int,
    generator: torch.Generator,
) -> History:
    """Train a prior on batches (picture's embedding, caption's)."""
    return latent.learn(
        model,
        source,
        steps=steps,
        generator=generator,
        alpha_bar=diffusion.cosine(),
        rate=0.025,
        other_rate=0.015,
        average=0.98,
        label="prior",
    )


# Recipes.


def _prior(*, steps: int = 1500, size: int = 128) -> Recipe:
    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        assert isinstance(model, Prior)
        drawn = pool(seed=seed, budget=budget)
        text, image = embedded(known(seed=seed, budget=budget), drawn)
        model.fitted(text.flatten(0, 1), image)
        generator = seeded(seed)
        source = (
            (model.hidden(i), model.told(t))
            for i, t in pairs(text, image, size=size, generator=generator)
        )
        learn(
            model,
            source,
            steps=scaled(steps, budget, least=20),
            generator=generator,
        )

    return Recipe(lambda: Prior(Sizes(VECTOR)), training, ("prior 2",))


def _decoder(*, steps: int = 1000, size: int = 32) -> Recipe:
    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        drawn = pool(seed=seed, budget=budget)
        _, image = embedded(known(seed=seed, budget=budget), drawn)
        painter = zoo.get("latent.painter", seed=seed, budget=budget)
        known_to_both = {
            name: weights
            for name, weights in painter.state_dict().items()
            if not name.startswith(("reads.", "null"))
        }
        model.load_state_dict(known_to_both, strict=False)
        codes = latent.autoencoder(seed=seed, budget=budget).encode(drawn.x)
        generator = seeded(seed)
        latent.learn(
            model,
            batches(codes, spread(image), size=size, generator=generator),
            steps=scaled(steps, budget, least=20),
            generator=generator,
            label="decoder of embeddings",
        )

    return Recipe(lambda: latent.of_vectors(VECTOR), training, ("prior 2",))


def known(*, seed: int, budget: float) -> clip.Clip:
    """Return the CLIP whose embeddings both models work with."""
    model = zoo.get("clip.small", seed=seed, budget=budget)
    assert isinstance(model, clip.Clip)
    return model


RECIPES: dict[str, Callable[..., Recipe]] = {"prior": _prior, "decoder": _decoder}
