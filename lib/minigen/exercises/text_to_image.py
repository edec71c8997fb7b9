"""Checkers of the chapter on text to image."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from minigen.checks import NotYet, calls, close
from minigen.exercises import Checker
from minigen.repro import generator


def ceiling(function: Callable[..., Any]) -> str:
    """The best share of right first choices when some captions are the same."""
    said = ["a ring", "a red ring", "a ring", "a cross", "a ring", "a red ring"]
    found = calls(function, list(said))
    values = np.asarray(found)
    if values.shape == (6,):
        raise NotYet("These are the odds of each picture. What is their mean?")
    if values.shape == () and np.isclose(float(values), 4 / 6):
        raise NotYet(
            "A caption that stands there twice is no loss for certain: a guess between "
            "the two is right half the time."
        )
    if values.shape == () and np.isclose(float(values), 1 / 6):
        raise NotYet("That is a blind choice. The best model sees what each shows.")
    # Three rings at 1/3, two red rings at 1/2 and a cross: three kinds of six.
    close(found, 0.5, name="The ceiling")
    close(calls(function, ["a", "b", "c"]), 1.0, name="The ceiling of three captions")
    close(calls(function, ["a"] * 4), 0.25, name="The ceiling of one caption")
    return "right. It is the number of different captions over the number of all."


def steered_away(function: Callable[..., Any]) -> str:
    """Guidance away from what a second caption describes."""
    rng = generator(0)
    wanted, unwanted = torch.randn(2, 3, 4, generator=rng, dtype=torch.float64)

    def model(xt: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        answers = {1: wanted, 2: unwanted, 0: torch.zeros_like(wanted)}
        return xt + answers[int(tokens[0, 0])]

    def answer(guidance: float) -> Tensor:
        xt, t = torch.zeros(3, 4, dtype=torch.float64), torch.full((3,), 500.0)
        yes, no = (torch.full((3, 8), number) for number in (1, 2))
        found = calls(function, model, xt, t, yes, no, guidance)
        if not isinstance(found, Tensor) or found.shape != xt.shape:
            raise NotYet("It should give a v for each picture, of the shape of xt.")
        return found.double()

    found = answer(3.0)
    if torch.allclose(found, 3 * wanted):
        raise NotYet("This begins from no caption. Where should it begin instead?")
    if torch.allclose(found, unwanted - 3 * (wanted - unwanted)):
        raise NotYet("This goes the other way: towards what is not wanted.")
    if torch.allclose(found, wanted + 3 * (wanted - unwanted)):
        raise NotYet("At a guidance of 1 it should be the wanted caption's own answer.")
    for guidance in (3.0, 1.0, 0.0):
        expected = unwanted + guidance * (wanted - unwanted)
        close(answer(guidance), expected, name=f"v at a guidance of {guidance:g}")
    return "right. Systems call the second caption a negative prompt."


def look(function: Callable[..., Any]) -> str:
    """Cross-attention that gives padding no weight."""
    rng = generator(1)
    query = torch.randn(2, 5, 4, generator=rng, dtype=torch.float64)
    key = torch.randn(2, 3, 4, generator=rng, dtype=torch.float64)
    value = torch.randn(2, 3, 6, generator=rng, dtype=torch.float64)
    tokens = torch.tensor([[4, 7, 0], [9, 0, 0]])
    found = calls(function, *(x.clone() for x in (query, key, value, tokens)))
    scores = query @ key.transpose(1, 2) / 2
    if not isinstance(found, Tensor) or found.shape != (2, 5, 6):
        raise NotYet("It should give a vector for each place: [batch, place, value].")
    found = found.double()
    if torch.allclose(found, scores.softmax(-1) @ value):
        raise NotYet("Padding is still looked at.")
    real = (tokens != 0)[:, None, :]
    if torch.allclose(found, (scores.softmax(-1) * real) @ value):
        raise NotYet("The weights of the real words no longer sum to 1.")
    if torch.allclose(found, (scores * real).softmax(-1) @ value):
        raise NotYet(
            "A score of 0 is an ordinary score. Which score has a weight of nothing?"
        )
    raw = (2 * scores).masked_fill(~real, -torch.inf)
    if torch.allclose(found, raw.softmax(-1) @ value):
        raise NotYet("The scores are not divided by the root of the vectors' length.")
    expected = scores.masked_fill(~real, -torch.inf).softmax(-1) @ value
    close(found, expected, name="What each place finds")
    return "right: a caption with one real word leaves each place no choice."


#: What exercise 4 hands over: (asked, read) and the verdict.
_ONE = (("red", "ring"), ("blue", "square"))
FAULTS = (
    (_ONE, _ONE, "right"),
    (_ONE, _ONE[::-1], "places"),
    (_ONE, (("blue", "ring"), ("red", "square")), "binding"),
    (_ONE, (("red", "square"), ("blue", "ring")), "binding"),
    (_ONE, (("red", "ring"), ("green", "square")), "things"),
    (_ONE, (("red", "ring"), ("blue", "cross")), "things"),
    (_ONE, (("red", "ring"), ("red", "ring")), "things"),
    (_ONE, (("red", "ring"), ("red", "square")), "things"),
    (_ONE, (("blue", "square"), ("blue", "square")), "things"),
    (_ONE, (("red", "ring"),), "things"),
    (_ONE, (), "things"),
)


def fault(function: Callable[..., Any]) -> str:
    """Say what is wrong with a picture of two things: things, binding or places."""
    for asked, read, verdict in FAULTS:
        found = calls(function, list(asked), list(read))
        if found == verdict:
            continue
        shown = f"Asked for {_said(asked)}, and {_said(read)} was drawn: "
        if verdict == "places":
            raise NotYet(shown + "both things are there. What is not as asked for?")
        if verdict == "binding":
            raise NotYet(
                shown + "both colours and both shapes are there. What is not as asked?"
            )
        if verdict == "things":
            raise NotYet(
                shown + "can the picture be made right by exchanging anything?"
            )
        raise NotYet(shown + f"nothing is wrong, and the answer was {found!r}.")
    return "right. Which fault is the commonest tells you where to look."


def _said(things: Any) -> str:
    return " and ".join(f"a {colour} {shape}" for colour, shape in things) or "nothing"


CHECKERS: dict[str, Checker] = {
    "ceiling": ceiling,
    "steered_away": steered_away,
    "look": look,
    "fault": fault,
}
