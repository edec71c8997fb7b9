"""Checkers of the exercises in `sampling`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigen.checks import NotYet, calls, close, numbers
from minigen.exercises import Checker

#: What the open exercise asks for: true odds kept, and wrong odds let through.
KEPT, WRONG = 0.99, 0.001


def temperature(odds_at: Callable[..., Any]) -> str:
    """softmax(logits / T), one for the best at 0, for logits of any size."""
    logits = np.array([1.0, -1.0, 2.0, 0.5])
    for value in (1.0, 0.5, 3.0):
        found = numbers(calls(odds_at, logits, value), name="The row of odds")
        expected = np.exp(logits / value) / np.exp(logits / value).sum()
        turned = np.exp(logits * value) / np.exp(logits * value).sum()
        if found.shape == (4,) and value != 1 and np.allclose(found, turned):
            raise NotYet(
                f"At temperature {value} the odds moved the wrong way: a high "
                "temperature should make them flatter."
            )
        if found.shape == (4,) and np.allclose(found, np.exp(logits / value)):
            raise NotYet("The odds do not sum to one yet.")
        plain = np.exp(logits) / np.exp(logits).sum()
        if found.shape == (4,) and value != 1 and np.allclose(found, plain):
            raise NotYet("These are the odds at temperature 1, whatever is asked for.")
        close(found, expected, name=f"The row of odds at temperature {value}")
    cold = numbers(calls(odds_at, logits, 0.0), name="The row of odds")
    if not np.isfinite(cold).all():
        raise NotYet("At temperature 0 it gives no numbers. What should happen there?")
    close(cold, [0, 0, 1, 0], name="The row of odds at temperature 0")
    for large in (np.array([5000.0, 4999.0, 0.0]), np.array([-5000.0, -5001.0, -9000])):
        found = numbers(calls(odds_at, large, 1.0), name="The row of odds")
        if not np.isfinite(found).all():
            raise NotYet(
                "With logits of a size of 5,000 it gives no numbers. A constant may be "
                "taken off all logits first; which one is safe?"
            )
        close(found, [0.7310586, 0.2689414, 0], name="The row of odds of large logits")
    return "right, at every temperature and for logits of any size."


def epsilon(function: Callable[..., Any]) -> str:
    """Keep odds of at least `least`; the best one always; sum to one."""
    odds = np.array([0.1, 0.4, 0.05, 0.3, 0.15])
    found = numbers(calls(function, odds, 0.12), name="The new row of odds")
    kept = np.array([0, 0.4, 0, 0.3, 0.15])
    if found.shape == (5,) and np.allclose(found, kept):
        raise NotYet("The right tokens are kept; what is left should sum to one.")
    relative = np.where(odds >= 0.12 * 0.4, odds, 0)
    if found.shape == (5,) and np.allclose(found, relative / relative.sum()):
        raise NotYet(
            "That is min-p: here the floor is a fixed number, whatever the best has."
        )
    close(found, kept / kept.sum(), name="The new row of odds")
    edge = numbers(calls(function, odds, 0.15), name="The new row of odds")
    if edge.shape == (5,) and edge[4] == 0:
        raise NotYet("A token whose odds are exactly `least` is not below it.")
    flat = np.array([0.19, 0.21, 0.2, 0.2, 0.2])
    found = numbers(calls(function, flat, 0.5), name="The new row of odds")
    if not np.isfinite(found).all() or found.sum() == 0:
        raise NotYet("Where every token is below `least`, nothing is left to draw.")
    if found.shape == (5,) and np.count_nonzero(found) > 1:
        raise NotYet("Where every token is below `least`, one must survive, not all.")
    close(found, [0, 1, 0, 0, 0], name="The row of odds where all are below `least`")
    return "right: a floor, and never an empty hand."


def no_repeat(function: Callable[..., Any]) -> str:
    """Forbid each token that would complete a run of n tokens seen before."""

    def asked(text: list[int], n: int, what: str, forbidden: set[int]) -> None:
        logits = np.linspace(1, 2, 6)
        found = numbers(calls(function, logits, list(text), n), name="What it returns")
        if found.shape != (6,):
            raise NotYet(f"It should return six logits here, not shape {found.shape}.")
        gone = {int(i) for i in np.flatnonzero(~np.isfinite(found))}
        if missed := forbidden - gone:
            hint = " What is `text[-(n - 1):]` when n is 1?" if n == 1 else ""
            if found[min(missed)] != logits[min(missed)]:
                hint = " Its logit has changed, and a finite logit can still be drawn."
            raise NotYet(f"{what}: token {min(missed)} should be forbidden.{hint}")
        if extra := gone - forbidden:
            raise NotYet(f"{what}: token {min(extra)} should stay possible.")
        rest = sorted(set(range(6)) - gone)
        close(found[rest], logits[rest], name="The logits of the other tokens")

    asked([1, 2, 3, 1, 2], 3, "After 1 2 3 1 2, with n = 3", {3})
    asked([1, 2, 3, 4, 2], 3, "After 1 2 3 4 2, with n = 3", set())
    asked([1, 2, 3, 1, 2, 4, 1, 2], 3, "After 1 2 3 1 2 4 1 2, with n = 3", {3, 4})
    asked([0, 0], 2, "After 0 0, with n = 2", {0})
    asked([1, 2, 3], 4, "After three tokens, with n = 4", set())
    asked([5], 3, "After one token, with n = 3", set())
    asked([2, 4], 1, "With n = 1, where no token may come twice", {2, 4})
    return "right: the same run of tokens never comes twice."


def cut(function: Callable[..., Any]) -> str:
    """Keep KEPT of the true odds; let at most WRONG of what is drawn be wrong."""
    truth, odds = _places()
    kept, wrong = [], []
    for right, model in zip(truth, odds, strict=True):
        kept_here = calls(function, model.copy())
        try:
            found = np.asarray(kept_here)
        except ValueError:  # rows of different lengths
            found = np.empty(0)
        if found.shape != model.shape or found.dtype != bool:
            raise NotYet(
                f"It should return {len(model)} values True or False, one a token."
            )
        if not found.any():
            raise NotYet("At one of the places nothing is kept.")
        drawn = np.where(found, model, 0) / model[found].sum()
        kept.append(right[found].sum())
        wrong.append(drawn[right == 0].sum())
    told = f"{np.mean(kept):.1%} of the true odds kept, {np.mean(wrong):.2%} wrong"
    if np.mean(kept) < KEPT:
        raise NotYet(f"{told}: too much that is right is cut off.")
    if np.mean(wrong) > WRONG:
        raise NotYet(f"{told}: at most {WRONG:.1%} may be wrong.")
    return f"{told}."


def _places(count: int = 300, vocab: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return true odds at some places, and a model's: blurred, with a little noise."""
    rng = np.random.default_rng(0)
    truth = np.zeros((count, vocab))
    for row in truth:
        right = rng.choice(vocab, rng.choice([1, 1, 2, 5, 12, 40]), replace=False)
        row[right] = rng.dirichlet(np.full(len(right), 4.0))
    blurred = truth * np.exp(0.2 * rng.standard_normal(truth.shape))
    noise = rng.dirichlet(np.full(vocab, 0.03), count)
    odds = 0.96 * blurred / blurred.sum(1, keepdims=True) + 0.04 * noise
    return truth, odds


CHECKERS: dict[str, Checker] = {
    "temperature": temperature,
    "epsilon": epsilon,
    "no_repeat": no_repeat,
    "cut": cut,
}
