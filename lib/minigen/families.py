"""The families of the book side by side: samples and bits of any, by one call each.

All draw the same kind of picture, on the grey levels of the dataset, and are asked for
the same labels where they can be asked. A memoriser is among them, to be caught.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from minigen import density, diffusion, gan, vae, zoo
from minigen.data import ImageSet

#: What pages call it -> its name in the zoo.
FAMILIES: Mapping[str, str] = {
    "histograms": "density.histograms",
    "one Gaussian": "density.gaussian",
    "mixture": "density.mixture",
    "copula": "density.copula",
    "VAE": "vae.vae",
    "GAN": "gan.conditional",
    "diffusion": "diffusion.unet",
}
MEMORISER = "memoriser"
_MODULES: Mapping[str, Any] = {
    "density": density, "vae": vae, "gan": gan, "diffusion": diffusion,
}  # fmt: skip


def trained(
    *, dataset: str = "digits", seed: int = 0, budget: float = 1.0
) -> dict[str, nn.Module]:
    """Return a trained model of each family, from the zoo."""
    return {
        name: zoo.get(key, dataset=dataset, seed=seed, budget=budget)
        for name, key in FAMILIES.items()
    }


def recipe(name: str, *, dataset: str = "digits") -> zoo.Recipe:
    """Return how the zoo builds and trains the model of a family."""
    family, _, kind = FAMILIES[name].partition(".")
    recipes: Mapping[str, Callable[..., zoo.Recipe]] = _MODULES[family].RECIPES
    return recipes[kind](dataset=dataset)


def takes_labels(model: nn.Module) -> bool:
    """Tell whether a model can be asked for a class."""
    return not isinstance(model, vae.VAE)


def draw(
    model: nn.Module,
    labels: Int64[Tensor, " n"],
    *,
    levels: int,
    generator: Generator,
    steps: int = 50,
) -> Float[Tensor, "n channel height width"]:
    """Return a picture for each label; a VAE draws as many, of whatever class.

    Parameters
    ----------
    levels: the grey levels of the dataset, which the samples get as well.
    steps: of the diffusion model's sampler.
    """
    if isinstance(model, vae.VAE):
        return vae.sample(model, len(labels), generator=generator)
    if isinstance(model, density.Density):
        made = model.sample(labels, generator=generator)
        return density.quantise(made, levels)
    if isinstance(model, gan.Generator):
        return on_levels(model.sample(labels, generator=generator), levels)
    if isinstance(model, diffusion.UNet):
        made = diffusion.sample(model, labels, generator=generator, steps=steps)
        return on_levels(made, levels)
    raise TypeError(
        f"there is no way to draw from a {type(model).__name__}: give a model of "
        f"{', '.join(FAMILIES.values())}"
    )


def on_levels(made: Tensor, levels: int) -> Tensor:
    """Return pictures with the grey levels that real ones have."""
    return (made * (levels - 1)).round() / (levels - 1)


def copied(
    images: ImageSet, labels: Int64[Tensor, " n"], *, generator: Generator
) -> Float[Tensor, "n channel height width"]:
    """Return training pictures with these labels: what a memoriser hands out.

    None comes twice while there are others of its class.
    """
    result = torch.empty(len(labels), *images.train_x.shape[1:])
    for label in labels.unique():
        own = images.train_x[images.train_y == label]
        wanted = labels == label
        count = int(wanted.sum())
        orders = [
            torch.randperm(len(own), generator=generator)
            for _ in range(-(-count // len(own)))
        ]
        result[wanted] = own[torch.cat(orders)[:count]]
    return result


def bits(
    model: nn.Module,
    images: ImageSet,
    *,
    generator: Generator,
    samples: int = 128,
) -> Float[Tensor, " test"] | None:
    """Return the bits a pixel of each unseen picture, or None if no model says any.

    Without its label. An upper bound for all: by noise on the levels for densities, by
    importance sampling with so many codes for a VAE.
    """
    x = images.test_x
    if isinstance(model, density.Density):
        return density.bits_per_dim(model, x, levels=images.levels, generator=generator)
    if isinstance(model, vae.VAE):
        bound = vae.iwae_bound(model, x, samples=samples, generator=generator)
        return vae.bits_per_dim(bound, x)
    return None


def diluted(
    bits: Float[Tensor, " n"], share: float, *, pixels: int, levels: int
) -> Float[Tensor, " n"]:
    """Return the bits of share · p + (1 − share) · uniform noise (1511.01844, 3.2)."""
    _check_share(share)
    mine = -bits.double() * pixels * math.log(2) + math.log(share)
    noise = torch.full_like(mine, -pixels * math.log(levels) + math.log1p(-share))
    return -torch.logaddexp(mine, noise) / (pixels * math.log(2))


def memoriser_bits(
    images: ImageSet, x: Float[Tensor, "n channel height width"], *, noise: float
) -> Float[Tensor, " n"]:
    """Return the bits a pixel of (1 − noise) · training pictures + noise · uniform."""
    _check_share(noise)
    pixels = x[0].numel()
    same = torch.cdist(x.flatten(1), images.train_x.flatten(1)) < 1e-4
    known = same.double().mean(1).log() + math.log1p(-noise)
    anything = torch.full_like(
        known, math.log(noise) - pixels * math.log(images.levels)
    )
    return -torch.logaddexp(known, anything) / (pixels * math.log(2))


def numbers(model: nn.Module) -> int:
    """Return how many numbers a model keeps, learned or counted."""
    return sum(values.numel() for values in model.state_dict().values())


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
