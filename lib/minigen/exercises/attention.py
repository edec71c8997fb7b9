"""Checkers of the exercises on attention."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from minigen import recall
from minigen.checks import NotYet, calls, close, equal_shape, numbers
from minigen.exercises import Checker
from minigen.repro import generator
from minigen.words import WORDS

#: What exercise 4 asks for.
REMEMBERED = 0.91


def lookup(function: Callable[..., Any]) -> str:
    """softmax(K q / √d) V for one query, also for large scores."""
    rng = np.random.default_rng(0)
    query, keys = rng.standard_normal(9), rng.standard_normal((5, 9))
    values = rng.standard_normal((5, 2))

    def mixed(scores: np.ndarray) -> np.ndarray:
        weights = np.exp(scores - scores.max())
        return weights @ values / weights.sum()

    found = numbers(calls(function, query, keys, values), name="The mixed value")
    if found.shape == (2,) and np.allclose(found, mixed(keys @ query)):
        raise NotYet("Right without the scale. How long is a query of nine numbers?")
    if found.shape == (2,) and np.allclose(found, mixed(keys @ query / 9)):
        raise NotYet("Divided by d, and not by its root.")
    if found.shape == (2,) and np.allclose(found, mixed(keys @ query / math.sqrt(5))):
        raise NotYet("The scale is a matter of the query's length, not of the texts'.")
    scores = keys @ query / 3
    for shifted in (scores, scores - scores.max()):
        if found.shape == (2,) and np.allclose(found, np.exp(shifted) @ values):
            raise NotYet("An average needs weights that sum to one.")
    if found.shape == (2,) and np.allclose(found, values[scores.argmax()]):
        raise NotYet("This is the value of the best key alone; mix them all.")
    if found.shape == (2,) and np.allclose(found, values.mean(0)):
        raise NotYet("All values weigh alike. How well does each key fit the query?")
    if found.shape == (5,):
        raise NotYet("These are weights, one for each key; mix the values with them.")
    close(found, mixed(keys @ query / 3), name="The mixed value")
    large = numbers(calls(function, 900 * query, keys, values), name="The mixed value")
    if not np.isfinite(large).all():
        raise NotYet(
            "With scores of a thousand the exponential overflows. A constant may be "
            "taken off all scores; which one helps?"
        )
    close(large, mixed(300 * keys @ query), name="The value of a very long query")
    return "right, and it holds for scores of any size."


def window(function: Callable[..., Any]) -> str:
    """The last `reach` words, oneself and the first word, and nothing ahead."""
    for n, reach in ((7, 2), (5, 0), (4, 9)):
        back = np.arange(n)[:, None] - np.arange(n)
        expected = (back >= 0) & ((back <= reach) | (np.arange(n) == 0))
        found = calls(function, n, reach)
        if not isinstance(found, torch.Tensor) or found.dtype != torch.bool:
            raise NotYet("It should be a torch tensor of booleans.")
        equal_shape(found.int(), (n, n), name="The mask")
        made = found.numpy()
        if np.array_equal(made, expected):
            continue
        if np.array_equal(made, expected.T):
            raise NotYet("Turned over: a row is a word that asks, a column one seen.")
        if (made & (back < 0)).any():
            raise NotYet("Some word sees what follows it.")
        if not made.diagonal().all():
            raise NotYet("Every word may see itself.")
        if not made[:, 0].all():
            raise NotYet("The first word is to be seen by all.")
        if np.array_equal(made, (back >= 0) & ((back < reach) | (np.arange(n) == 0))):
            raise NotYet("One word too few: `reach` words before it, and itself.")
        if np.array_equal(made, back >= 0) and not expected[back >= 0].all():
            raise NotYet("All words before are seen, however far back.")
        if np.array_equal(
            made, (back >= 0) & ((back <= reach + 1) | (np.arange(n) == 0))
        ):
            raise NotYet("One word too many: `reach` words before it, and itself.")
        close(made.astype(int), expected.astype(int),
              name=f"The mask for {n} words and a reach of {reach}")  # fmt: skip
    return "right: however long the text, no row has more than `reach` + 2 ones."


def additive(function: Callable[..., Any]) -> str:
    """softmax over j ≤ i of v · tanh(W s_i + U s_j)."""
    draw = generator(0)
    states, w, u, v = (
        torch.randn(*shape, generator=draw) for shape in ((6, 4), (5, 4), (5, 4), (5,))
    )
    past = torch.ones(6, 6, dtype=torch.bool).tril()

    def weights(
        scores: torch.Tensor, mask: torch.Tensor, out: float = -math.inf
    ) -> torch.Tensor:
        return scores.masked_fill(~mask, out).softmax(-1)

    summed = (states @ w.T)[:, None] + (states @ u.T)[None]
    right = weights(summed.tanh() @ v, past)
    turned = (states @ u.T)[:, None] + (states @ w.T)[None]
    slips = {
        "Right but for the mask: a state may look at none that follows.":
            weights(summed.tanh() @ v, past | True),
        "Zero is a score like any other. Which score gives no weight?":
            weights(summed.tanh() @ v, past, 0.0),
        "Something bends the sum before v meets it.": weights(summed @ v, past),
        "W belongs to the state that asks, U to the one that is asked.":
            weights(turned.tanh() @ v, past),
    }  # fmt: skip
    made = calls(function, states, w, u, v)
    found = torch.as_tensor(numbers(made, name="The table of weights")).float()
    equal_shape(found, (6, 6), name="The table of weights")
    for hint, slip in slips.items():
        if torch.allclose(found, slip, atol=1e-5):
            raise NotYet(hint)
    if found.isnan().any() or not torch.allclose(found.sum(1), torch.ones(6)):
        raise NotYet("Each row should sum to one. Is the softmax over the last axis?")
    close(found, right, name="The table of weights")
    return "right: the score of 2014, in five lines."


def remember(function: Callable[..., Any]) -> str:
    """Right in at least REMEMBERED of the places where the text gives the answer."""
    texts, known = recall.echoes(60, 48, generator=generator(7))
    right = asked = 0
    for text, gives in zip(texts.tolist(), known.tolist(), strict=True):
        words = [WORDS[number] for number in text]
        for place in [place for place, given in enumerate(gives) if given][::4]:
            guess = calls(function, words[:place])
            if not isinstance(guess, str):
                raise NotYet(f"It should return a word, and returned {guess!r}.")
            right += guess == words[place]
            asked += 1
    share = right / asked
    if share < REMEMBERED:
        hint = (
            "How many words of the ending stood there before, and not the last alone? "
            "And where several places fit: which is the original, which an echo of it?"
            if share > 0.6
            else "Find the last word earlier in the text. What stood after it?"
        )
        raise NotYet(f"{share:.0%} right; {REMEMBERED:.0%} are asked for. {hint}")
    return f"{share:.0%} right, without any training."


CHECKERS: dict[str, Checker] = {
    "lookup": lookup,
    "window": window,
    "additive": additive,
    "remember": remember,
}
