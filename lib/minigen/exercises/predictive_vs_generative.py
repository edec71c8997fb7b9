"""Checkers of the first chapter's exercises."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from minigen import data
from minigen.checks import NotYet, calls, close
from minigen.exercises import Checker
from minigen.repro import generator

#: What exercise 4 asks for.
WATCHFUL = 0.9


def bayes(posterior: Callable[..., Any]) -> str:
    """p(y | x) from log p(x, y), also where every logarithm is far below zero."""
    plain = np.log(np.array([[0.2, 0.1, 0.1], [0.05, 0.05, 0.3]]))
    expected = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]])
    found = np.asarray(calls(posterior, plain))
    if found.shape == (2, 3) and np.allclose(found, np.exp(plain)):
        raise NotYet(
            "This is p(x, y). Each row should be divided by p(x), the sum over the "
            "classes."
        )
    if found.shape == (2, 3) and np.allclose(found.sum(0), 1):
        raise NotYet("The columns sum to one; it is the rows that should.")
    close(found, expected, name="The posterior")
    low = np.asarray(calls(posterior, plain - 5000))
    if not np.isfinite(low).all():
        raise NotYet(
            "With logarithms around −5,000 it gives no number: every exponential is "
            "zero. A constant may be taken off a whole row before; which one helps?"
        )
    close(low, expected, name="The posterior of very improbable pictures")
    # What is taken off must suit each row: not one number for all, and not its mean.
    wide = np.array([[-5000, -5000 + np.log(3), -9000], [800.0, -3000.0, 800.0]])
    found = np.asarray(calls(posterior, wide))
    if not np.isfinite(found).all():
        raise NotYet(
            "It gives no number where the rows, or the numbers within one, lie far "
            "apart. What is the safest constant to take off each row?"
        )
    close(found, [[0.25, 0.75, 0], [0.5, 0, 0.5]], name="The posterior of unlike rows")
    return "right, and it holds for pictures however improbable."


def shrink(function: Callable[..., Any]) -> str:
    """(1 − amount) Σ + amount v I, with v the mean variance."""
    covariance = np.array(
        [[7, 1, 0.5, 0], [1, 1, 0, 0.2], [0.5, 0, 2, 0], [0, 0.2, 0, 4]]
    )  # mean variance 3.5, which is no other number of it
    sphere, own = 3.5 * np.eye(4), np.diag(covariance.diagonal())
    for amount in (0.0, 1.0, 0.3):
        found = np.asarray(calls(function, covariance, amount))
        expected = (1 - amount) * covariance + amount * sphere
        if found.shape == (4, 4) and amount == 1 and np.allclose(found, own):
            raise NotYet(
                "Every pixel keeps its own variance. Here all should get the same, "
                "the average of them."
            )
        if found.shape == (4, 4) and np.allclose(
            found, amount * covariance + (1 - amount) * sphere
        ):
            raise NotYet("The amounts are swapped: at 0 the covariance stays as it is.")
        close(found, expected, name=f"The covariance at amount {amount}")
    return "right. Did it help with bits, with classifying, or with neither?"


def temperature(draw_at: Callable[..., Any]) -> str:
    """Mean + √temperature · L z."""
    rng = np.random.default_rng(0)
    mean, covariance = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]])
    z = rng.standard_normal((4000, 2))
    cold = np.asarray(calls(draw_at, mean, covariance, z, 0.0))
    close(cold, np.tile(mean, (len(z), 1)), name="A draw at temperature 0")
    for heat in (1.0, 0.25, 2.25):
        found = np.asarray(calls(draw_at, mean, covariance, z, heat))
        if found.shape != z.shape:
            raise NotYet(
                f"The draws should have the shape {z.shape}, not {found.shape}."
            )
        measured = np.cov(found.T, bias=True)
        if heat < 1 and np.allclose(measured, heat**2 * covariance, atol=0.03):
            raise NotYet(
                "At temperature 0.25 the covariance shrank to a sixteenth: z is "
                "multiplied by the temperature, and the covariance by its square."
            )
        close(found.mean(0), mean, 0.03, name="The mean of the draws")
        # With any L for which L Lᵀ is the covariance, this length is that of z.
        away = found - mean
        length = (away @ np.linalg.inv(covariance) * away).sum(1)
        expected = heat * (z**2).sum(1)
        close(length, expected, name="The covariance of the draws, or their length")
    return "right: the mean stays, and the covariance follows the temperature."


def odd(oddness: Callable[..., Any]) -> str:
    """An AUC of at least WATCHFUL for unseen digits among what is no digit."""
    digits = data.images("digits")
    real = digits.test_x
    strange = torch.cat([real.flip(2), real / 2, torch.zeros_like(real)])
    # In a random order: a score must come from the picture, not from its place.
    order = torch.randperm(4 * len(real), generator=generator(1))
    shown = torch.cat([real, strange])[order]
    scores = calls(oddness, digits.train_x, shown, seconds=20)
    if isinstance(scores, torch.Tensor):
        scores = scores.detach()
    scores = np.asarray(scores, dtype=float)
    if scores.shape != (len(shown),):
        raise NotYet(
            f"It should give one number a picture, shape ({len(shown)},), and gives "
            f"{scores.shape}."
        )
    if not np.isfinite(scores).all():
        raise NotYet("Some scores are no numbers, or infinite.")
    truth = (order >= len(real)).numpy()
    reached = float(roc_auc_score(truth, scores))
    if reached < 0.4:
        raise NotYet(f"An AUC of {reached:.1%}: high should mean odd. Turn the sign?")
    if reached < WATCHFUL:
        raise NotYet(f"An AUC of {reached:.1%}; {WATCHFUL:.0%} are asked for.")
    return f"an AUC of {reached:.1%}."


CHECKERS: dict[str, Checker] = {
    "bayes": bayes,
    "shrink": shrink,
    "temperature": temperature,
    "odd": odd,
}
