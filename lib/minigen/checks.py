"""Checking a learner's answer: a word of praise or a hint, and never a long traceback.

A chapter calls `check("vae.1", answer)`; a grader calls `passes` and gets the same
verdict without a display. The checkers stand in `minigen.exercises`; they are written
with `calls`, `close` and `equal_shape`, which know the usual slips.
"""

import copy
import html
import linecache
import os
import re
import sysconfig
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from IPython.display import display

from minigen import exercises
from minigen.isolation import own_randomness
from minigen.limits import TimeIsUp, limited, work_of

#: Seconds of work for one checker in all, and for one call of the learner's function.
CHECK_SECONDS, CALL_SECONDS = 30.0, 5.0
#: How many times longer it may take on a busy machine, such as one that grades a class.
PATIENCE = float(os.environ.get("MINIGEN_PATIENCE", "1"))

_PASSED, _NOT_YET, _FAILED = "passed", "not yet", "failed"
_MARKS = {_PASSED: "✓", _NOT_YET: "→", _FAILED: "✗"}
#: Where code lies that is nobody's answer.
_LIBRARIES = tuple(
    f"{sysconfig.get_path(kind)}{os.sep}" for kind in ("stdlib", "purelib", "platlib")
)


class NotYet(AssertionError):
    """The answer is not right yet; the message is a hint."""


class Failed(NotYet):
    """The learner's function could not be run to its end; the message says where."""


@dataclass(frozen=True)
class Verdict:
    """What a checker says of an answer; true when it passed."""

    exercise: str
    kind: str
    text: str

    def __bool__(self) -> bool:
        return self.kind == _PASSED

    def __repr__(self) -> str:
        return f"{_MARKS[self.kind]} {self.exercise}: {self.text}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.text))
        name = f"<strong>{_MARKS[self.kind]} {html.escape(self.exercise)}</strong>"
        kind = self.kind.replace(" ", "-")
        markup = f'<p class="check check-{kind}" role="status">{name}: {words}</p>'
        return {"text/plain": repr(self), "text/html": markup}


def check(exercise: str, answer: Any) -> None:
    """Show whether an answer is right, or a hint.

    `exercise` is the id that stands at the exercise ("vae.1"); `answer` is what it
    asks for, a value or a function (its name, without parentheses).
    """
    display(passes(exercise, answer))


def passes(exercise: str, answer: Any, *, seconds: float = CHECK_SECONDS) -> Verdict:
    """Return the verdict on an answer, without showing it."""
    checker = exercises.find(exercise)
    seconds *= PATIENCE
    try:
        with own_randomness(0):
            praise = limited(
                lambda: checker(answer), seconds=seconds, worked=work_of(answer)
            )
    except Failed as failure:
        return Verdict(exercise, _FAILED, str(failure))
    except TimeIsUp:
        return Verdict(exercise, _FAILED, _too_long(seconds))
    except (Exception, SystemExit) as error:
        if isinstance(error, AssertionError) and not _learners_line(error):
            return Verdict(exercise, _NOT_YET, str(error) or "Not right yet.")
        said = _explained(error, answer, trouble="gives back what cannot be checked")
        return Verdict(exercise, _FAILED, said)
    return Verdict(exercise, _PASSED, praise or "right.")


def calls(
    function: Any, *arguments: Any, seconds: float = CALL_SECONDS, **named: Any
) -> Any:
    """Return what the learner's function returns for these arguments.

    A missing function, an exception in it, an endless loop, a forgotten return and a
    changed argument are each answered with a sentence.
    """
    if not callable(function):
        raise NotYet(
            f"The answer should be a function, and it is {_kind(function)}; give its "
            "name without parentheses."
        )
    given = [*arguments, *named.values()]
    before = [_snapshot(value) for value in given]
    seconds *= PATIENCE
    try:
        value = limited(
            lambda: function(*arguments, **named),
            seconds=seconds,
            worked=work_of(function),
        )
    except TimeIsUp:
        raise Failed(_too_long(seconds)) from None
    except (Exception, SystemExit) as error:
        raise Failed(_explained(error, function)) from None
    for place, (now, then) in enumerate(zip(given, before, strict=True), 1):
        if not _same(now, then):
            raise NotYet(
                f"Your function changes its argument number {place}. Whoever calls it "
                "may still need that: work on a copy, or make a new value."
            )
    if value is None:
        raise NotYet("Your function gives back None. Does it end with `return`?")
    return value


def close(
    value: Any, expected: Any, tolerance: float = 1e-5, *, name: str = "The answer"
) -> None:
    """Ask for numbers no further off than tolerance · (1 + |expected|).

    The hint says what is wrong and where, and never what would be right.
    """
    wanted = _array(expected, name)
    found = _array(value, name)
    equal_shape(found, wanted.shape, name=name)
    if np.isnan(found).any() and not np.isnan(wanted).any():
        count = int(np.isnan(found).sum())
        raise NotYet(
            f"{name} has {count} entries that are no number (NaN): look for 0/0, "
            "the logarithm of a negative number or ∞ − ∞."
            if found.ndim
            else f"{name} is no number (NaN): look for 0/0 or ∞ − ∞."
        )
    wrong = ~np.isclose(found, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return
    if not found.ndim:
        raise NotYet(f"{name} is {float(found):.4g}, which is not right.")
    first = tuple(int(index) for index in np.argwhere(wrong)[0])
    place = ", ".join(map(str, first))
    raise NotYet(
        f"{name} has {int(wrong.sum())} of {found.size} entries wrong; the first is "
        f"[{place}], where you have {float(found[first]):.4g}."
    )


def number(value: Any, *, name: str = "The answer") -> float:
    """Return an answer as one number, or say what it is instead."""
    equal_shape(value, (), name=name)
    found = float(_array(value, name))
    if np.isnan(found):
        raise NotYet(f"{name} is no number (NaN): look for 0/0 or ∞ − ∞.")
    return found


def numbers(value: Any, *, name: str = "The answer") -> np.ndarray:
    """Return an answer as an array of numbers, or say that it is none."""
    return _array(value, name)


def equal_shape(value: Any, shape: Sequence[int], *, name: str = "The answer") -> None:
    """Ask for numbers of a shape."""
    found = _array(value, name).shape
    if found != tuple(shape):
        raise NotYet(f"{name} should be {_shape(shape)}, and it is {_shape(found)}.")


def _shape(shape: Sequence[int]) -> str:
    if not len(shape):
        return "a single number"
    return f"of shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _array(value: Any, name: str) -> np.ndarray:
    if value is None:
        raise NotYet(f"{name} is None. Is there a `return`, or a `...` to fill in?")
    numbers = value
    if isinstance(value, torch.Tensor):
        numbers = value.detach().cpu()
        if value.is_floating_point():
            numbers = numbers.double()  # NumPy has no bfloat16
    try:
        array = np.asarray(numbers)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if isinstance(value, str) or array.dtype.kind not in "iuf":
        raise NotYet(f"{name} should be made of numbers, and it is {_kind(value)}.")
    return array.astype(np.float64)


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    of = f" of {value.dtype}" if hasattr(value, "dtype") else ""
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}{of}"


def _too_long(seconds: float) -> str:
    return (
        f"Your code was still running after {seconds:g} seconds and was stopped. Does "
        "every loop come to an end?"
    )


def _explained(
    error: BaseException, answer: Any, *, trouble: str = "could not be called"
) -> str:
    message = str(error).strip().splitlines()
    # Addresses differ from run to run, and two runs are compared.
    what = re.sub(r"0x[0-9a-fA-F]+", "0x…", message[0]) if message else ""
    said = type(error).__name__ + (f": {what.removesuffix('.')}" if what else "")
    if line := _learners_line(error):
        return f"Your code stopped with {said}. It was in {line}."
    if callable(answer):
        return f"Your function {trouble}: {said}."
    return f"The answer is {_kind(answer)}, and checking it stopped with {said}."


def _learners_line(error: BaseException) -> str:
    """Return the last line of the learner's own in a traceback, or nothing."""
    if isinstance(error, SyntaxError) or error.__traceback__ is None:
        return ""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        module = str(frame.f_globals.get("__name__"))
        ours = module.startswith(("minigen.", "bookkit."))
        if not ours and not file.startswith((*_LIBRARIES, "<frozen")):
            source = linecache.getline(file, number, frame.f_globals).strip()
            return f"line {number}" + (f": `{source}`" if source else "")
    return ""


def _snapshot(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    plain = isinstance(value, np.ndarray | list | tuple | dict | set)
    return copy.deepcopy(value) if plain else value


def _same(now: Any, then: Any) -> bool:
    if isinstance(then, torch.Tensor):
        return now.shape == then.shape and bool(
            torch.equal(now.detach().nan_to_num(), then.nan_to_num())
        )
    if isinstance(then, np.ndarray):
        return bool(np.array_equal(now, then, equal_nan=then.dtype.kind == "f"))
    if isinstance(then, dict):
        return now.keys() == then.keys() and all(
            _same(now[key], then[key]) for key in then
        )
    if isinstance(then, list | tuple):
        return len(now) == len(then) and all(map(_same, now, then))
    return now is then or bool(now == then)
