"""Numbers that judge samples: distances between two sets, accuracy, intervals.

Every distance compares rows of features (or plain pixels, flattened). What they are
worth on a few hundred pictures is measured in `studies/ruler.py`; `minigen.ruler` has
the one that the book trusts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from minigen import repro


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the interval."""
        return self.low, self.high


def frechet(a: Float[Tensor, "n feature"], b: Float[Tensor, "m feature"]) -> float:
    """Return the squared Fréchet distance of two Gaussians fitted to the rows.

    |μa − μb|² + tr(Σa + Σb − 2 (Σa Σb)^½), FID when the features are Inception's
    (1706.08500). Over zero for two samples of one source, and more so the fewer rows.
    """
    a, b = _rows(a), _rows(b)
    root_a, root_b = _root(a), _root(b)
    # The eigenvalues of Σa Σb are the squares of these: no root of a rounding error.
    shared = torch.linalg.svdvals(root_a @ root_b.T).sum()
    mean = (a.mean(0) - b.mean(0)).square().sum()
    spread = root_a.square().sum() + root_b.square().sum()
    return float(mean + spread - 2 * shared)


def _root(rows: Float[Tensor, "n feature"]) -> Float[Tensor, "k feature"]:
    """Return R with RᵀR the covariance of the rows."""
    centred = (rows - rows.mean(0)) / (len(rows) - 1) ** 0.5
    return torch.linalg.qr(centred, mode="r").R


def energy_distance(
    a: Float[Tensor, "n feature"], b: Float[Tensor, "m feature"]
) -> float:
    """Return the energy distance, 2 E|a − b| − E|a − a'| − E|b − b'|, of two samples.

    Zero just where the sources agree (Székely & Rizzo 2013); a kernel distance with
    the kernel −|a − b| (1207.6076). Pairs of a row with itself count, so that two
    samples of one source come out over zero: that is the floor which a ratio needs.
    """
    a, b = _rows(a), _rows(b)
    between, within_a, within_b = _pairs(a, b), _pairs(a, a), _pairs(b, b)
    return float(2 * between.mean() - within_a.mean() - within_b.mean())


def unbiased_energy_distance(
    a: Float[Tensor, "n feature"], b: Float[Tensor, "m feature"]
) -> float:
    """Return the energy distance without the pairs of a row with itself.

    Two samples of one source give zero on average, of any size; so it can be negative.
    """
    a, b = _rows(a), _rows(b)
    n, m = len(a), len(b)
    within = _pairs(a, a).mean() * n / (n - 1) + _pairs(b, b).mean() * m / (m - 1)
    return float(2 * _pairs(a, b).mean() - within)


def kernel_distance(
    a: Float[Tensor, "n feature"], b: Float[Tensor, "m feature"]
) -> float:
    """Return the unbiased squared MMD with the kernel (a·b / features + 1)³.

    KID when the features are Inception's (1801.01401); zero on average for two samples
    of one source. The kernel compares the first three moments only.
    """
    a, b = _rows(a), _rows(b)
    n, m = len(a), len(b)

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / x.shape[1] + 1) ** 3

    aa, bb = kernel(a, a), kernel(b, b)
    within_a = (aa.sum() - aa.trace()) / (n * (n - 1))
    within_b = (bb.sum() - bb.trace()) / (m * (m - 1))
    return float(within_a + within_b - 2 * kernel(a, b).mean())


def two_sample_accuracy(
    a: Float[Tensor, "n feature"],
    b: Float[Tensor, "m feature"],
    *,
    folds: int = 5,
    seed: int = 0,
) -> float:
    """Return how often a new classifier tells a from b, each row judged unseen.

    One half means that it finds no difference (1610.06545); it is the mean of the
    shares right on a and on b. A support vector machine, cross-validated.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if min(len(a), len(b)) < folds:
        raise ValueError(
            f"each set needs at least {folds} rows for {folds} folds, not "
            f"{len(a)} and {len(b)}: give more, or ask for fewer folds"
        )
    rows = torch.cat([_rows(a), _rows(b)]).numpy()
    truth = np.repeat([0, 1], [len(a), len(b)])
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    judge = make_pipeline(StandardScaler(), SVC(class_weight="balanced"))
    said = cross_val_predict(judge, rows, truth, cv=parts)
    return float(np.mean([np.mean(said[truth == side] == side) for side in (0, 1)]))


def nearest_distance(
    a: Float[Tensor, "n feature"], b: Float[Tensor, "m feature"]
) -> Float[Tensor, " n"]:
    """Return for each row of a how far its nearest row of b lies (Euclidean)."""
    return _pairs(_rows(a), _rows(b)).min(dim=1).values.float()


def precision_recall(
    real: Float[Tensor, "n feature"],
    made: Float[Tensor, "m feature"],
    *,
    nearest: int = 3,
) -> tuple[float, float]:
    """Return precision and recall of made samples (1904.06991, eq. 1 and 2).

    Each set fills the balls that reach from a row to its third nearest other row.
    Precision is the share of made rows in the balls of the real ones, recall the share
    of real rows in the balls of the made. Both depend on n and m: give equal sizes, and
    beside them what real rows reach against others, which is under 1.
    """
    real, made = _rows(real), _rows(made)
    if min(len(real), len(made)) <= nearest:
        raise ValueError(
            f"each set needs more than nearest={nearest} rows, not {len(real)} and "
            f"{len(made)}"
        )
    between = _pairs(real, made)

    def reach(rows: Tensor) -> Tensor:
        # The nearest row is the row itself, at distance 0.
        return _pairs(rows, rows).kthvalue(nearest + 1, dim=1).values

    precision = (between <= reach(real)[:, None]).any(0).double().mean()
    recall = (between <= reach(made)[None, :]).any(1).double().mean()
    return float(precision), float(recall)


def precision_recall_by_halves(
    real: Float[Tensor, "n feature"],
    made: Float[Tensor, "m feature"],
    *,
    draws: int = 20,
    nearest: int = 3,
    generator: torch.Generator,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return precision and recall of made samples, and of real ones in their place.

    Each draw divides the real rows into halves A and B and takes as many made rows:
    made against A, and B against A, which is the ceiling. Means over the draws.
    """
    half = min(len(real) // 2, len(made))
    found = []
    for _ in range(draws):
        order = torch.randperm(len(real), generator=generator)
        some = torch.randperm(len(made), generator=generator)[:half]
        first, second = real[order[:half]], real[order[half : 2 * half]]
        pairs = [
            precision_recall(first, x, nearest=nearest) for x in (made[some], second)
        ]
        found.append(pairs)
    ours, ceiling = torch.tensor(found).mean(0).tolist()
    return tuple(ours), tuple(ceiling)


def accuracy(predicted: Int64[Tensor, " n"], labels: Int64[Tensor, " n"]) -> float:
    """Return the share of predicted classes that are right."""
    if len(labels) == 0:
        raise ValueError("accuracy needs at least one label, not none")
    return (predicted == labels).double().mean().item()


def bits_per_dimension(nats: float, dimensions: int) -> float:
    """Return a negative log-likelihood of one picture, in nats, as bits a dimension.

    Of discrete levels: a uniform guess over 17 grey levels costs log2 17 = 4.09 bits.
    A density's nats must first have the log of the level's width taken off.
    """
    if dimensions < 1:
        raise ValueError(
            "dimensions (channels × height × width) must be 1 or more, not "
            f"{dimensions}"
        )
    return nats / (dimensions * math.log(2))


def _mean(values: Tensor) -> Tensor:
    return values.mean(dim=-1)


def bootstrap_interval(
    values: Sequence[float] | Float[Tensor, " n"],
    *,
    level: float = 0.95,
    statistic: Callable[[Tensor], Tensor] = _mean,
    resamples: int = 2000,
    generator: torch.Generator | None = None,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a statistic (the mean) of the values.

    The statistic takes [resamples, n] and works along the last axis. With values as
    few as three to five seeds the interval comes out too narrow: say how many.
    """
    sample = torch.as_tensor(values, dtype=torch.float64)
    if len(sample) < 2 or not 0 < level < 1:
        raise ValueError(
            f"an interval needs two values or more and a level between 0 and 1, not "
            f"{len(sample)} values and {level}"
        )
    rng = generator or repro.generator(0)
    drawn = torch.randint(len(sample), (resamples, len(sample)), generator=rng)
    tail = (1 - level) / 2
    ends = torch.tensor([tail, 1 - tail], dtype=torch.float64)
    low, high = torch.quantile(statistic(sample[drawn]), ends)
    return float(low), float(high)


def _pairs(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b)  # [n, m]


def _rows(values: Tensor) -> Tensor:
    # Small differences of large sums: float32 would lose them.
    rows = values.detach().double()
    if len(rows) < 2 or not torch.isfinite(rows).all():
        raise ValueError(
            f"a sample needs two rows or more, all finite, not {len(rows)} rows"
            + ("" if torch.isfinite(rows).all() else " with inf or nan among them")
        )
    return rows
