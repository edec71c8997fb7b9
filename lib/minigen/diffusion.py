"""Diffusion: pictures are buried in noise step by step; a network learns the way back.

Step t of T leaves xt = √ᾱt · x0 + √(1 − ᾱt) · eps (`noised`), and `alpha_bar` holds ᾱ
from 1 at t = 0 (the picture) to nearly 0 at t = T (noise). Pictures are scaled to
[−1, 1] (`scaled_pictures`) and back (`pictures`).

Whatever a network predicts, a sampler needs one thing: the x0 that is expected behind
an xt. So a sampler is a function of a *denoiser*, denoise(xt, t) -> x0, and `denoiser`
makes one of a network, a label and a guidance.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn

from minigen import data
from minigen.layers import Sizes, UNet
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.train import History, batches, fit
from minigen.zoo import Recipe

#: Steps of the whole way from picture to noise.
STEPS = 1000
#: How much wider a U-Net's coarse levels are, by their number: a page can hold 2 MB.
GROWTH = {1: 4, 2: 4, 3: 3}
#: A module, v = model(xt, t, y). The condition y is a label, a caption's tokens, a
#: vector: what shapes one of `model.null` has, and `model.null` itself stands for none.
Network = Any
#: How much of a state is picture, or noise: one number, or one for each.
Share = Tensor | float
#: denoise(xt, t) -> the x0 expected behind xt, t the number of the step.
Denoiser = Callable[[Tensor, int], Tensor]
#: watch(t, xt, x0) is told each state on the way, and the picture expected behind it.
Watch = Callable[[int, Tensor, Tensor], object]


# Schedules: how much of the picture is left after each step.


def linear(steps: int = STEPS) -> Float[Tensor, " step"]:
    """Return ᾱ for noise that grows in a straight line (2006.11239, section 4).

    The variance added, β, runs from 1e-4 to 0.02 in 1,000 steps, and more a step in
    fewer.
    """
    rate = STEPS / steps
    beta = torch.linspace(1e-4 * rate, 0.02 * rate, steps, dtype=torch.float64)
    return _products(1 - beta.clamp(max=0.999))


def cosine(steps: int = STEPS) -> Float[Tensor, " step"]:
    """Return ᾱ that falls along a squared cosine (2102.09672, equation 17)."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    wanted = torch.cos((t + 0.008) / 1.008 * math.pi / 2).square()
    return _products((wanted[1:] / wanted[:-1]).clamp(min=0.001))


def leaning(middle: float, steps: int = STEPS) -> Float[Tensor, " step"]:
    """Return the cosine schedule, with most of its steps near one depth of noise.

    Where little noise is left a caption has nothing more to say. So the depths, from 0
    to 1, lie as if log(depth / (1 − depth)) came from a bell curve around `middle` with
    a deviation of 1: the logit-normal of 2403.03206, section 3.1.
    """
    even = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    depth = torch.sigmoid(middle + torch.special.ndtri(even)) * steps
    below = depth.floor().long().clamp(max=steps - 1)
    alpha_bar = cosine(steps)
    return alpha_bar[below].lerp(alpha_bar[below + 1], depth - below)


def _products(alpha: Tensor) -> Tensor:
    return torch.cat([torch.ones(1, dtype=alpha.dtype), alpha.cumprod(0)])


def times(steps: int, *, of: int = STEPS) -> list[int]:
    """Return steps + 1 step numbers from `of` down to 0, as even as can be."""
    if not 1 <= steps <= of:
        raise ValueError(f"steps must be from 1 to {of}, not {steps}")
    return [round(of * (steps - k) / steps) for k in range(steps + 1)]


# The forward process, and the three things that a network may predict.


def noised(
    x0: Float[Tensor, "batch ..."],
    t: Int64[Tensor, " batch"],
    eps: Float[Tensor, "batch ..."],
    alpha_bar: Float[Tensor, " step"],
) -> Float[Tensor, "batch ..."]:
    """Return xt = √ᾱt · x0 + √(1 − ᾱt) · eps, t steps of noise at once."""
    signal, noise = shares(t, alpha_bar, like=x0)
    return signal * x0 + noise * eps


def shares(
    t: Int64[Tensor, " batch"], alpha_bar: Float[Tensor, " step"], *, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Return √ᾱt and √(1 − ᾱt), shaped to multiply a batch such as `like`."""
    now = alpha_bar.to(like.device)[t].view(-1, *[1] * (like.ndim - 1))
    return now.sqrt().to(like.dtype), (1 - now).sqrt().to(like.dtype)


def v_of(x0: Tensor, eps: Tensor, signal: Tensor, noise: Tensor) -> Tensor:
    """Return v = √ᾱt · eps − √(1 − ᾱt) · x0 (2202.00512, appendix D)."""
    return signal * eps - noise * x0


def x0_from_v(xt: Tensor, v: Tensor, signal: Share, noise: Share) -> Tensor:
    """Return x0 = √ᾱt · xt − √(1 − ᾱt) · v."""
    return signal * xt - noise * v


def eps_from_v(xt: Tensor, v: Tensor, signal: Tensor, noise: Tensor) -> Tensor:
    """Return eps = √(1 − ᾱt) · xt + √ᾱt · v."""
    return noise * xt + signal * v


def x0_from_eps(xt: Tensor, eps: Tensor, signal: Tensor, noise: Tensor) -> Tensor:
    """Return x0 = (xt − √(1 − ᾱt) · eps) / √ᾱt: errors grow large where ᾱt is small."""
    return (xt - noise * eps) / signal


def eps_from_x0(xt: Tensor, x0: Tensor, signal: Tensor, noise: Tensor) -> Tensor:
    """Return eps = (xt − √ᾱt · x0) / √(1 − ᾱt): errors grow large near the picture."""
    return (xt - signal * x0) / noise


# Training.


def loss(
    model: Network,
    x0: Float[Tensor, "batch ..."],
    y: Shaped[Tensor, "batch ..."],
    *,
    alpha_bar: Float[Tensor, " step"],
    generator: torch.Generator,
    drop: float = 0.1,
) -> Float[Tensor, ""]:
    """Return the mean squared error of v at one random step a picture.

    A share `drop` of the conditions is replaced by none, so that the network can be
    asked without one too (2207.12598).
    """
    t = torch.randint(1, len(alpha_bar), (len(x0),), generator=generator)
    eps = torch.randn(x0.shape, generator=generator)
    hidden = torch.rand(len(x0), generator=generator) < drop
    t, eps, hidden = t.to(x0.device), eps.to(x0.device), hidden.to(x0.device)
    signal, noise = shares(t, alpha_bar, like=x0)
    xt = signal * x0 + noise * eps
    hidden = hidden.view(-1, *[1] * (y.ndim - 1))
    v = model(xt, t.to(x0.dtype), torch.where(hidden, nothing(model, y), y))
    return (v - v_of(x0, eps, signal, noise)).square().mean()


def nothing(model: Network, y: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
    """Return conditions of the shape of y that say nothing."""
    return torch.zeros_like(y) + model.null


def train(
    model: nn.Module,
    x: Float[Tensor, "n channel height width"],
    y: Int64[Tensor, " n"],
    *,
    steps: int,
    seed: int,
    size: int = 64,
    learning_rate: float = 8e-3,
    average: float = 0.995,
) -> History:
    """Train a network on pictures in [0, 1]; its average is in the history."""
    alpha_bar, generator = cosine(), seeded(seed)
    return fit(
        model,
        lambda x0, y: loss(model, x0, y, alpha_bar=alpha_bar, generator=generator),
        batches(scaled_pictures(x), y, size=size, generator=generator),
        steps=steps,
        learning_rate=learning_rate,
        warmup=min(100, steps // 10),
        average=average,
        label="diffusion",
    )


def scaled_pictures(x: Tensor) -> Tensor:
    """Return values from [0, 1] on the scale of the noise, [−1, 1]."""
    return 2 * x - 1


def pictures(x0: Tensor) -> Tensor:
    """Return values from [−1, 1] as pictures in [0, 1], what is outside cut off."""
    return ((x0 + 1) / 2).clamp(0, 1)


# Denoisers.


def denoiser(
    model: Network,
    y: Shaped[Tensor, "batch ..."],
    alpha_bar: Float[Tensor, " step"],
    *,
    guidance: float = 1.0,
    limit: float = 1.0,
) -> Denoiser:
    """Return the denoiser of a trained network, for pictures with these conditions.

    At a guidance of 1 it believes the network, and without a condition at 0. Above 1 it
    goes on from the prediction without one past that with it (2207.12598, where the
    weight is counted from 0: guidance − 1). No x0 leaves [−limit, limit].
    """
    blank = nothing(model, y)

    @torch.no_grad()
    def denoise(xt: Tensor, t: int) -> Tensor:
        step = torch.full((len(xt),), float(t), device=xt.device)
        if guidance in (0.0, 1.0):
            v = model(xt, step, y if guidance else blank)
        else:
            both = model(torch.cat([xt, xt]), step.repeat(2), torch.cat([y, blank]))
            told, untold = both.chunk(2)
            v = untold + guidance * (told - untold)
        signal, noise = _levels(alpha_bar, t)
        return x0_from_v(xt, v, signal, noise).clamp(-limit, limit)

    return denoise


def mixture_denoiser(
    alpha_bar: Float[Tensor, " step"],
    *,
    mean: Sequence[float],
    sd: Sequence[float],
    weight: Sequence[float],
) -> Denoiser:
    """Return the exact denoiser of numbers from a mixture of bell curves.

    Each value stands for itself: a part of the mixture is weighed by how well it
    explains xt, and expects x0 on the line between its mean and xt.
    """
    means, sds, weights = (
        torch.tensor(values, dtype=torch.float64) for values in (mean, sd, weight)
    )

    def denoise(xt: Tensor, t: int) -> Tensor:
        signal, noise = _levels(alpha_bar, t)
        variance = signal**2 * sds**2 + noise**2  # of xt, for each part
        away = xt.double()[..., None] - signal * means
        log_p = weights.log() - variance.log() / 2 - away**2 / variance / 2
        expected = means + signal * sds**2 / variance * away
        return (log_p.softmax(-1) * expected).sum(-1).to(xt.dtype)

    return denoise


def score(xt: Tensor, x0: Tensor, alpha_bar: Float[Tensor, " step"], t: int) -> Tensor:
    """Return ∇ log p(xt) of the expected x0: (√ᾱt · x0 − xt) / (1 − ᾱt)."""
    signal, noise = _levels(alpha_bar, t)
    return (signal * x0 - xt) / noise**2


def _levels(alpha_bar: Tensor, t: int) -> tuple[float, float]:
    now = float(alpha_bar[t])
    return math.sqrt(now), math.sqrt(1 - now)


# Samplers: from noise to pictures, both for any denoiser and any number of steps.


def ddpm(
    denoise: Denoiser,
    xt: Float[Tensor, "batch ..."],
    alpha_bar: Float[Tensor, " step"],
    *,
    generator: torch.Generator,
    steps: int | None = None,
    watch: Watch | None = None,
) -> Float[Tensor, "batch ..."]:
    """Return pictures by ancestral sampling (2006.11239, algorithm 2).

    From t to an earlier s: draw xs from the Gaussian that xt and the expected x0 leave
    for it, with mean and variance of equations 6 and 7. For s = 0 that is x0 itself:
    the last step adds no noise.
    """
    for t, s in _pairs(steps, alpha_bar):
        x0 = denoise(xt, t)
        if watch:
            watch(t, xt, x0)
        now, then = float(alpha_bar[t]), float(alpha_bar[s])
        alpha = now / then  # what this stretch leaves of the variance
        to_x0 = math.sqrt(then) * (1 - alpha) / (1 - now)
        to_xt = math.sqrt(alpha) * (1 - then) / (1 - now)
        sigma = math.sqrt((1 - alpha) * (1 - then) / (1 - now))
        xt = to_x0 * x0 + to_xt * xt
        if s > 0:
            xt = xt + sigma * _normal(xt, generator)
    if watch:
        watch(0, xt, xt)
    return xt


def ddim(
    denoise: Denoiser,
    xt: Float[Tensor, "batch ..."],
    alpha_bar: Float[Tensor, " step"],
    *,
    steps: int | None = None,
    eta: float = 0.0,
    generator: torch.Generator | None = None,
    watch: Watch | None = None,
) -> Float[Tensor, "batch ..."]:
    """Return pictures by the deterministic sampler (2010.02502, equation 12).

    Split xt into the expected x0 and the noise that this leaves, and mix the two anew
    for the earlier step. An eta above 0 puts fresh noise in the place of a part of the
    old; at 1 this is `ddpm`.
    """
    if eta and generator is None:
        raise ValueError("an eta above 0 draws noise: give generator=")
    for t, s in _pairs(steps, alpha_bar):
        x0 = denoise(xt, t)
        if watch:
            watch(t, xt, x0)
        now, then = float(alpha_bar[t]), float(alpha_bar[s])
        eps = (xt - math.sqrt(now) * x0) / math.sqrt(1 - now)
        sigma = eta * math.sqrt((1 - then) / (1 - now) * (1 - now / then))
        xt = math.sqrt(then) * x0 + math.sqrt(max(0.0, 1 - then - sigma**2)) * eps
        if eta and generator is not None and s > 0:
            xt = xt + sigma * _normal(xt, generator)
    if watch:
        watch(0, xt, xt)
    return xt


def sample(
    model: Network,
    y: Shaped[Tensor, "n ..."],
    *,
    generator: torch.Generator,
    steps: int = 50,
    guidance: float = 1.0,
    eta: float = 0.0,
    alpha_bar: Float[Tensor, " step"] | None = None,
    watch: Watch | None = None,
    batch: int = 500,
) -> Float[Tensor, "n channel height width"]:
    """Return new pictures in [0, 1] with these labels, or for these captions.

    Where the model learned with another schedule than the cosine, give `alpha_bar`.
    """
    alpha_bar = cosine() if alpha_bar is None else alpha_bar
    drawn = []
    for asked in y.split(batch):
        start = torch.randn(len(asked), *model.sizes.shape, generator=generator)
        denoise = denoiser(model, asked, alpha_bar, guidance=guidance)
        x0 = ddim(
            denoise, start.to(y.device), alpha_bar,
            steps=steps, eta=eta, generator=generator, watch=watch,
        )  # fmt: skip
        drawn.append(pictures(x0))
    return torch.cat(drawn)


class Step(nn.Module):
    """One step of `ddim` as a module, for a page that runs it by itself.

    It holds the network and the guidance. The picture that it shows has xt on the left
    and the x0 expected behind it on the right, a column of paper between them.
    """

    nothing: Tensor

    def __init__(self, model: UNet) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("nothing", torch.tensor([model.null]))

    def forward(
        self,
        x: Float[Tensor, "1 channel height width"],
        label: Int64[Tensor, "1"],
        guidance: Float[Tensor, "1 1"],
        t: Float[Tensor, "1 1"],
        now: Float[Tensor, "1 1"],
        then: Float[Tensor, "1 1"],
    ) -> tuple[Tensor, Tensor]:
        """Return xs and what to show; `now` and `then` are ᾱt and ᾱs."""
        both = torch.cat([label, self.nothing])
        v = self.model(torch.cat([x, x]), torch.cat([t, t])[:, 0], both)
        v = v[1:] + guidance * (v[:1] - v[1:])
        x0 = (now.sqrt() * x - (1 - now).sqrt() * v).clamp(-1, 1)
        eps = (x - now.sqrt() * x0) / (1 - now).sqrt()
        after = then.sqrt() * x0 + (1 - then).sqrt() * eps
        gap = torch.full_like(x[..., :1], -1)
        return after, pictures(torch.cat([x, gap, x0], dim=3))

    @staticmethod
    def table(alpha_bar: Float[Tensor, " step"], steps: int) -> dict[str, list[float]]:
        """Return what `forward` is told at each of so many steps."""
        pairs = _pairs(steps, alpha_bar)
        return {
            "t": [float(t) for t, _ in pairs],
            "now": [float(alpha_bar[t]) for t, _ in pairs],
            "then": [float(alpha_bar[s]) for _, s in pairs],
        }


def _pairs(steps: int | None, alpha_bar: Tensor) -> list[tuple[int, int]]:
    last = len(alpha_bar) - 1
    way = times(steps or last, of=last)
    return list(itertools.pairwise(way))


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(like.shape, generator=generator, dtype=like.dtype)
    return noise.to(like.device)


# Flow matching: the same journey on straight lines.


def flow_loss(
    model: Callable[[Tensor, Tensor], Tensor],
    x0: Float[Tensor, "batch ..."],
    *,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """Return the mean squared error of the velocity eps − x0 (2210.02747, equation 23).

    On the straight line xt = (1 − t) · x0 + t · eps, t from 0 to 1.
    """
    t = torch.rand(len(x0), generator=generator, dtype=x0.dtype)
    eps = torch.randn(x0.shape, generator=generator, dtype=x0.dtype)
    share = t.view(-1, *[1] * (x0.ndim - 1))
    xt = (1 - share) * x0 + share * eps
    return (model(xt, t) - (eps - x0)).square().mean()


@torch.no_grad()
def euler(
    velocity: Callable[[Tensor, Tensor], Tensor],
    x: Float[Tensor, "batch ..."],
    *,
    steps: int,
    watch: Callable[[float, Tensor], object] | None = None,
) -> Float[Tensor, "batch ..."]:
    """Follow a velocity from noise at t = 1 to pictures at t = 0, by equal steps."""
    for step in range(steps, 0, -1):
        t = step / steps
        if watch:
            watch(t, x)
        x = x - velocity(x, torch.full((len(x),), t, dtype=x.dtype)) / steps
    if watch:
        watch(0.0, x)
    return x


def _unet(
    *,
    dataset: str = "digits",
    width: int = 16,
    steps: int = 1100,
) -> Recipe:
    """The digits' model of the chapter; the weights are the averaged ones."""
    images = data.images(dataset)
    x, y = images.train_x, images.train_y
    shape = (x.shape[1], x.shape[2], x.shape[3])
    sizes = Sizes(shape, classes=len(images.classes), width=width)
    sizes = replace(sizes, growth=GROWTH.get(sizes.levels, 2))

    def training(model: nn.Module, *, seed: int, budget: float) -> None:
        history = train(model, x, y, steps=scaled(steps, budget), seed=seed)
        model.load_state_dict(history.average.state_dict())

    return Recipe(
        build=lambda: UNet(sizes),
        train=training,
        data=(x, y),
    )


RECIPES = {"unet": _unet}
