"""Predictive models of pictures, p(y | x): a small classifier, and how to climb it."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from minigen import data
from minigen.repro import generator, scaled
from minigen.train import batches, fit
from minigen.zoo import Recipe


def classifier(
    shape: tuple[int, ...], *, classes: int, hidden: int = 128
) -> nn.Sequential:
    """Return a network with one hidden layer: pictures in, a score for each class out.

    The scores are logits: their softmax is p(y | x).
    """
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), hidden),
        nn.ReLU(),
        nn.Linear(hidden, classes),
    )


@torch.no_grad()
def posterior(
    model: nn.Module, x: Float[Tensor, "n channel height width"]
) -> Float[Tensor, "n classes"]:
    """Return p(y | x) as the model sees it."""
    return model(x).softmax(1)


def climb(
    model: nn.Module,
    label: Int64[Tensor, " n"],
    start: Float[Tensor, "n channel height width"],
    *,
    enough: float = 1.0,
    steps: int = 1000,
    rate: float = 0.05,
) -> Float[Tensor, "n channel height width"]:
    """Change pictures until the model is sure enough of a label; they stay in [0, 1].

    Gradient ascent on log p(y | x) over the pixels (1312.6034), by steps whose largest
    pixel moves by `rate`. A picture rests once p(y | x) is above `enough`.
    """
    x = start.clone()
    for _ in range(steps):
        x.requires_grad_(True)
        log_p = -cross_entropy(model(x), label, reduction="none")
        (slope,) = torch.autograd.grad(log_p.sum(), x)
        moving = log_p <= math.log(enough)
        if not moving.any():
            break
        largest = slope.flatten(1).abs().amax(1).clamp(min=1e-12)
        with torch.no_grad():
            step = rate * slope / largest.view(-1, 1, 1, 1)
            x = (x + step * moving.view(-1, 1, 1, 1)).clamp(0, 1)
    return x.detach()


def trained_classifier(*, dataset: str = "digits", hidden: int = 128) -> Recipe:
    """The classifier of the first chapter."""
    images = data.images(dataset)
    x, y = images.train_x, images.train_y

    def train(model: nn.Module, *, seed: int, budget: float) -> None:
        fit(
            model,
            lambda x, y: cross_entropy(model(x), y),
            batches(x, y, size=64, generator=generator(seed)),
            steps=scaled(1000, budget),
            learning_rate=3e-3,
            weight_decay=0.01,
            label="classifier",
        )

    return Recipe(
        build=lambda: classifier(x.shape[1:], classes=len(images.classes)),
        train=train,
        data=(x, y),
    )


RECIPES = {"classifier": trained_classifier}
