"""Generative adversarial networks: a painter, a critic, and the game that trains both.

`fit_pair` plays the game, with any pair of modules: `generator(z, *condition)` returns
samples, `critic(x, *condition)` a score for each, its logit of "this is real". The
losses and penalties are plain functions of scores and gradients. At the end stand the
models of pictures and the ring of Gaussians on which the game can be watched.
"""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from minigen import data, repro
from minigen import train as training
from minigen.progress import Progress
from minigen.train import History, TrainingDiverged
from minigen.zoo import Recipe

LOSSES = ("minimax", "non_saturating", "relativistic", "wasserstein")


def critic_loss(
    real: Float[Tensor, " n"], fake: Float[Tensor, " n"], *, kind: str
) -> Float[Tensor, ""]:
    """Return what the critic makes small, from its scores of real and made samples.

    minimax and non_saturating: −log D(x) − log(1 − D(G(z))), D = σ(score) (1406.2661);
    relativistic: −log σ(real − fake), pair by pair (2501.05441, eq. 2);
    wasserstein: fake − real (1704.00028), which needs a gradient penalty beside it.
    """
    if kind in ("minimax", "non_saturating"):
        return softplus(-real).mean() + softplus(fake).mean()
    if kind == "relativistic":
        return softplus(fake - real).mean()
    if kind == "wasserstein":
        return fake.mean() - real.mean()
    raise ValueError(f"kind must be one of {', '.join(LOSSES)}, not {kind!r}")


def generator_loss(
    real: Float[Tensor, " n"], fake: Float[Tensor, " n"], *, kind: str
) -> Float[Tensor, ""]:
    """Return what the generator makes small; only relativistic looks at the real.

    minimax: log(1 − D(G(z))), the critic's loss turned round; non_saturating:
    −log D(G(z)) (1406.2661, section 3); the others: the critic's with sides exchanged.
    """
    if kind == "minimax":
        return -softplus(fake).mean()
    if kind == "non_saturating":
        return softplus(-fake).mean()
    if kind == "relativistic":
        return softplus(real - fake).mean()
    if kind == "wasserstein":
        return -fake.mean()
    raise ValueError(f"kind must be one of {', '.join(LOSSES)}, not {kind!r}")


def slopes(
    critic: Callable[..., Tensor], x: Tensor, *condition: Tensor
) -> Float[Tensor, " n"]:
    """Return |∇ₓ score|² at each sample, exactly, and so that it can be trained on.

    The critic must judge each sample by itself: no batch normalisation.
    """
    x = x.detach().requires_grad_(True)
    return _slopes(_scores(critic, x, *condition), x)


def _slopes(scores: Tensor, x: Tensor) -> Tensor:
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return slope.flatten(1).square().sum(1)


def zero_centred_penalty(slopes: Float[Tensor, " n"], gamma: float) -> Tensor:
    """Return γ/2 · E|∇ score|²: R1 on real samples, R2 on made ones (1801.04406)."""
    return gamma / 2 * slopes.mean()


def wgan_penalty(
    critic: Callable[..., Tensor],
    real: Tensor,
    fake: Tensor,
    *condition: Tensor,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """Return E(|∇ score| − 1)² between real and made samples (1704.00028, eq. 3)."""
    share = torch.rand(len(real), generator=generator).to(real.device)
    between = torch.lerp(fake, real, share.view(-1, *[1] * (real.ndim - 1)))
    squared = slopes(critic, between, *condition)
    # The root of zero has no slope, and a ReLU network is flat in places.
    return ((squared + 1e-12).sqrt() - 1).square().mean()


@dataclass(repr=False)
class Game(History):
    """What happened in a game: a value of each term for every step, and the average.

    `gradient_norms` and `learning_rates` are the generator's.
    """

    terms: dict[str, list[float]] = field(
        default_factory=lambda: {"generator": [], "critic": [], "penalty": []}
    )

    @property
    def loss(self) -> list[float]:
        """The generator's loss at every step, which tells little of its samples."""
        return self.terms["generator"]

    def __repr__(self) -> str:
        # No duration: a cell may end with the game, and equal runs must look it.
        if not self.loss:
            return "Game(0 steps)"
        ends = ", ".join(
            f"{name} {self.smoothed(name)[-1]:.4g}" for name in ("generator", "critic")
        )
        return f"Game({len(self.loss):,} steps, {ends})"


class _Broken(ArithmeticError):
    """A loss or a gradient of one of the players is no number."""


@dataclass
class _Player:
    """One side of the game: a network, and how it steps."""

    name: str
    module: nn.Module
    rate: float
    betas: tuple[float, float]

    def __post_init__(self) -> None:
        self.weights: list[Tensor] = list(self.module.parameters())
        self.optimizer = torch.optim.Adam(self.weights, lr=self.rate, betas=self.betas)
        self.good = [weight.detach().clone() for weight in self.weights]

    def turn(self, goal: Tensor, factor: float) -> float:
        """Take one step down a loss; return the gradient's length."""
        if not math.isfinite(float(goal.detach())):
            raise _Broken(f"the {self.name}'s loss became {float(goal.detach())}")
        self.optimizer.zero_grad()
        goal.backward(inputs=self.weights)  # and nothing for the other player
        norm = float(nn.utils.clip_grad_norm_(self.weights, math.inf))
        if not math.isfinite(norm):
            raise _Broken(f"the {self.name}'s gradient became {norm}")
        self._copy(self.weights, self.good)
        self.optimizer.param_groups[0]["lr"] = self.rate * factor
        self.optimizer.step()
        return norm

    def back(self) -> None:
        """Return to the last weights that gave a finite loss."""
        self._copy(self.good, self.weights)

    @staticmethod
    @torch.no_grad()
    def _copy(source: list[Tensor], target: list[Tensor]) -> None:
        for value, place in zip(source, target, strict=True):
            place.copy_(value)


def fit_pair(
    generator: nn.Module,
    critic: nn.Module,
    batches: Iterable[Any],
    *,
    steps: int,
    latent: int,
    rng: torch.Generator,
    loss: str = "relativistic",
    r1: float = 0.0,
    r2: float = 0.0,
    wgan: float = 0.0,
    critic_steps: int = 1,
    generator_steps: int = 1,
    learning_rate: float = 2e-3,
    critic_rate: float | None = None,
    betas: tuple[float, float] = (0.0, 0.99),
    schedule: str = "cosine",
    average: float | None = None,
    evaluate: Callable[..., Mapping[str, float]] | None = None,
    every: int = 100,
    label: str = "two players",
    progress: bool = True,
) -> Game:
    """Train generator and critic in place, by turns, and return what happened.

    Parameters
    ----------
    batches: gives real samples [n, …], or a tuple of these and the conditions that
        both players are told, such as labels.
    latent: how many numbers of standard normal noise a sample is made from.
    loss: one of `LOSSES`.
    r1, r2, wgan: weights of the penalties: γ for real and for made samples, and λ.
    critic_steps, generator_steps: turns of each in one step of the game.
    learning_rate, critic_rate, betas: for Adam; without momentum (β₁ = 0), which
        would carry one player past the other's last move.
    average: the decay of a moving average of the generator, in `Game.average`.
    evaluate: called as evaluate(generator, average or None) before the first step,
        every `every` steps and after the last; returns named numbers, or nothing.

    Numbers that are none raise TrainingDiverged; both keep the last good weights.
    """
    painter = _Player("generator", generator, learning_rate, betas)
    judge = _Player("critic", critic, critic_rate or learning_rate, betas)
    averaged = None if average is None else copy.deepcopy(generator)
    game = Game(average=averaged)
    source = iter(batches)
    device = painter.weights[0].device

    def made(condition: list[Tensor], n: int) -> Tensor:
        return generator(torch.randn(n, latent, generator=rng).to(device), *condition)

    def critic_goal(real: Tensor, condition: list[Tensor]) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            fake = made(condition, len(real))
        real, fake = real.requires_grad_(r1 > 0), fake.requires_grad_(r2 > 0)
        scores = [_scores(critic, x, *condition) for x in (real, fake)]
        penalty = torch.zeros((), device=device)
        for gamma, score, x in zip((r1, r2), scores, (real, fake), strict=True):
            if gamma:
                penalty = penalty + zero_centred_penalty(_slopes(score, x), gamma)
        if wgan:
            term = wgan_penalty(critic, real, fake, *condition, generator=rng)
            penalty = penalty + wgan * term
        return critic_loss(*scores, kind=loss), penalty

    def generator_goal(real: Tensor, condition: list[Tensor]) -> Tensor:
        with torch.no_grad():
            real_score = _scores(critic, real, *condition)
        fake_score = _scores(critic, made(condition, len(real)), *condition)
        return generator_loss(real_score, fake_score, kind=loss)

    with Progress(label, steps, shown=progress) as line:
        _look(evaluate, generator, game, 0)
        for step in range(steps):
            factor = training.rate_factor(step, steps=steps, schedule=schedule)
            try:
                for _ in range(critic_steps):
                    real, condition = _next(source, step, steps, device)
                    verdict, penalty = critic_goal(real, condition)
                    judge.turn(verdict + penalty, factor)
                for _ in range(generator_steps):
                    goal = generator_goal(real.detach(), condition)
                    norm = painter.turn(goal, factor)
            except _Broken as broken:
                painter.back()
                judge.back()
                raise TrainingDiverged(str(broken), step, game) from None
            if average is not None:
                # Early weights are poor: the average starts short and grows.
                _follow(averaged, generator, min(average, (1 + step) / (10 + step)))
            for name, value in zip(game.terms, (goal, verdict, penalty), strict=True):
                game.terms[name].append(float(value.detach()))
            game.gradient_norms.append(norm)
            game.learning_rates.append(learning_rate * factor)
            line.update(step + 1, f"critic {game.terms['critic'][-1]:.3g}")
            if (step + 1) % every == 0 or step + 1 == steps:
                _look(evaluate, generator, game, step + 1)
        game.seconds = line.seconds
    return game


def _scores(critic: Callable[..., Tensor], x: Tensor, *condition: Tensor) -> Tensor:
    scores = critic(x, *condition)
    if scores.numel() != len(x):
        raise ValueError(
            f"a critic gives one score a sample, {len(x)} here, and this one gives "
            f"the shape {tuple(scores.shape)}"
        )
    return scores.flatten()


def _next(
    source: Iterator[Any], step: int, steps: int, device: torch.device
) -> tuple[Tensor, list[Tensor]]:
    try:
        batch = next(source)
    except StopIteration:
        raise ValueError(
            f"the batches ended after {step:,} of {steps:,} steps; give an endless "
            "iterator such as train.batches(...)"
        ) from None
    parts = batch if isinstance(batch, tuple | list) else (batch,)
    first, *condition = (part.to(device) for part in parts)
    return first.detach().clone(), condition


@torch.no_grad()
def _follow(average: Any, model: nn.Module, decay: float) -> None:
    for mean, now in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(now, 1 - decay)
    for mean, value in zip(average.buffers(), model.buffers(), strict=True):
        mean.copy_(value)


def _look(
    evaluate: Callable[..., Any] | None, generator: nn.Module, game: Game, step: int
) -> None:
    if evaluate is None:
        return
    with torch.no_grad():
        found = evaluate(generator, game.average) or {}
    for name, value in found.items():
        game.evaluations.setdefault(name, []).append((step, float(value)))


# What is known exactly: the best critic, and what the game is worth against it.


def optimal_critic(p: Tensor, q: Tensor) -> Tensor:
    """Return D*(x) = p(x) / (p(x) + q(x)), p real and q made (1406.2661, prop. 1)."""
    return p / (p + q)


def js_divergence(p: Tensor, q: Tensor, *, width: float) -> float:
    """Return the Jensen–Shannon divergence in nats of densities on an even grid.

    From 0 (equal) to log 2 (apart). Against the best critic the game is worth
    2 JS − log 4 to the critic (1406.2661, theorem 1).
    """
    p, q = p.double(), q.double()
    middle = (p + q) / 2
    nats = torch.xlogy(p, p / middle) + torch.xlogy(q, q / middle)
    return float(nats.nan_to_num().sum() * width / 2)  # 0/0 only where both are 0


def plain_network(inputs: int, outputs: int, *, hidden: int = 128) -> nn.Sequential:
    """Return two hidden layers, for points on a line or in the plane."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.LeakyReLU(0.2),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(0.2),
        nn.Linear(hidden, outputs),
    )


# A ring of Gaussians in the plane, on which missing modes can be counted.


def ring_centres(modes: int = 8, *, radius: float = 2.0) -> Float[Tensor, "modes 2"]:
    """Return the centres of the ring's Gaussians, evenly spread on a circle."""
    angle = 2 * math.pi * torch.arange(modes) / modes
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def ring(
    n: int, *, modes: int = 8, radius: float = 2.0, sd: float = 0.1,
    generator: torch.Generator,
) -> Float[Tensor, "n 2"]:  # fmt: skip
    """Draw points from a ring of equally common Gaussians."""
    centres = ring_centres(modes, radius=radius)
    chosen = torch.randint(modes, (n,), generator=generator)
    return centres[chosen] + sd * torch.randn(n, 2, generator=generator)


def mode_shares(
    points: Float[Tensor, "n 2"],
    centres: Float[Tensor, "modes 2"],
    *,
    sd: float = 0.1,
    reach: float = 4.0,
) -> Float[Tensor, " modes"]:
    """Return which share of all points lies within `reach` · sd of each centre."""
    distance, nearest = torch.cdist(points, centres).min(1)
    near = nearest[distance <= reach * sd]
    return near.bincount(minlength=len(centres)) / max(1, len(points))


def modes_covered(
    points: Float[Tensor, "n 2"],
    centres: Float[Tensor, "modes 2"],
    *,
    sd: float = 0.1,
    reach: float = 4.0,
    share: float = 0.25,
) -> int:
    """Return how many modes the points cover.

    The rule: a mode counts when at least `share` of what would be its due (1/modes of
    all points) lies within `reach` standard deviations of its centre.
    """
    found = mode_shares(points, centres, sd=sd, reach=reach)
    return int((found * len(centres) >= share).sum())


# Players for pictures, whose sizes come from the pictures.

#: How many numbers of noise a picture is made from.
LATENT = 32


class _Told(nn.Module):
    """Two hidden layers that may be told a class beside their numbers."""

    def __init__(self, inputs: int, outputs: int, *, classes: int, hidden: int):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        # A row for each class is the same as a one-hot label among the inputs.
        self.kind = nn.Embedding(classes, hidden) if classes else None
        if self.kind is not None:
            reach = 1 / math.sqrt(inputs + classes)
            nn.init.uniform_(self.kind.weight, -reach, reach)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        if (label is None) != (self.kind is None):
            raise ValueError(
                "a network with classes needs a label for each example"
                if label is None
                else "this network was built without classes: leave the labels out"
            )
        hidden = self.first(x)
        if self.kind is not None:
            hidden = hidden + self.kind(label)
        hidden = self.second(leaky_relu(hidden, 0.2))
        return self.last(leaky_relu(hidden, 0.2))


class Generator(nn.Module):
    """The painter: noise, and a class where there are classes, become a picture."""

    def __init__(
        self, shape: tuple[int, ...], *, classes: int = 0, latent: int = LATENT,
        hidden: int = 256,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape, self.classes, self.latent = tuple(shape), classes, latent
        self.net = _Told(latent, math.prod(shape), classes=classes, hidden=hidden)

    def forward(
        self,
        z: Float[Tensor, "batch latent"],
        label: Int64[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch channel height width"]:
        """Return pictures with values between 0 and 1."""
        return self.net(z, label).sigmoid().view(-1, *self.shape)

    @torch.no_grad()
    def sample(
        self, asked: int | Int64[Tensor, " n"], *, generator: torch.Generator
    ) -> Float[Tensor, "n channel height width"]:
        """Draw pictures of the labels asked for, or so many of any kind."""
        n = len(asked) if isinstance(asked, Tensor) else asked
        device = next(self.parameters()).device
        z = torch.randn(n, self.latent, generator=generator).to(device)
        return self(z, asked.to(device)) if isinstance(asked, Tensor) else self(z)


class Critic(nn.Module):
    """The critic: a picture, and its class where there are classes, get a score."""

    def __init__(
        self, shape: tuple[int, ...], *, classes: int = 0, hidden: int = 256
    ) -> None:
        super().__init__()
        self.net = _Told(math.prod(shape), 1, classes=classes, hidden=hidden)

    def forward(
        self,
        x: Float[Tensor, "batch channel height width"],
        label: Int64[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, " batch"]:
        """Return the logit of "this picture is real"."""
        return self.net(2 * x.flatten(1) - 1, label).squeeze(1)


#: What the digits' GAN is trained with; `studies/gan.py` measures what each part does.
SETTINGS: dict[str, Any] = {
    "r1": 1.0,
    "r2": 1.0,
    "average": 0.995,
    "learning_rate": 2e-3,
}
STEPS, BATCH = 4000, 64


def _recipe(dataset: str, *, conditional: bool) -> Recipe:
    images = data.images(dataset)
    shape = tuple(images.train_x.shape[1:])
    classes = len(images.classes) if conditional else 0
    given = (images.train_x, images.train_y) if conditional else (images.train_x,)

    def train(model: nn.Module, *, seed: int, budget: float) -> None:
        rng = repro.generator(seed)
        game = fit_pair(
            model, Critic(shape, classes=classes),
            training.batches(*given, size=BATCH, generator=rng),
            steps=repro.scaled(STEPS, budget), latent=LATENT, rng=rng,
            label="painter and critic", **SETTINGS,
        )  # fmt: skip
        model.load_state_dict(game.average.state_dict())

    return Recipe(
        build=lambda: Generator(shape, classes=classes),
        train=train,
        data=(images.train_x, images.train_y),
    )


def _conditional(*, dataset: str = "digits") -> Recipe:
    return _recipe(dataset, conditional=True)


def _unconditional(*, dataset: str = "digits") -> Recipe:
    return _recipe(dataset, conditional=False)


RECIPES: dict[str, Callable[..., Recipe]] = {
    "conditional": _conditional,
    "unconditional": _unconditional,
}
