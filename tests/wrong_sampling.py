"""Plausible wrong answers to the exercises in `sampling`, and the hint for each."""

import numpy as np


def odds(logits):
    with np.errstate(all="ignore"):  # what is wrong with it is the point
        return np.exp(logits) / np.exp(logits).sum()


def cold(logits):
    return np.eye(len(logits))[logits.argmax()]


def heated(logits, value):
    with np.errstate(all="ignore"):
        return odds((logits - logits.max()) / value)


def turned(logits, value):
    return odds((logits - logits.max()) * value) if value else cold(logits)


def lukewarm(logits, value):
    return odds(logits - logits.max()) if value else cold(logits)


def first(logits, value):
    return heated(logits, value) if value else np.eye(len(logits))[0]


def unscaled(logits, value):
    with np.errstate(all="ignore"):
        return np.exp(logits / value)


def careless(logits, value):
    return odds(logits / value) if value else cold(logits)


def by_mean(logits, value):
    return odds((logits - logits.mean()) / value) if value else cold(logits)


def floor(keep, *, scale=True, best=True):
    def cut(given, least):
        kept = np.where(keep(given, least), given, 0)
        if best and kept.sum() == 0:
            kept[given.argmax()] = 1
        with np.errstate(all="ignore"):
            return kept / kept.sum() if scale else kept

    return cut


def blocked(logits, text, n, *, length=1, upto=None, value=-np.inf):
    """Forbid what followed the last n - `length` tokens, as a reader might slip."""
    made = logits.astype(float).copy()
    size = n - length
    last = text[len(text) - size :]
    for i in range(len(text) - size)[:upto]:
        if text[i : i + size] == last and i + size < len(text):
            made[text[i + size]] = value
    return made


def all_or_none(given, least):
    kept = np.where(given >= least, given, 0)
    return kept / kept.sum() if kept.sum() else given


def last_slice(logits, text, n):
    """Take the last n - 1 tokens by a slice that is everything when n is 1."""
    made, last = logits.astype(float), text[-(n - 1) :]
    for i in range(len(text) - n + 1):
        if text[i : i + n - 1] == last:
            made[text[i + n - 1]] = -np.inf
    return made


def top_p(given, p):
    order = np.argsort(-given)
    before = np.cumsum(given[order]) - given[order]
    kept = np.zeros(len(given), bool)
    kept[order[before < p]] = True
    return kept


WRONG = [
    ("sampling.temperature", turned, "wrong way"),
    ("sampling.temperature", lukewarm, "whatever is asked for"),
    ("sampling.temperature", first, "temperature 0"),
    ("sampling.temperature", lambda logits, value: [1, [2]], "made of numbers"),
    ("sampling.temperature", unscaled, "sum to one"),
    ("sampling.temperature", heated, "temperature 0"),
    ("sampling.temperature", careless, "a size of 5,000"),
    ("sampling.temperature", by_mean, "a size of 5,000"),
    ("sampling.temperature", lambda logits, value: cold(logits), "wrong"),
    ("sampling.epsilon", floor(lambda o, e: o >= e, scale=False), "sum to one"),
    ("sampling.epsilon", floor(lambda o, e: o >= e * o.max()), "min-p"),
    ("sampling.epsilon", floor(lambda o, e: o > e), "exactly"),
    ("sampling.epsilon", floor(lambda o, e: o >= e, best=False), "nothing is left"),
    ("sampling.epsilon", floor(lambda o, e: o <= e), "wrong"),
    ("sampling.epsilon", all_or_none, "not all"),
    ("sampling.no_repeat", lambda x, text, n: x.astype(float), "should be forbidden"),
    ("sampling.no_repeat",
     lambda x, text, n: blocked(x, text, n, length=2), "should stay possible"),
    ("sampling.no_repeat",
     lambda x, text, n: blocked(x, text, n, upto=1), "should be forbidden"),
    ("sampling.no_repeat",
     lambda x, text, n: blocked(x, text, n, value=0.0), "should be forbidden"),
    ("sampling.no_repeat", last_slice, "when n is 1"),
    ("sampling.no_repeat", lambda x, text, n: x[:3], "six logits"),
    ("sampling.cut", lambda o: o > 0, "may be wrong"),
    ("sampling.cut", lambda o: o == o.max(), "cut off"),
    ("sampling.cut", lambda o: np.argsort(np.argsort(-o)) < 10, "cut off"),
    ("sampling.cut", lambda o: top_p(o, 0.99), "may be wrong"),
    ("sampling.cut", lambda o: top_p(o, 0.95), "may be wrong"),
    ("sampling.cut", lambda o: top_p(o, 0.9), "cut off"),
    ("sampling.cut", lambda o: o >= 0.05 * o.max(), "may be wrong"),
    ("sampling.cut", lambda o: o > 1, "nothing is kept"),
    ("sampling.cut", lambda o: o, "True or False"),
]  # fmt: skip
