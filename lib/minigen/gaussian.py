"""The mathematics of Gaussians that the density models stand on."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

#: The share of other classes' variances in what a covariance is shrunk to.
BORROWED = 0.25
#: Added to every share, so that a part which explains nothing has a mean all the same.
TINY = 1e-12
#: Rounds of k-means before the first step of a mixture.
LLOYD_STEPS = 10


def log_normal(
    x: Float[Tensor, "n d"],
    mean: Float[Tensor, "k d"],
    covariance: Float[Tensor, "k d d"],
) -> Float[Tensor, "n k"]:
    """Return log N(x; mean, covariance) in nats under each of k Gaussians."""
    factor = cholesky(covariance)  # [k, d, d], lower
    offset = (x.unsqueeze(0) - mean.unsqueeze(1)).mT  # [k, d, n]
    z = torch.linalg.solve_triangular(factor, offset, upper=False)
    log_volume = factor.diagonal(dim1=1, dim2=2).log().sum(1)  # [k]
    constant = 0.5 * x.shape[1] * math.log(2 * math.pi)
    return (-0.5 * z.square().sum(1) - log_volume.unsqueeze(1) - constant).mT


def cholesky(covariance: Float[Tensor, "*k d d"]) -> Float[Tensor, "*k d d"]:
    """Return the lower triangular L with L Lᵀ = covariance, or say what is wrong."""
    factor, failed = torch.linalg.cholesky_ex(covariance)
    if failed.any():
        raise ValueError(
            "a covariance is not positive definite, so its Gaussian has no density: "
            "give shrinkage above 0, and dequantise pixels that never change"
        )
    return factor


def shrink(
    covariance: Float[Tensor, "d d"], amount: float, *, shared: Float[Tensor, " d"]
) -> Float[Tensor, "d d"]:
    """Return (1 − amount) · covariance + amount · target, with a diagonal target.

    A few pictures fix variances well and correlations badly, so the target keeps the
    variances and has no correlations (Ledoit and Wolf, 2004; Schäfer and Strimmer,
    2005). A quarter of its variances are `shared`, those within all classes together:
    where a class has one picture, or a pixel that never changes in it, they are what
    keeps the covariance positive definite.
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"shrinkage is a share from 0 to 1, not {amount}")
    target = (1 - BORROWED) * covariance.diagonal() + BORROWED * shared
    return (1 - amount) * covariance + amount * target.diag()


def condition(
    mean: Float[Tensor, " d"],
    covariance: Float[Tensor, "d d"],
    seen: Bool[Tensor, " d"],
    values: Float[Tensor, "n seen"],
    *,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "n unseen"]:
    """Return the unseen coordinates of a Gaussian given the seen.

    Their mean is μ_u + Σ_us Σ_ss⁻¹ (x_s − μ_s), and their covariance
    Σ_uu − Σ_us Σ_ss⁻¹ Σ_su. With a generator this is a draw, without one the mean.
    """
    across = covariance[~seen][:, seen]
    gain = torch.cholesky_solve(across.mT, cholesky(covariance[seen][:, seen])).mT
    expected = mean[~seen] + (values - mean[seen]) @ gain.mT
    if generator is None:
        return expected
    left = covariance[~seen][:, ~seen] - gain @ across.mT
    noise = torch.randn(expected.shape, generator=generator, dtype=expected.dtype)
    return expected + noise @ cholesky((left + left.mT) / 2).mT


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians, and how likely the data was after each step."""

    log_weight: Float[Tensor, " k"]
    mean: Float[Tensor, "k d"]
    covariance: Float[Tensor, "k d d"]
    #: Mean log p(x) of the examples, in nats, after each step.
    trace: list[float]


def fit_mixture(
    x: Float[Tensor, "n d"],
    *,
    parts: int,
    estimate: Callable[[Tensor], Tensor] = lambda scatter: scatter,
    steps: int = 30,
    generator: torch.Generator | None = None,
) -> Mixture:
    """Fit a mixture of Gaussians by expectation–maximisation.

    Dempster, Laird and Rubin, 1977. The parts start at examples that the generator
    picks, moved to the middle of what is nearest to them (k-means).
    `estimate` turns a part's scatter into its covariance; when it returns the scatter
    itself, no step makes the data less likely.
    """
    if len(x) < parts:
        raise ValueError(f"{parts} parts need as many examples at least, not {len(x)}")
    share = _start(x, parts, generator)
    trace: list[float] = []
    for _ in range(steps if parts > 1 else 1):
        # M step: each part's share of the data, its mean and its covariance.
        counts = share.sum(0)  # [k]
        log_weight = (counts / len(x)).log()
        mean = share.mT @ x / counts.unsqueeze(1)  # [k, d]
        covariance = torch.stack(
            [
                estimate(
                    (share[:, k, None] * (x - mean[k])).mT @ (x - mean[k]) / counts[k]
                )
                for k in range(parts)
            ]
        )
        # E step: how much of each example every part explains.
        log_joint = log_weight + log_normal(x, mean, covariance)  # [n, k]
        share = log_joint.softmax(1) + TINY
        trace.append(float(log_joint.logsumexp(1).mean()))
    return Mixture(log_weight, mean, covariance, trace)


def _start(x: Tensor, parts: int, generator: torch.Generator | None) -> Tensor:
    if parts == 1:
        return x.new_ones(len(x), 1)
    if generator is None:
        raise ValueError("a mixture of several parts needs generator= for its start")
    centres = x[torch.randperm(len(x), generator=generator)[:parts]]
    for _ in range(LLOYD_STEPS):
        nearest = torch.cdist(x, centres).argmin(1)
        share = torch.nn.functional.one_hot(nearest, parts).to(x) + TINY
        centres = share.mT @ x / share.sum(0).unsqueeze(1)
    return share
