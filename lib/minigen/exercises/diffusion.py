"""Checkers of the chapter on diffusion."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from minigen import diffusion
from minigen.checks import NotYet, calls, close
from minigen.exercises import Checker
from minigen.repro import generator

#: What exercise 4 asks for: calls of the denoiser, and the error left beside DDIM's.
CALLS, LEFT = 10, 0.6
#: The chapter's world of single numbers: two bell curves.
MEAN, SD, WEIGHT = (-0.9, 0.8), (0.15, 0.3), (0.35, 0.65)


def share_left(function: Callable[..., Any]) -> str:
    """ᾱ from β: 1 in front, then the running product of 1 − β."""
    beta = np.array([0.1, 0.2, 0.5])
    found = np.asarray(calls(function, beta))
    expected = np.array([1, 0.9, 0.72, 0.36])
    if found.shape == (3,) and np.allclose(found, expected[1:]):
        raise NotYet(
            "The products are right. Only the start is missing: how much is left after "
            "no step at all?"
        )
    if found.shape == (4,) and np.allclose(found[1:], np.cumprod(beta)):
        raise NotYet("β is the share that goes. What is multiplied is what stays.")
    if found.shape == (4,) and np.allclose(found, [1, 0.9, 0.7, 0.2]):
        raise NotYet("A step takes its share of what is left, not of the whole.")
    close(found, expected, name="What is left")
    long = np.linspace(1e-4, 0.02, 1000)
    close(calls(function, long), diffusion.linear(), name="What is left of 1,000 steps")
    return "right. This is the linear schedule's ᾱ, if you give it 1,000 steps."


def score_from_v(function: Callable[..., Any]) -> str:
    """The score of xt from a prediction of v."""
    rng = generator(0)
    xt, v = torch.randn(2, 5, 3, generator=rng, dtype=torch.float64)
    for now in (0.9, 0.36, 0.01):
        found = calls(function, xt.clone(), v.clone(), now)
        signal, noise = now**0.5, (1 - now) ** 0.5
        eps = noise * xt + signal * v
        _hint_score(found, eps, signal * xt - noise * v, noise)
        close(found, -eps / noise, name=f"The score where ᾱt is {now}")
    return (
        "right: the score points against the noise, and more steeply where it is small."
    )


def _hint_score(found: Any, eps: Tensor, x0: Tensor, noise: float) -> None:
    if not isinstance(found, Tensor) or found.shape != eps.shape:
        return
    found = found.double()
    if torch.allclose(found, eps / noise):
        raise NotYet(
            "The size is right and the sign is not. The noise leads away from the "
            "data; the score leads towards it."
        )
    if torch.allclose(found, eps) or torch.allclose(found, -eps):
        raise NotYet("This is the noise. How long is the score where ᾱt is near 1?")
    if torch.allclose(found, x0):
        raise NotYet("This is x0. The score needs the noise, eps, the other half of v.")
    if torch.allclose(found, -eps / noise**2):
        raise NotYet("It is divided once too often: by √(1 − ᾱt), not by 1 − ᾱt.")


def mend(function: Callable[..., Any]) -> str:
    """DDIM that puts the known pixels, noised, back before each step."""
    rng = generator(1)
    alpha_bar, times = diffusion.cosine(), diffusion.times(10)
    seen = 2 * torch.rand(4, 1, 2, 4, generator=rng) - 1
    known = torch.zeros(2, 4, dtype=torch.bool)
    known[0] = True
    eps = torch.randn(seen.shape, generator=rng)

    def denoise(xt: Tensor, t: int) -> Tensor:
        """The lower row is expected to repeat the upper one, half as bright."""
        upper = diffusion.mixture_denoiser(
            alpha_bar, mean=[0.0], sd=[0.6], weight=[1.0]
        )(xt[..., :1, :], t)
        return torch.cat([upper, upper / 2], dim=2)

    def answer(walk: Sequence[int]) -> Tensor:
        given = (denoise, seen.clone(), known.clone(), alpha_bar, list(walk))
        return calls(function, *given, eps.clone())

    found = answer(times)
    if not isinstance(found, Tensor) or found.shape != seen.shape:
        raise NotYet(f"It should give pictures of shape {tuple(seen.shape)}.")
    if not torch.allclose(found[..., 0, :], seen[..., 0, :], atol=1e-5):
        if torch.allclose(found[..., 1, :], seen[..., 1, :], atol=1e-5):
            raise NotYet("The mask is the wrong way round: `known` is what is given.")
        raise NotYet("At the end the known pixels should be exactly those of `seen`.")
    blind = diffusion.ddim(denoise, eps, alpha_bar, steps=10)
    if torch.allclose(found[..., 1, :], blind[..., 1, :], atol=1e-4):
        raise NotYet(
            "What is made does not listen to what is known. Paste the known pixels in "
            "before every step, not only at the end."
        )
    for walk in (times, diffusion.times(3)):
        expected = _mended(denoise, seen, known, alpha_bar, walk, eps)
        close(answer(walk), expected, 1e-4, name="The mended picture")
    return "right: at each step the known part is as noisy as the network expects."


def _mended(
    denoise: diffusion.Denoiser,
    seen: Tensor,
    known: Tensor,
    alpha_bar: Tensor,
    times: Sequence[int],
    eps: Tensor,
) -> Tensor:
    xt = eps
    for t, s in itertools.pairwise(times):
        now, then = float(alpha_bar[t]), float(alpha_bar[s])
        xt = torch.where(known, now**0.5 * seen + (1 - now) ** 0.5 * eps, xt)
        x0 = denoise(xt, t)
        noise = (xt - now**0.5 * x0) / (1 - now) ** 0.5
        xt = then**0.5 * x0 + (1 - then) ** 0.5 * noise
    return torch.where(known, seen, xt)


def sampler(function: Callable[..., Any]) -> str:
    """A sampler that is closer to the world than DDIM with as many calls."""
    alpha_bar, count = diffusion.cosine(), 2000
    exact = diffusion.mixture_denoiser(alpha_bar, mean=MEAN, sd=SD, weight=WEIGHT)
    asked = []

    def denoise(xt: Tensor, t: int) -> Tensor:
        asked.append(t)
        if len(asked) > CALLS:
            raise NotYet(f"It calls the denoiser more than {CALLS} times.")
        return exact(xt, int(t))

    even = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    start = torch.special.ndtri(even)
    order = torch.randperm(count, generator=generator(2))
    found = calls(function, denoise, start[order], alpha_bar)
    if not isinstance(found, Tensor) or found.shape != start.shape:
        raise NotYet(f"It should give {count} numbers, shape ({count},).")
    if not found.isfinite().all():
        raise NotYet("Some of what it gives is no number: look at the last step.")
    if not asked:
        raise NotYet("It never asks the denoiser, so it cannot know the world.")
    limit = LEFT * distance(diffusion.ddim(exact, start, alpha_bar, steps=CALLS))
    if (reached := distance(found)) > limit:
        raise NotYet(
            f"It ends {reached:.3f} from the world on average; {limit:.3f} or less is "
            "asked for. DDIM takes each x0 for the last word. How does x0 move from "
            "one step to the next, and where do the steps matter most?"
        )
    return f"right: {reached:.3f} from the world, with {len(asked)} calls."


def distance(drawn: Tensor) -> float:
    """Return how far numbers must move on average to be spread like the world."""
    grid = torch.linspace(-2.5, 2.5, 20_001, dtype=torch.float64)
    below = sum(
        w * torch.special.ndtr((grid - m) / s)
        for m, s, w in zip(MEAN, SD, WEIGHT, strict=True)
    )
    assert isinstance(below, Tensor)
    even = (torch.arange(len(drawn), dtype=torch.float64) + 0.5) / len(drawn)
    world = grid[torch.searchsorted(below, even).clamp(max=len(grid) - 1)]
    return (drawn.double().sort().values - world).abs().mean().item()


CHECKERS: dict[str, Checker] = {
    "share_left": share_left,
    "score_from_v": score_from_v,
    "mend": mend,
    "sampler": sampler,
}
