"""Density models of pictures with a class: p(x, y) = p(y) p(x | y), in closed form.

`Histograms` takes the pixels one by one, `Gaussians` all together, and `Copula` gives
the pixels of the first the correlations of the second. What a model then does with
p(x, y) (sample, classify, judge, mend) is written once, in `bayes.Density`.

The models see pixels as real numbers in [0, 1): see `dequantise`.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import one_hot

from minigen import data
from minigen.bayes import Density
from minigen.gaussian import condition, fit_mixture, log_normal, shrink
from minigen.repro import generator as seeded
from minigen.zoo import Recipe

__all__ = [
    "RECIPES", "Copula", "Density", "Gaussians", "Histograms",
    "bits_per_dim", "dequantise", "quantise",
]  # fmt: skip


def dequantise(
    x: Float[Tensor, "n channel height width"],
    levels: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "n channel height width"]:
    """Spread each grey level over its own share of [0, 1): (level + u) / levels.

    The noise u is uniform on [0, 1), and ½ without a generator. The mean log density
    of what comes out, less the log volume (pixels · log levels), never exceeds the log
    probability of the levels (1511.01844, 3.1): so densities and probabilities compare.
    """
    level = (x.double() * (levels - 1)).round()
    if generator is None:
        return (level + 0.5) / levels
    noise = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    return (level + noise.to(x.device)) / levels


def quantise(
    x: Float[Tensor, "n channel height width"], levels: int
) -> Float[Tensor, "n channel height width"]:
    """Return pictures on `levels` grey levels in [0, 1]: undo `dequantise`."""
    level = (x * levels).floor().clamp(0, levels - 1)
    return (level / (levels - 1)).float()


def bits_per_dim(
    model: Density,
    x: Float[Tensor, "n channel height width"],
    y: Int64[Tensor, " n"] | None = None,
    *,
    levels: int,
    generator: torch.Generator,
    draws: int = 1,
) -> Float[Tensor, " n"]:
    """Return the bits that each picture's levels cost a pixel, an upper bound.

    −log₂ of the density of the dequantised picture, with a grey level as the unit of
    length, over the number of pixels, as the mean of `draws` noises. With labels it
    is that of p(x | y), else of p(x). Guessing uniformly costs log₂(levels).
    """
    nats = torch.zeros(len(x), dtype=torch.float64)
    for _ in range(draws):
        noisy = dequantise(x, levels, generator)
        log_p = model.log_marginal(noisy) if y is None else model.log_prob(noisy, y)
        nats -= log_p / draws
    return (nats / x[0].numel() + math.log(levels)) / math.log(2)


#: The largest value under 1 that pixels and probabilities take.
ALMOST_ONE = 1 - 1e-9


class Gaussians(Density):
    """A mixture of Gaussians for each class; with one part, a Gaussian a class."""

    mean: Float[Tensor, "classes parts pixels"]
    covariance: Float[Tensor, "classes parts pixels pixels"]

    def __init__(self, shape: tuple[int, ...], *, classes: int, parts: int = 1):
        super().__init__(shape, classes=classes, parts=parts)
        size = (classes, parts, self.pixels)
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer(
            "covariance", torch.zeros(*size, self.pixels, dtype=torch.float64)
        )

    def fit(
        self,
        x: Float[Tensor, "n channel height width"],
        y: Int64[Tensor, " n"],
        *,
        shrinkage: float,
        steps: int = 30,
        generator: torch.Generator | None = None,
    ) -> "Gaussians":
        """Fit every class by maximum likelihood, with shrunk covariances.

        Several parts are found by expectation–maximisation from a start that takes the
        generator. What covariances shrink to is described at `gaussian.shrink`.
        """
        groups = self._groups(x, y)
        spread = torch.stack([group.var(0, correction=0) for group in groups])
        shared = self.log_prior.exp() @ spread
        for label, group in enumerate(groups):
            mixture = fit_mixture(
                group,
                parts=self.log_weight.shape[1],
                estimate=lambda scatter: shrink(scatter, shrinkage, shared=shared),
                steps=steps,
                generator=generator,
            )
            self.log_weight[label] = self.log_prior[label] + mixture.log_weight
            self.mean[label] = mixture.mean
            self.covariance[label] = mixture.covariance
        return self

    def _log_parts(self, x: Tensor, seen: Tensor) -> Tensor:
        mean = self.mean.flatten(0, 1)[:, seen]
        covariance = self.covariance.flatten(0, 1)[:, seen][:, :, seen]
        return self.log_weight.flatten() + log_normal(x[:, seen], mean, covariance)

    def _fill(
        self, part: int, x: Tensor, seen: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        mean, covariance = self.mean.flatten(0, 1), self.covariance.flatten(0, 1)
        return condition(
            mean[part], covariance[part], seen, x[:, seen], generator=generator
        )


class Histograms(Density):
    """For each class and pixel the share of each grey level; pixels independent."""

    share: Float[Tensor, "classes pixels levels"]

    def __init__(self, shape: tuple[int, ...], *, classes: int, levels: int):
        super().__init__(shape, classes=classes)
        self.levels = levels
        size = (classes, self.pixels, levels)
        self.register_buffer("share", torch.zeros(size, dtype=torch.float64))

    def fit(
        self,
        x: Float[Tensor, "n channel height width"],
        y: Int64[Tensor, " n"],
        *,
        smoothing: float,
    ) -> "Histograms":
        """Count levels, with `smoothing` examples of every level added to each pixel.

        Without them a level that the training pictures lack would be impossible.
        """
        if smoothing <= 0:
            raise ValueError(f"smoothing must be above 0, not {smoothing}")
        for label, group in enumerate(self._groups(x, y)):
            counts = one_hot(self._level(group), self.levels).sum(0)  # [pixels, levels]
            shares = counts + smoothing
            self.share[label] = shares / shares.sum(1, keepdim=True)
        return self

    def _level(self, x: Tensor) -> Tensor:
        if x.numel() and not 0 <= float(x.min()) <= float(x.max()) < 1:
            raise ValueError(
                f"pixels must lie in [0, 1), and run from {float(x.min()):.3g} to "
                f"{float(x.max()):.3g}: use density.dequantise first"
            )
        return (x * self.levels).long()

    def _log_pixels(self, x: Tensor, seen: Tensor) -> Tensor:
        """Return the log density of each seen pixel by class: [classes, n, seen]."""
        level = self._level(x[:, seen]).mT.expand(len(self.share), -1, -1)
        shares = self.share[:, seen].gather(2, level)  # [classes, seen, n]
        return (shares.log() + math.log(self.levels)).mT

    def _log_parts(self, x: Tensor, seen: Tensor) -> Tensor:
        return self.log_prior + self._log_pixels(x, seen).sum(2).mT

    def _fill(
        self, part: int, x: Tensor, seen: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        share = self.share[part, ~seen]  # [unseen, levels]
        if generator is None:
            middle = (torch.arange(self.levels) + 0.5).to(share) / self.levels
            return (share @ middle).expand(len(x), -1)
        size = (len(x), len(share))
        u = torch.rand(size, generator=generator, dtype=torch.float64)
        return self._quantile(part, u, ~seen)

    def _cumulative(self, part: int, pixels: Tensor) -> Tensor:
        """Return the probability below each level: [pixels, levels]."""
        share = self.share[part, pixels]
        return share.cumsum(1) - share

    def _quantile(self, part: int, u: Tensor, pixels: Tensor) -> Tensor:
        """Return the values under which pixels lie with probability u: [n, pixels]."""
        below = self._cumulative(part, pixels)
        level = torch.searchsorted(below, u.mT.contiguous(), right=True) - 1
        share = self.share[part, pixels].gather(1, level)
        inside = (u.mT - below.gather(1, level)) / share
        return ((level + inside.clamp(0, ALMOST_ONE)) / self.levels).mT

    def _probability(self, part: int, x: Tensor, pixels: Tensor) -> Tensor:
        """Return the probability that pixels lie under x: undo `_quantile`."""
        level = self._level(x).mT
        inside = x.mT * self.levels - level
        share = self.share[part, pixels].gather(1, level)
        return (self._cumulative(part, pixels).gather(1, level) + inside * share).mT


class Copula(Histograms):
    """Histograms tied by a Gaussian: each pixel keeps its own, and they correlate.

    Every pixel is bent, by its histogram's distribution function and a normal
    quantile, into z that is a standard normal; a Gaussian with correlation R describes
    z. By the change of variables (Nelsen, An Introduction to Copulas, 2006),
    log p(x) = Σ log histogram(x_j) + log N(z; 0, R) − Σ log N(z_j; 0, 1).
    """

    correlation: Float[Tensor, "classes pixels pixels"]

    def __init__(self, shape: tuple[int, ...], *, classes: int, levels: int):
        super().__init__(shape, classes=classes, levels=levels)
        size = (classes, self.pixels, self.pixels)
        self.register_buffer("correlation", torch.zeros(size, dtype=torch.float64))

    def fit(
        self,
        x: Float[Tensor, "n channel height width"],
        y: Int64[Tensor, " n"],
        *,
        smoothing: float,
        shrinkage: float = 0.4,
    ) -> "Copula":
        """Fit the histograms, then the correlations, shrunk towards none."""
        super().fit(x, y, smoothing=smoothing)
        everything = torch.ones(self.pixels, dtype=torch.bool)
        for label, group in enumerate(self._groups(x, y)):
            z = self._bend(label, group, everything)
            scatter = z.mT @ z / len(z)
            scale = scatter.diagonal().sqrt()
            correlation = scatter / scale / scale.unsqueeze(1)
            ones = torch.ones_like(scale)
            self.correlation[label] = shrink(correlation, shrinkage, shared=ones)
        return self

    def _bend(self, part: int, x: Tensor, pixels: Tensor) -> Tensor:
        below = self._probability(part, x, pixels)
        return torch.special.ndtri(below.clamp(1 - ALMOST_ONE, ALMOST_ONE))

    def _log_parts(self, x: Tensor, seen: Tensor) -> Tensor:
        independent = super()._log_parts(x, seen)
        columns = []
        for part, correlation in enumerate(self.correlation):
            z = self._bend(part, x[:, seen], seen)
            together = log_normal(
                z, z.new_zeros(1, z.shape[1]), correlation[seen][:, seen][None]
            )
            alone = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
            columns.append(independent[:, part] + together[:, 0] - alone)
        return torch.stack(columns, 1)

    def _fill(
        self, part: int, x: Tensor, seen: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        z = condition(
            x.new_zeros(self.pixels), self.correlation[part], seen,
            self._bend(part, x[:, seen], seen), generator=generator,
        )  # fmt: skip
        return self._quantile(part, torch.special.ndtr(z), ~seen)


def _recipe(
    dataset: str, build: Callable[..., Density], fit: Callable[..., object]
) -> Recipe:
    images = data.images(dataset)
    shape, classes = tuple(images.train_x.shape[1:]), len(images.classes)

    def train(model: nn.Module, *, seed: int, budget: float) -> None:
        # In closed form, or nearly: a smaller budget would save nothing.
        noise = seeded(seed)
        x = dequantise(images.train_x, images.levels, noise)
        fit(model, x, images.train_y, noise)

    return Recipe(
        build=lambda: build(shape, classes=classes, levels=images.levels),
        train=train,
        data=(images.train_x, images.train_y),
    )


def _histograms(*, dataset: str = "digits", smoothing: float = 0.2) -> Recipe:
    return _recipe(
        dataset,
        Histograms,
        lambda model, x, y, noise: model.fit(x, y, smoothing=smoothing),
    )


def _gaussian(*, dataset: str = "digits", shrinkage: float = 0.2) -> Recipe:
    return _mixture(dataset=dataset, parts=1, shrinkage=shrinkage)


def _mixture(
    *, dataset: str = "digits", parts: int = 3, shrinkage: float = 0.4
) -> Recipe:
    return _recipe(
        dataset,
        lambda shape, classes, levels: Gaussians(shape, classes=classes, parts=parts),
        lambda model, x, y, noise: model.fit(
            x, y, shrinkage=shrinkage, generator=noise
        ),
    )


def _copula(
    *, dataset: str = "digits", smoothing: float = 0.4, shrinkage: float = 0.4
) -> Recipe:
    return _recipe(
        dataset,
        Copula,
        lambda model, x, y, noise: model.fit(
            x, y, smoothing=smoothing, shrinkage=shrinkage
        ),
    )


#: For the zoo; the settings were chosen on a part of the digits' training pictures.
RECIPES: dict[str, Callable[..., Recipe]] = {
    "histograms": _histograms,
    "gaussian": _gaussian,
    "mixture": _mixture,
    "copula": _copula,
}
