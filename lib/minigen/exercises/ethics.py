"""Checkers of the exercises on ethics."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from torch import Generator

from minigen import repro
from minigen.checks import NotYet, calls, close, number
from minigen.data import stories
from minigen.data.stories import Settings, Story
from minigen.exercises import Checker


def exposed(answer: Callable[..., Any]) -> str:
    """Return the bits of a secret that a ranking of candidates gives away."""
    rng = np.random.default_rng(0)
    for n, place in ((50, 7), (1000, 0), (1000, 999), (64, 20)):
        nats = rng.permutation(np.linspace(1.0, 9.0, n))
        rank = 1 + int((nats < nats[place]).sum())
        value = number(calls(answer, nats.copy(), place), name="The exposure")
        wanted = math.log2(n) - math.log2(rank)
        if math.isclose(value, wanted, abs_tol=1e-6):
            continue
        if math.isclose(value, wanted * math.log(2), abs_tol=1e-6):
            raise NotYet("The unit is the bit: use the logarithm with base 2.")
        if math.isclose(value, math.log2(n) - math.log2(n + 1 - rank), abs_tol=1e-6):
            raise NotYet(
                "You count from the wrong end: the likeliest has the least -log p."
            )
        if rank > 1 and math.isclose(
            value, math.log2(n) - math.log2(rank - 1), abs_tol=1e-6
        ):
            raise NotYet("The best candidate has place 1, not 0.")
        if not math.isfinite(value):
            raise NotYet("It should be finite for the best candidate: its place is 1.")
        raise NotYet(
            f"Of {n} candidates the secret is number {rank}; you give {value:.2f} bits."
        )
    return "right: and 50 candidates cannot give more than 5.6 bits."


def temperature(answer: Callable[..., Any]) -> str:
    """Return the temperature that makes one share of another."""
    for share, wanted in ((0.8, 0.6), (0.8, 0.94), (0.7, 0.7), (0.95, 0.55)):
        value = number(calls(answer, share, wanted), name="The temperature")
        logit = math.log(share / (1 - share)) / math.log(wanted / (1 - wanted))
        if not math.isclose(logit, 1) and math.isclose(value, 1 / logit, rel_tol=1e-6):
            raise NotYet("That is one over it: is a fairer text colder or hotter?")
        if share != wanted and math.isclose(
            value, math.log(share) / math.log(wanted), rel_tol=1e-6
        ):
            raise NotYet(
                "After the power the two shares are divided by their sum: use the "
                "odds, share against the rest."
            )
        close(value, logit, name=f"The temperature from {share} to {wanted}")
    return "right: the odds' logarithms are divided by the temperature."


def mean(answer: Callable[..., Any]) -> str:
    """Return a clipped mean with noise."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3)) * rng.uniform(0.1, 5, size=(40, 1))
    rows[0] = 0.0
    bound, lengths = 1.5, np.linalg.norm(rows, axis=1, keepdims=True)
    cut = rows / np.maximum(lengths, 1e-12) * bound
    clipped = np.where(lengths > bound, cut, rows)
    quiet = _vector(answer, rows, bound, 0.0, 1)
    wrong = {
        "Short rows should stay as they are: only longer ones are cut.": cut,
        "Clip a row's length, not each of its numbers: its direction should stay.": (
            rows.clip(-bound, bound)
        ),
        "Nothing was clipped.": rows,
    }
    for words, other in wrong.items():
        if np.allclose(quiet, other.mean(0)):
            raise NotYet(words)
    if np.allclose(quiet, clipped.sum(0)):
        raise NotYet("Divide by the number of rows.")
    if not np.all(np.isfinite(quiet)):
        raise NotYet("A row of zeros has no direction: do not divide by its length.")
    close(quiet, clipped.mean(0), name="The mean without noise")
    draws = np.array([_vector(answer, rows, bound, 2.0, s) for s in range(400)])
    spread = (draws - clipped.mean(0)).std(0).mean()
    wanted = 2.0 * bound / len(rows)
    if np.array_equal(
        _vector(answer, rows, bound, 2.0, 1), _vector(answer, rows, bound, 2.0, 2)
    ):
        raise NotYet("Two generators give the same result: draw the noise from rng.")
    if np.allclose(draws[:, 0] - draws[:, 0].mean(), draws[:, 1] - draws[:, 1].mean()):
        raise NotYet("Each sum needs noise of its own.")
    if not 0.9 < spread / wanted < 1.1:
        raise NotYet(
            f"The noise of your mean has a deviation of {spread:.3f}, not "
            f"{wanted:.3f}: it is noise × bound on the sum, before dividing."
        )
    return "right: no person can move this mean by more than bound / n."


def _vector(
    answer: Callable[..., Any], rows: Any, bound: float, noise: float, seed: int
) -> Any:
    found = calls(answer, rows.copy(), bound, noise, np.random.default_rng(seed))
    value = np.asarray(found, dtype=float)
    if value.shape != (rows.shape[1],):
        raise NotYet(f"It should return {rows.shape[1]} numbers, one a column.")
    return value


FOUR = frozenset(("stole", "snatched", "seized", "grabbed"))


def theft(answer: Callable[..., Any]) -> str:
    """Find thefts, of both groups of writers, also where they are told otherwise."""
    for words, bad, texts in _cases():
        share = float(np.mean([_says(answer, text) for text in texts]))
        if bad and share < 0.95:
            raise NotYet(f"You find {share:.0%} of the {words}; 95 % are asked for.")
        if not bad and share > 0.05:
            raise NotYet(f"You flag {share:.0%} of the {words}; 5 % may be.")
    return "right, in these stories. What would a kind fox do to it?"


@cache
def _cases() -> tuple[tuple[str, bool, tuple[str, ...]], ...]:
    """Return what the texts are, whether they tell of a theft, and the texts."""
    rng, found, evasive = repro.generator(20), [], []
    for group, share in (("hill", 0.0), ("shore", 1.0)):
        settings = Settings(turns=(0, 0), shore=share)
        told = stories.sample(60, generator=rng, settings=settings)
        stolen = [story for story in told if story.facts.loss == "stolen"]
        honest = tuple(s.text for s in told if s.facts.loss == "lost")
        found.append((f"thefts by {group} writers", True, _texts(stolen)))
        found.append((f"honest {group} stories", False, honest))
        evasive += [_evasive(story, rng) for story in stolen[:10]]
    return (*found, ("thefts told otherwise", True, _texts(evasive)))


def _texts(told: Sequence[Story]) -> tuple[str, ...]:
    return tuple(story.text for story in told)


def _says(answer: Callable[..., Any], text: str) -> bool:
    said = calls(answer, text)
    if not isinstance(said, bool | np.bool_):
        raise NotYet("It should return True or False.")
    return bool(said)


def _evasive(story: Story, rng: Generator) -> Story:
    """Return the same facts in words that the list of four does not know."""
    told = story
    for _ in range(20):
        if not FOUR.intersection(told.tokens):
            break
        told = stories.paraphrase(story, generator=rng)
    return told


CHECKERS: dict[str, Checker] = {
    "exposed": exposed,
    "temperature": temperature,
    "mean": mean,
    "filter": theft,
}
