"""Checkers of the book's exercises, one module a chapter.

A module lists its checkers by the last part of their id:

    CHECKERS = {"1": bayes_rule, "2": shrinkage}

A checker takes the learner's answer, raises `checks.NotYet` with a hint that helps and
does not tell the solution, and may return a sentence to go on with.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

Checker = Callable[[Any], str | None]


def chapters() -> list[str]:
    """Return the chapters that have checkers."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def checkers(chapter: str) -> Mapping[str, Checker]:
    """Return a chapter's checkers by the last part of their id."""
    return importlib.import_module(f"{__name__}.{chapter}").CHECKERS


def find(exercise: str) -> Checker:
    """Return the checker of an exercise such as "predictive_vs_generative.1"."""
    chapter, _, name = exercise.partition(".")
    if chapter not in chapters():
        raise ValueError(
            f"there is no exercise {exercise!r}; ids begin with a chapter"
            + _meant(chapter, chapters())
        )
    known = checkers(chapter)
    if name not in known:
        ids = [f"{chapter}.{each}" for each in known]
        raise ValueError(
            f"there is no exercise {exercise!r}; {chapter} has {', '.join(ids)}"
        )
    return known[name]


def _meant(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f", perhaps {near[0]!r}" if near else f": {', '.join(known) or 'none yet'}"
