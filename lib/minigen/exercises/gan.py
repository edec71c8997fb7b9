"""Checkers of the exercises on generative adversarial networks."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigen.checks import NotYet, calls, close, number
from minigen.exercises import Checker


def critic(best: Callable[..., Any]) -> str:
    """D* = s p / (s p + (1 − s) q), and one half where neither occurs."""
    p = np.array([0.2, 0.6, 0.0, 0.3, 0.0])
    q = np.array([0.2, 0.2, 0.4, 0.0, 0.0])
    found = np.asarray(calls(best, p, q, 0.5), dtype=float)
    if found.shape == p.shape and np.allclose(found[:4], [0.5, 0.25, 1, 0]):
        raise NotYet("This is the probability of *made*; the critic says *real*.")
    if found.shape == p.shape and not np.isfinite(found[4]):
        raise NotYet(
            "Where neither real nor made samples occur you give no number. There the "
            "critic has seen nothing, and should say one half."
        )
    close(found, [0.5, 0.75, 0, 1, 0.5], name="The best critic at equal shares")
    uneven = np.asarray(calls(best, p, q, 0.8), dtype=float)
    if uneven.shape == p.shape and np.allclose(uneven, found):
        raise NotYet("It should matter how many of the samples shown are real.")
    close(uneven, [0.8, 12 / 13, 0, 1, 0.5], name="The best critic when 80 % are real")
    close(calls(best, p[:3], q[:3], 0.1), [0.1, 0.25, 0], name="When 10 % are real, it")
    return "right: it is Bayes' rule, with the shares as p(y)."


def loss(painter_loss: Callable[..., Any]) -> str:
    """The mean of log(1 + exp(−score)), for scores however large."""
    scores = np.array([0.0, 2.0, -1.0])
    expected = np.log1p(np.exp(-scores)).mean()
    given = calls(painter_loss, scores)
    if np.shape(given) != ():
        raise NotYet("It should be one number: the mean over the samples.")
    found = number(given, name="The loss")
    if math.isclose(found, -np.log1p(np.exp(scores)).mean(), rel_tol=1e-5):
        raise NotYet(
            "This is log(1 − D), the loss whose slope fades. The other one takes the "
            "logarithm of D itself."
        )
    if math.isclose(found, -expected, rel_tol=1e-5):
        raise NotYet("This falls when the critic is *not* fooled. Turn the sign?")
    close(found, expected, name="The loss")
    for score, wanted in ((-2000.0, 2000.0), (2000.0, 0.0), (-30.0, 30.0)):
        found = float(calls(painter_loss, np.array([score])))
        if not math.isfinite(found):
            raise NotYet(
                f"At a score of {score:,.0f} it gives {found}: an exponential is too "
                "large for a computer, or a logarithm met a zero. NumPy has a function "
                "for the logarithm of a sum of exponentials."
            )
        close(found, wanted, name=f"The loss at a score of {score:,.0f}")
    return "right, and a critic may be as sure as it likes."


def penalty(slope_penalty: Callable[..., Any]) -> str:
    """γ/2 · mean |Wᵀ (v · (1 − tanh²(W x)))|², by hand."""
    rng = np.random.default_rng(0)
    for n, hidden, inputs, gamma in ((4, 5, 3, 3.0), (1, 2, 6, 0.3)):
        W, v = rng.normal(size=(hidden, inputs)), rng.normal(size=hidden)
        x = rng.normal(size=(n, inputs))
        bend = 1 - np.tanh(x @ W.T) ** 2
        slope = (bend * v) @ W
        expected = gamma / 2 * (slope**2).sum(1).mean()
        found = calls(slope_penalty, W, v, x, gamma)
        if np.shape(found) != ():
            raise NotYet(
                "It should be one number: the mean over the rows of x of a sum over "
                "the columns."
            )
        value = number(found)
        hints = {
            2 * expected: "It is twice too large: R1 has a half in front.",
            gamma / 2 * (slope**2).mean(): "For each row of x the squares are added "
            "up, not averaged; only over rows is the mean taken.",
            gamma
            / 2
            * ((v @ W) ** 2).sum(): "The bend is missing: tanh has a slope of "
            "its own, 1 − tanh², which depends on x.",
            gamma / 2 * (slope.mean(0) ** 2).sum(): "Square each row's slope first, "
            "then take the mean.",
            gamma
            / 2
            * np.sqrt((slope**2).sum(1)).mean(): "The length must be squared.",
        }
        for wrong, hint in hints.items():
            if not math.isclose(wrong, expected) and math.isclose(
                value, wrong, rel_tol=1e-5
            ):
                raise NotYet(hint)
        close(value, expected, name="The penalty")
    return "right, and without automatic differentiation."


#: Over how many draws, and how far off, exercise 4 may be.
_WANTED = 4000


def mend(choose: Callable[..., Any]) -> str:
    """Rows picked by the odds exp(score) follow the real distribution."""
    rng = np.random.default_rng(0)
    made = rng.normal(0.0, 1.5, size=20_000)  # the painter: too wide, and misplaced

    def log_bell(x: np.ndarray, mean: float, sd: float) -> np.ndarray:
        return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd)

    real = np.logaddexp(
        np.log(0.3) + log_bell(made, -1.0, 0.4), np.log(0.7) + log_bell(made, 1.0, 0.5)
    )
    scores = real - log_bell(made, 0.0, 1.5)
    for shift in (0.0, 800.0):  # a critic may be off by a constant, and very sure
        picked = calls(choose, scores + shift, _WANTED, np.random.default_rng(1))
        rows = np.asarray(picked)
        if rows.shape != (_WANTED,) or rows.dtype.kind not in "iu":
            raise NotYet(
                f"It should give {_WANTED:,} whole numbers, the places of the samples "
                "to keep."
            )
        if rows.min() < 0 or rows.max() >= len(made):
            raise NotYet("Some of the places are not places in `scores`.")
        kept = made[rows]
        left = float((kept < 0).mean())
        middle = float((np.abs(kept) < 0.1).mean())
        if abs(left - 0.31) > 0.035 or middle > 0.045:
            raise NotYet(
                f"Of the kept samples {left:.0%} lie on the left; of the real ones it "
                "is 31 %. exp(score) says how many times more common a sample is among "
                "the real than among the made: how often should it be kept?"
            )
        width = float(kept[kept > 0].std())
        if abs(width - 0.48) > 0.05 or len(np.unique(rows)) < _WANTED / 4:
            raise NotYet(
                "The kept samples are less varied than the real ones: do not keep only "
                "the best."
            )
    return "right: a good critic can mend a poor painter."


CHECKERS: dict[str, Checker] = {
    "critic": critic,
    "loss": loss,
    "penalty": penalty,
    "mend": mend,
}
