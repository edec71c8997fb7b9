"""What a score says: right answers against chance, and d′, each with its interval.

A reader is shown something and says "real" or "generated". Finding what is generated is
the signal: to call a generated one generated is a hit, to call a real one so is a false
alarm. The page's quiz computes the same (show/quiz.js).
"""

import math
from dataclasses import dataclass

from scipy import stats

from minigen.metrics import Estimate

Z95 = 1.959963984540054


def wilson(right: int, asked: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's score (1927).

    It holds for few answers too, and at shares of 0 and 1.
    """
    _check(right, asked)
    share, z2 = right / asked, Z95**2
    middle = (share + z2 / (2 * asked)) / (1 + z2 / asked)
    reach = math.sqrt(share * (1 - share) / asked + z2 / (4 * asked**2))
    reach *= Z95 / (1 + z2 / asked)
    # At 0 and 1 the ends are exact, and rounding would take them past.
    return (
        0.0 if right == 0 else middle - reach,
        1.0 if right == asked else middle + reach,
    )


def by_chance(right: int, asked: int) -> float:
    """Return how often coin flips get that many right, or more: a binomial tail."""
    _check(right, asked)
    return sum(math.comb(asked, k) for k in range(right, asked + 1)) / 2**asked


@dataclass(frozen=True)
class Sensitivity(Estimate):
    """d′ with its 95 % interval, and the criterion: over 0, a reader says "real" more.

    d′ is 0 for who cannot tell; 1 is 69 % right without bias, 2 is 84 %.
    """

    criterion: float


def d_prime(hits: int, generated: int, false_alarms: int, real: int) -> Sensitivity:
    """Return z(hit rate) − z(false-alarm rate), which bias does not move.

    Half an answer is added to every count, so that rates of 0 and 1 stay finite
    (Hautus 1995); the variance is that of Gourevitch and Galanter (1967).
    """
    _check(hits, generated)
    _check(false_alarms, real)
    found, wrong = (hits + 0.5) / (generated + 1), (false_alarms + 0.5) / (real + 1)
    at_found, at_wrong = stats.norm.ppf(found), stats.norm.ppf(wrong)
    variance = sum(
        rate * (1 - rate) / count / stats.norm.pdf(at) ** 2
        for rate, count, at in (
            (found, generated, at_found), (wrong, real, at_wrong),
        )
    )  # fmt: skip
    value, reach = float(at_found - at_wrong), Z95 * math.sqrt(variance)
    criterion = -float(at_found + at_wrong) / 2
    return Sensitivity(value, value - reach, value + reach, criterion)


def _check(some: int, all_: int) -> None:
    if not 0 <= some <= all_ or all_ < 1:
        raise ValueError(
            f"a count goes from 0 to the number asked, which is 1 or more: not {some} "
            f"of {all_}"
        )
