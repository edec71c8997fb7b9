"""Differentially private training: what one line of the data can do is bounded.

A step of DP-SGD (1607.00133, algorithm 1): every line's gradient is cut to a length,
the sum gets Gaussian noise, and the accountant adds up what all steps may give away.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Int64
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp
from torch import Generator, Tensor, nn

from minigen import gpt

#: Orders of the Rényi divergence that are tried; the best bound counts.
ORDERS = (*range(2, 65), 80, 96, 128, 192, 256, 512)


def clipped_sum(
    losses: Iterable[Tensor], parameters: Sequence[Tensor], bound: float
) -> list[Tensor]:
    """Return the sum of the losses' gradients, each cut to a length of the bound.

    One backward pass a loss: slow, and plain to see that none of them counts for more.
    """
    if bound <= 0:
        raise ValueError(f"a gradient is clipped to a length above 0, not {bound}")
    total = [torch.zeros_like(one) for one in parameters]
    for loss in losses:
        own = torch.autograd.grad(loss, parameters)
        length = torch.stack([one.square().sum() for one in own]).sum().sqrt()
        factor = float((bound / length).clamp(max=1))
        for kept, one in zip(total, own, strict=True):
            kept.add_(one, alpha=factor)
    return total


def blurred(
    total: Sequence[Tensor],
    *,
    bound: float,
    noise: float,
    expected: float,
    generator: Generator,
) -> list[Tensor]:
    """Return a clipped sum as the mean gradient of a step, with noise in it.

    Parameters
    ----------
    noise: the deviation of the noise on each number, in bounds.
    expected: how many rows a step has on average; the sum is divided by that, since
        the true number would tell something.
    """
    return [
        (one + noise * bound * torch.randn(one.shape, generator=generator)) / expected
        for one in total
    ]


def learn(
    model: nn.Module,
    lines: Sequence[Int64[Tensor, " _"]],
    *,
    rate: float,
    steps: int,
    bound: float,
    noise: float,
    learning_rate: float,
    generator: Generator,
) -> None:
    """Train on lines, each of which takes part in a step with probability `rate`.

    Adam steps on private gradients: what is made of them costs no more privacy.
    """
    parameters = list(model.parameters())
    turn = torch.optim.Adam(parameters, lr=learning_rate)
    model.train()
    for step in range(steps):
        chosen = torch.rand(len(lines), generator=generator) < rate
        some = [line for line, taken in zip(lines, chosen, strict=True) if taken]
        losses = (gpt.loss(model(row[None, :-1]), row[None]) for row in some)
        total = clipped_sum(losses, parameters, bound)
        found = blurred(
            total, bound=bound, noise=noise, expected=rate * len(lines),
            generator=generator,
        )  # fmt: skip
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = gradient
        for group in turn.param_groups:
            group["lr"] = learning_rate * min(1.0, (step + 1) / 10)
        turn.step()
    model.eval()


def renyi(rate: float, noise: float, order: int) -> float:
    """Return the Rényi divergence that one step costs at most, in nats.

    Of the Gaussian mechanism on a Poisson sample, at a whole order α (1908.10530,
    section 3.3): log Σ_k C(α, k) (1 − q)^(α − k) q^k exp((k² − k) / 2σ²) / (α − 1).
    """
    if not 0 <= rate <= 1 or noise <= 0 or order < 2:
        raise ValueError(
            "a step needs a sampling rate from 0 to 1, noise above 0 and a whole order "
            f"from 2, not {rate}, {noise} and {order}"
        )
    if rate in (0, 1):
        return rate * order / (2 * noise**2)
    terms = [
        gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        + (order - k) * math.log1p(-rate) + k * math.log(rate)
        + (k * k - k) / (2 * noise**2)
        for k in range(order + 1)
    ]  # fmt: skip
    return float(logsumexp(terms)) / (order - 1)


def epsilon(*, rate: float, noise: float, steps: int, delta: float) -> float:
    """Return ε for δ, after so many steps of private training.

    Divergences of steps add up; the best order gives ε (2004.00010, proposition 12).
    Infinite without noise.
    """
    if not 0 < delta < 1:
        raise ValueError(f"δ lies between 0 and 1, not {delta}")
    if noise == 0:
        return math.inf
    found = [
        steps * renyi(rate, noise, order)
        + math.log1p(-1 / order)
        - math.log(delta * order) / (order - 1)
        for order in ORDERS
    ]
    return max(0.0, min(found))


def noise_for(target: float, *, rate: float, steps: int, delta: float) -> float:
    """Return how much noise a step needs, so that ε comes out as asked."""
    if target <= 0:
        raise ValueError(f"ε is a number above 0, not {target}")

    def above(noise: float) -> float:
        return epsilon(rate=rate, noise=noise, steps=steps, delta=delta) - target

    low, high = 0.1, 1.0
    while above(high) > 0:
        high *= 2
    while above(low) < 0:
        low /= 2
    return float(brentq(above, low, high, xtol=1e-6))
