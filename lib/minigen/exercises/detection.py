"""Checkers of the exercises in `detection`."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from minigen.checks import NotYet, calls, close, number, numbers
from minigen.exercises import Checker


def honest(answer: Callable[..., Any]) -> str:
    """Say which share of the flagged is honest, and how many are flagged."""
    cases = [(0.1, 0.9, 0.01), (0.01, 0.8, 0.05), (0.5, 0.6, 0.6), (0.0, 0.9, 0.02)]
    for made, found, alarms in cases:
        value = number(calls(answer, made, found, alarms))
        good, bad = (1 - made) * alarms, made * found
        told = f"With {made:.0%} generated, {found:.0%} found and {alarms:.0%} alarms"
        if math.isclose(value, alarms) and not math.isclose(
            good / (good + bad), alarms
        ):
            raise NotYet(
                "You give the share of honest texts that are flagged. Asked is the "
                "share of flagged texts that are honest."
            )
        if math.isclose(value, bad / (good + bad)) and not math.isclose(good, bad):
            raise NotYet(
                f"{told} you give the share of flagged texts that are generated. Asked "
                "is the other part."
            )
        if math.isclose(value, alarms / (alarms + found)) and made != 0.5:
            raise NotYet(f"{told}: how common each kind is has been left out.")
        close(value, good / (good + bad), name=f"{told} the share")
    return "right: the rarer the fakes, the more of the flagged are honest."


def found_at(answer: Callable[..., Any]) -> str:
    """Set the threshold on real scores so that the rate is kept, ties included."""
    rng = np.random.default_rng(0)
    smooth = rng.normal(size=1000), rng.normal(1.5, 1, 300)
    coarse = np.round(smooth[0] * 2) / 2, np.round(smooth[1] * 2) / 2
    for (real, made), rate in [(smooth, 0.01), (coarse, 0.01), (coarse, 0.1),
                               (smooth, 0.0), (smooth, 0.25)]:  # fmt: skip
        value = number(calls(answer, real.copy(), made.copy(), rate), name="The share")
        allowed = math.floor(rate * len(real) + 1e-9)
        limit = np.sort(real)[::-1][allowed]
        wanted = float(np.mean(made > limit))
        if math.isclose(value, np.mean(made >= limit)) and value != wanted:
            raise NotYet(
                "With equal scores among the real ones, too many of these are flagged "
                "at your threshold: the rate is to be kept."
            )
        if math.isclose(value, np.mean(made > np.sort(made)[::-1][
                min(len(made) - 1, math.floor(rate * len(made)))])):  # fmt: skip
            raise NotYet("The threshold is to be set on the real scores alone.")
        if abs(value - wanted) > 2e-3:
            raise NotYet(
                f"At a rate of {rate:.0%} you find {float(value):.3f} of the made "
                f"ones, which is too {'many' if value > wanted else 'few'}. "
                "Sort the real scores: how many of them may lie above the threshold?"
            )
    return "right, with ties too, and no alarm more than allowed."


def unseen_mark(answer: Callable[..., Any]) -> str:
    """Pick tokens by odds and secret numbers: the odds unchanged, the choice fixed."""
    rng = np.random.default_rng(1)
    for odds in (np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.0, 0.9, 0.1]),
                 np.array([1.0, 0.0])):  # fmt: skip
        numbers = rng.random((4000, len(odds)))
        picked = [calls(answer, odds, row) for row in numbers[:200]]
        if any(isinstance(one, bool) or not isinstance(one, int | np.integer)
               for one in picked):  # fmt: skip
            raise NotYet("It should return the number of a token, a whole number.")
        if [calls(answer, odds, row) for row in numbers[:20]] != picked[:20]:
            raise NotYet(
                "Asked twice with the same secret numbers, your function picks "
                "different tokens: then nobody can check the mark."
            )
        if any(odds[one] == 0 for one in picked):
            raise NotYet("You picked a token whose odds are 0.")
        every = [*picked, *(answer(odds, row) for row in numbers[200:])]
        shares = np.bincount(np.array(every, dtype=int), minlength=len(odds)) / 4000
        if np.abs(shares - odds).max() > 0.03:  # four standard errors
            raise NotYet(
                f"Over many keys the odds {odds.tolist()} become "
                f"{np.round(shares, 2).tolist()}. They should stay as they are."
            )
        secret = np.mean([row[one] for one, row in zip(every, numbers, strict=True)])
        if odds.max() < 0.95 and secret < 0.56:
            raise NotYet(
                "The odds are kept, but the secret numbers of the tokens that you pick "
                "are no larger than those of others: no test could find the mark."
            )
    return "right: no word is likelier than before, and whoever has the key sees it."


#: Cases for the eraser: words in the text, words in the vocabulary, changes allowed.
_CASES = ((60, 40, 12), (61, 40, 30), (40, 25, 0), (30, 30, 5))


def eraser(answer: Callable[..., Any]) -> str:
    """Change a few words so that as many marked pairs as possible are broken."""
    for case, (length, vocab, changes) in enumerate(_CASES):
        fallen = []
        for luck in range(12):
            rng = np.random.default_rng(50 * case + luck)
            table = rng.random((vocab, vocab)) < 0.5
            row = [int(rng.integers(vocab))]
            while len(row) < length:  # every pair is green that can be
                green = np.flatnonzero(table[row[-1]])
                row.append(int(rng.choice(green)))
            made = calls(answer, list(row), vocab, changes, np.random.default_rng(luck))
            after = numbers(made, name="The text").ravel().tolist()
            if len(after) != length:
                raise NotYet("The text should keep its length: replace words only.")
            if not set(after) <= set(range(vocab)):
                raise NotYet("A word is not in the vocabulary: numbers below `vocab`.")
            changed = sum(a != b for a, b in zip(row, after, strict=True))
            if changed > changes:
                raise NotYet(f"You changed {changed} words; {changes} were allowed.")
            before, now = pairwise(row), pairwise(after)
            fallen.append(sum(x != y for x, y in zip(before, now, strict=True)))
        most = min(2 * changes, length - 1)
        if np.mean(fallen) < 0.93 * most:
            raise NotYet(
                f"With {changes} changes in {length} words you broke "
                f"{np.mean(fallen):.1f} pairs of neighbours on average, and more is "
                "possible. Which pairs does one word stand in?"
            )
    return "right: each change breaks two pairs, if it is not next to another."


CHECKERS: dict[str, Checker] = {
    "honest": honest,
    "found_at": found_at,
    "unseen_mark": unseen_mark,
    "eraser": eraser,
}
