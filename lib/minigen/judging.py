"""More ways to judge samples: density and coverage, bias taken out, copies found.

`minigen.metrics` has the distances, precision and recall; all take rows of features or
of pixels.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from minigen.features import Classifier
from minigen.metrics import Estimate, frechet, nearest_distance, precision_recall

#: Neighbours that reach a ball's edge, as in the paper on density and coverage.
NEAREST = 5


def density_coverage(
    real: Float[Tensor, "n feature"],
    made: Float[Tensor, "m feature"],
    *,
    nearest: int = NEAREST,
) -> tuple[float, float]:
    """Return density and coverage of made samples (2002.09797, eq. 4 and 5).

    Around each real row lies a ball that reaches to its fifth nearest real neighbour.
    Density is how many balls a made row lies in, over five: 1 on average for fresh real
    rows, and it can be more. Coverage is the share of balls with a made row in them.
    """
    real, made = _rows(real, nearest + 1), _rows(made, 1)
    reach = _pairs(real, real).kthvalue(nearest + 1, dim=1).values  # itself is first
    inside = _pairs(real, made) <= reach[:, None]  # [n, m]
    density = inside.double().sum(0).mean() / nearest
    return float(density), float(inside.any(1).double().mean())


def expected_coverage(real: int, made: int, *, nearest: int = NEAREST) -> float:
    """Return the coverage of a perfect generator, whatever the distribution.

    A ball is empty if, of all other rows, the five nearest are real ones:
    1 − C(n − 1, k) / C(n + m − 1, k) (2002.09797, section 3.3), without ties.
    """
    if real <= nearest or made < 1:
        raise ValueError(
            f"coverage needs more than nearest={nearest} real rows and a made one, not "
            f"{real} and {made}"
        )
    empty = math.comb(real - 1, nearest) / math.comb(real + made - 1, nearest)
    return 1 - empty


class Quality(NamedTuple):
    """Four numbers of samples against real rows."""

    precision: float
    recall: float
    density: float
    coverage: float


def quality(
    real: Float[Tensor, "n feature"], made: Float[Tensor, "m feature"]
) -> Quality:
    """Return precision, recall, density and coverage of made samples."""
    return Quality(*precision_recall(real, made), *density_coverage(real, made))


def quality_by_halves(
    real: Float[Tensor, "n feature"],
    *made: Float[Tensor, "_ feature"],
    draws: int = 20,
    generator: torch.Generator,
) -> list[Quality]:
    """Return the quality of each set of samples, and last that of real rows.

    Each draw divides the real rows into halves A and B and takes as many of each set:
    all are compared with the same A, so that they differ by what they are and not by
    luck; B against A is the ceiling. Means over the draws.
    """
    half = min(len(real) // 2, *(len(rows) for rows in made)) if made else (
        len(real) // 2
    )  # fmt: skip
    found = []
    for _ in range(draws):
        order = torch.randperm(len(real), generator=generator)
        first, second = real[order[:half]], real[order[half : 2 * half]]
        chosen = [
            rows[torch.randperm(len(rows), generator=generator)[:half]] for rows in made
        ]
        found.append([quality(first, rows) for rows in (*chosen, second)])
    means = torch.tensor(found, dtype=torch.float64).mean(0)
    return [Quality(*row) for row in means.tolist()]


def frechet_by_size(
    a: Float[Tensor, "n feature"],
    b: Float[Tensor, "m feature"],
    sizes: Sequence[int],
    *,
    draws: int = 20,
    generator: torch.Generator,
) -> Float[Tensor, " size"]:
    """Return the mean Fréchet distance of so many rows of a and of b, at each size."""
    if max(sizes) > min(len(a), len(b)):
        raise ValueError(
            f"there are {len(a)} and {len(b)} rows, too few for a size of {max(sizes)}"
        )
    means = []
    for size in sizes:
        values = [
            frechet(
                a[torch.randperm(len(a), generator=generator)[:size]],
                b[torch.randperm(len(b), generator=generator)[:size]],
            )
            for _ in range(draws)
        ]
        means.append(sum(values) / draws)
    return torch.tensor(means, dtype=torch.float64)


def at_infinity(
    sizes: Sequence[int], values: Float[Tensor, " size"]
) -> tuple[float, float]:
    """Return what a distance tends to as samples grow, and its slope in 1/n.

    A straight line in 1/n, by least squares (1911.07023, section 3).
    """
    if len(set(sizes)) < 2 or len(sizes) != len(values):
        raise ValueError(
            f"a line needs two sizes or more and a value for each, not {len(sizes)} "
            f"sizes and {len(values)} values"
        )
    inverse = 1 / torch.tensor(sizes, dtype=torch.float64)
    table = torch.stack([torch.ones_like(inverse), inverse], dim=1)
    line = torch.linalg.lstsq(table, values.double()[:, None]).solution[:, 0]
    return float(line[0]), float(line[1])


def closer(
    samples: Float[Tensor, "n feature"],
    train: Float[Tensor, "m feature"],
    held: Float[Tensor, "k feature"],
) -> Estimate:
    """Compare distances to the nearest training row, of samples and of held-out rows.

    The share of pairs (sample, held-out row) in which the sample is nearer, ties by
    half: the statistic of Mann and Whitney (2004.05675, section 3). One half for a
    generator that does not copy; its interval takes the training rows as they are.
    """
    return smaller(nearest_distance(samples, train), nearest_distance(held, train))


def smaller(ours: Float[Tensor, " n"], theirs: Float[Tensor, " m"]) -> Estimate:
    """Return how often a value of ours is under one of theirs, ties by half.

    Its interval by the variance of DeLong and others (1988). Where all pairs agree that
    shrinks to a point and says nothing.
    """
    wins = (ours[:, None] < theirs).double() + 0.5 * (ours[:, None] == theirs)
    by_ours, by_theirs = wins.mean(1), wins.mean(0)
    error = (by_ours.var() / len(ours) + by_theirs.var() / len(theirs)).sqrt()
    share, reach = float(wins.mean()), 1.96 * float(error)
    return Estimate(share, max(0.0, share - reach), min(1.0, share + reach))


def authenticity(
    samples: Float[Tensor, "n feature"], train: Float[Tensor, "m feature"]
) -> float:
    """Return the share of samples that are no nearer to training rows than those are.

    A sample is not authentic if it is nearer to its nearest training row than any
    other training row is to that one (2102.08921, section 3.3). Fresh real rows do not
    reach 1: give beside it what held-out ones reach.
    """
    between = _pairs(_rows(samples, 1), _rows(train, 2))
    distance, nearest = between.min(dim=1)
    own = _pairs(_rows(train, 2), _rows(train, 2)).fill_diagonal_(math.inf)
    return float((distance >= own.min(dim=1).values[nearest]).double().mean())


def features_with_slopes(
    classifier: Classifier, images: Float[Tensor, "n channel height width"]
) -> Float[Tensor, "n feature"]:
    """Return the ruler's features of pictures, through which gradients pass.

    What a generator needs in order to cheat the ruler, and a chapter to show it.
    """
    layers = classifier._layers(images)
    return torch.cat([x / math.sqrt(2 * x.shape[1]) for x in layers], dim=1)


def _pairs(a: Tensor, b: Tensor) -> Tensor:
    # By differences, so that a copy has distance 0 and no rounding is left.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def _rows(values: Tensor, least: int) -> Tensor:
    rows = values.detach().double()
    if len(rows) < least or not torch.isfinite(rows).all():
        raise ValueError(
            f"a sample needs {least} rows or more, all finite, not {len(rows)} rows"
            + ("" if torch.isfinite(rows).all() else " with inf or nan among them")
        )
    return rows
