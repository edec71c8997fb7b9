"""Checkers of the exercises on evaluation."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from minigen.checks import NotYet, calls, close, number, numbers
from minigen.exercises import Checker

Rows = NDArray[np.float64]


def sensitivity(answer: Callable[..., Any]) -> str:
    """Return d′ and the criterion, half an answer added to every count."""
    for counts in ((7, 10, 3, 10), (10, 10, 0, 12), (9, 10, 8, 9), (2, 30, 5, 8)):
        hits, generated, alarms, real = counts
        found = calls(answer, *counts)
        if not isinstance(found, tuple | list | np.ndarray) or len(found) != 2:
            raise NotYet("It should return two numbers: d′ and the criterion.")
        value, criterion = (number(one, name="Each of the two") for one in found)
        at = norm.ppf((hits + 0.5) / (generated + 1))
        off = norm.ppf((alarms + 0.5) / (real + 1))
        if not math.isfinite(value):
            raise NotYet(
                "A rate of 0 or 1 gives infinity: add half an answer to the counts."
            )
        if math.isclose(value, off - at, rel_tol=1e-6):
            raise NotYet("This d′ is negative for a good reader: turn it round.")
        with np.errstate(divide="ignore"):
            bare = norm.ppf(hits / generated) - norm.ppf(alarms / real)
        if math.isclose(value, bare, rel_tol=1e-6):
            raise NotYet("Half an answer is missing in the counts.")
        close(value, at - off, name="d′")
        if math.isclose(criterion, (at + off) / 2, rel_tol=1e-6):
            raise NotYet(
                "Your criterion is above 0 for a reader who says generated too easily."
            )
        if math.isclose(criterion, -(at + off), rel_tol=1e-6):
            raise NotYet("Your criterion is twice too large.")
        close(criterion, -(at + off) / 2, name="The criterion")
    return "right: suspicion moves the second number and not the first."


def missing(answer: Callable[..., Any]) -> str:
    """List the classes whose share among the made is too small."""
    real = np.repeat([0, 1, 2, 3], [40, 30, 20, 10])
    cases = [
        (np.repeat([0, 1, 3], [4, 3, 1]), 0.5, [2]),
        (np.repeat([0, 1, 2, 3], [80, 12, 40, 20]), 0.5, [1]),
        (np.repeat([0, 1, 2, 3], [40, 30, 20, 10]), 1.0, []),
        (np.repeat([3, 7], [5, 50]), 0.5, [0, 1, 2]),
        (np.repeat([0, 1, 2, 3], [10, 8, 5, 2]), 0.9, [3]),
    ]
    for made, share, wanted in cases:
        found = calls(answer, real, made, share)
        if isinstance(found, np.ndarray):
            found = found.tolist()
        if not isinstance(found, list | tuple):
            raise NotYet("It should return a list of class numbers.")
        listed = numbers(found, name="The list")
        if listed.ndim != 1 or not np.array_equal(listed, listed.round()):
            raise NotYet("It should return a list of class numbers.")
        told = [int(one) for one in listed]
        if 7 in told:
            raise NotYet("Class 7 is not real at all: nothing of it is missing.")
        if told != sorted(told):
            raise NotYet("The list should be sorted.")
        if told != wanted:
            counts = dict(zip(*np.unique(made, return_counts=True), strict=True))
            said = ", ".join(f"{int(k)}: {int(v)}" for k, v in counts.items())
            raise NotYet(
                f"Real are 40, 30, 20 and 10 of the classes 0 to 3, made are {said}, "
                f"and share={share}. You say {told}. Compare shares, not counts: the "
                "arrays differ in length."
            )
    return "right, and no balls were needed."


def endless(answer: Callable[..., Any]) -> str:
    """Extrapolate a biased measure to samples without end."""
    rng = np.random.default_rng(0)
    # In many dimensions the bias is large beside the noise.
    a, b = rng.normal(0, 0.3, (3000, 30)), rng.normal(0, 0.3, (2000, 30)) + 0.1

    def measure(x: Rows, y: Rows) -> float:
        # |difference of means|², whose bias is 2.7 (1/n + 1/m).
        if len(x) != len(y):
            raise NotYet("Both sides of a comparison should have the same size.")
        for rows, whole in ((x, a), (y, b)):
            if len(np.unique(rows, axis=0)) < len(rows):
                raise NotYet("A row came twice in one draw: draw without replacement.")
            if len(rows) > 50 and np.array_equal(rows, whole[: len(rows)]):
                raise NotYet("Draw rows at random, not the first ones each time.")
        return float(((x.mean(0) - y.mean(0)) ** 2).sum())

    truth = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    sizes = [20, 40, 80, 160]
    found = calls(answer, measure, a, b, sizes, 200, np.random.default_rng(1))
    if np.shape(found) != ():
        raise NotYet("It should be one number, the line's value at 1/n = 0.")
    value = number(found)
    if value > truth + 0.02:
        raise NotYet(
            f"You give {float(value):.3f}. That is what small samples say; a line "
            "through the means of all sizes should be followed to 1/n = 0."
        )
    if value < truth - 0.02:
        raise NotYet(
            f"You give {float(value):.3f}, which is too low. Is the line straight in "
            "1/n, and not in n or log n?"
        )
    return "right: the bias is gone, though no sample was large."


#: What the auditor is shown: words, the share of copies, the noise on them, a factor
#: by which honest samples lie too far out, and the three sizes.
_CASES = (
    ("an honest maker", 0.0, 0.0, 1.0, (300, 400, 200)),
    ("an honest maker with few samples", 0.0, 0.0, 1.0, (80, 400, 300)),
    ("an honest maker whose samples are too far out", 0.0, 0.0, 1.3, (300, 400, 200)),
    ("a thief", 1.0, 0.0, 1.0, (200, 400, 200)),
    ("a thief in disguise", 1.0, 0.02, 1.0, (200, 400, 200)),
    ("one who steals one sample in five, in disguise", 0.2, 0.02, 1.0, (300, 400, 200)),
    ("one who steals one in five, far out otherwise", 0.2, 0.02, 1.3, (300, 400, 200)),
)


def auditor(answer: Callable[..., Any]) -> str:
    """Accuse the thieves and nobody else, in other units and with other numbers."""
    for words, stolen, noise, spread, (n, m, k) in _CASES:
        for luck, unit in enumerate((1.0, 0.01, 50.0, 3.0)):
            rng = np.random.default_rng(100 + luck)
            train, held = rng.normal(size=(m, 8)), rng.normal(size=(k, 8))
            samples = spread * rng.normal(size=(n, 8))
            taken = rng.random(n) < stolen
            copied = train[rng.integers(m, size=n)] + noise * rng.normal(size=(n, 8))
            samples[taken] = copied[taken]
            said = calls(answer, unit * samples, unit * train, unit * held)
            if not isinstance(said, bool | np.bool_):
                raise NotYet("It should return True or False.")
            if bool(said) != (stolen > 0):
                verdict = "accuses" if said else "clears"
                raise NotYet(f"Your auditor {verdict} {words}, in units of {unit:g}.")
    return "right: every thief is caught, and nobody else."


CHECKERS: dict[str, Checker] = {
    "sensitivity": sensitivity,
    "missing": missing,
    "endless": endless,
    "auditor": auditor,
}
