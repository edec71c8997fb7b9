"""What a detector's scores are worth: ROC, area, and what it finds at few false alarms.

A score is higher for what looks generated, and may be infinite. Everything is computed
from the scores of real things and those of made ones.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from scipy import stats
from torch import Generator, Tensor

from minigen import repro
from minigen.metrics import Estimate
from minigen.quiz import wilson

Scores = Float[Tensor, " _"]


def threshold(real: Scores, rate: float = 0.01) -> float:
    """Return the lowest score such that at most a share `rate` of real ones exceed it.

    What exceeds it is flagged; equal scores are not, so that ties never raise alarms.
    """
    if not 0 <= rate < 1 or not len(real):
        raise ValueError(
            f"a threshold needs a rate from 0 to below 1 and a real score, not {rate} "
            f"and {len(real)} scores"
        )
    allowed = math.floor(rate * len(real) + 1e-9)
    return float(real.sort(descending=True).values[allowed])


def found(real: Scores, made: Scores, rate: float = 0.01) -> float:
    """Return the share of made things that are flagged at this false-positive rate."""
    return float((made > threshold(real, rate)).double().mean())


def auc(real: Scores, made: Scores) -> float:
    """Return how often a made thing has a higher score than a real one, ties by half.

    The area under the ROC curve, as the statistic of Mann and Whitney.
    """
    return float(_aucs(real[None], made[None])[0])


def roc(real: Scores, made: Scores) -> tuple[Tensor, Tensor]:
    """Return the false-positive and true-positive rates at every threshold, rising."""
    steps = torch.cat([real, made]).unique(sorted=True).flip(0)
    rates = [
        1 - torch.searchsorted(scores.sort().values, steps) / len(scores)
        for scores in (real, made)
    ]
    zero = torch.zeros(1)
    return torch.cat([zero, rates[0]]), torch.cat([zero, rates[1]])


@dataclass(frozen=True)
class Judged:
    """What a detector is worth: its AUC, and what it finds at a low rate of alarms."""

    auc: Estimate
    found: Estimate


def judge(
    real: Scores,
    made: Scores,
    *,
    rate: float = 0.01,
    resamples: int = 400,
    generator: Generator | None = None,
) -> Judged:
    """Return AUC and the share found at a false-positive rate, with their intervals.

    Percentile bootstrap: real and made scores are drawn again, each from its own, and
    the threshold is set anew each time. Where all or none are found the bootstrap has
    no width, so the interval of a share is never narrower than Wilson's. It says what
    other things would have given, not what other trainings would. A rate of 1 % wants
    1,000 real ones or more: see `line_rate`.
    """
    rng = generator or repro.generator(0)
    again = [
        scores[torch.randint(len(scores), (resamples, len(scores)), generator=rng)]
        for scores in (real, made)
    ]
    allowed = math.floor(rate * len(real) + 1e-9)
    limits = again[0].sort(dim=1, descending=True).values[:, allowed]
    shares = (again[1] > limits[:, None]).double().mean(1)
    found_ = _share(found(real, made, rate), shares)
    low, high = wilson(round(found_.value * len(made)), len(made))
    return Judged(
        _share(auc(real, made), _aucs(*again)),
        Estimate(found_.value, min(low, found_.low), max(high, found_.high)),
    )


def line_rate(count: int, rate: float = 0.01) -> tuple[float, float, float]:
    """Return the true false-positive rate of a line that `count` real things set.

    Its mean and the ends of its 95 % interval, whatever the score, if that has no ties:
    the line is the (k + 1)-th highest of n real scores, k being what `rate` allows, and
    what lies above an order statistic follows Beta(k + 1, n - k).
    """
    allowed = math.floor(rate * count + 1e-9)
    law = stats.beta(allowed + 1, count - allowed)
    return float(law.mean()), float(law.ppf(0.025)), float(law.ppf(0.975))


def _share(value: float, drawn: Tensor) -> Estimate:
    low, high = drawn.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64))
    return Estimate(value, float(low), float(high))


def _aucs(real: Tensor, made: Tensor) -> Float[Tensor, " resamples"]:
    order = real.double().sort(dim=1).values.contiguous()
    given = made.double().contiguous()
    below = torch.searchsorted(order, given) + torch.searchsorted(
        order, given, right=True
    )
    return below.double().mean(1) / (2 * real.shape[1])


def together(scores: Scores, count: int, *, generator: Generator) -> Scores:
    """Return sums of `count` scores each, drawn with replacement: of longer texts."""
    chosen = torch.randint(len(scores), (len(scores), count), generator=generator)
    return scores[chosen].sum(1)


def honest(share_made: float, found: float, alarms: float) -> float:
    """Return which share of all that is flagged is real (Bayes' rule).

    `share_made` of all things are made, `found` of these and `alarms` of the real ones
    are flagged. Nothing flagged at all gives nan.
    """
    flagged = share_made * found, (1 - share_made) * alarms
    return flagged[1] / sum(flagged) if sum(flagged) else math.nan
