"""Plausible wrong answers to the exercises in `detection`, and the hint for each."""

import numpy as np


def at(pick, flag=np.greater):
    def answer(real, made, rate):
        return float(np.mean(flag(made, pick(real, made, rate))))

    return answer


def allowed(scores, rate):
    return np.sort(scores)[::-1][min(len(scores) - 1, int(rate * len(scores)))]


def by_cdf(odds, numbers):
    return int(min(np.searchsorted(np.cumsum(odds), numbers[0]), len(odds) - 1))


def changing(places, word=lambda old, vocab, rng: (old + 1) % vocab):
    def answer(row, vocab, changes, rng):
        row = list(row)
        for i in places(len(row), changes, rng):
            row[i] = word(row[i], vocab, rng)
        return row

    return answer


def every_other(length, changes, rng):
    return range(1, length - 1, 2)[:changes]


def product(odds, numbers):
    return int(np.argmax(odds * numbers))


WRONG = [
    ("detection.honest", lambda made, found, alarms: alarms, "honest texts that are"),
    ("detection.honest",
     lambda made, found, alarms: made * found / (made * found + (1 - made) * alarms),
     "Asked is the other part"),
    ("detection.honest", lambda made, found, alarms: alarms / (alarms + found),
     "has been left out"),
    ("detection.honest", lambda made, found, alarms: (1 - made) * alarms, "the share"),
    ("detection.found_at", at(lambda r, m, p: allowed(m, p)), "real scores alone"),
    ("detection.found_at", at(lambda r, m, p: allowed(r, p), np.greater_equal),
     "equal scores"),
    ("detection.found_at", at(lambda r, m, p: np.quantile(r, p)), "too many"),
    ("detection.found_at", at(lambda r, m, p: r.max()), "too few"),
    ("detection.unseen_mark", lambda odds, u: int(np.argmax(odds)), "should stay"),
    ("detection.unseen_mark", product, "should stay"),
    ("detection.unseen_mark", by_cdf, "no test could find"),
    ("detection.unseen_mark",
     lambda odds, u: int(np.random.default_rng().choice(len(odds), p=odds)),
     "Asked twice"),
    ("detection.unseen_mark", lambda odds, u: int(np.argmax(u)), "should stay"),
    ("detection.eraser", changing(lambda n, k, rng: range(k)), "more is possible"),
    ("detection.eraser", changing(lambda n, k, rng: rng.permutation(n)[:k]),
     "more is possible"),
    ("detection.eraser", changing(lambda n, k, rng: range(0, n, 2)), "were allowed"),
    ("detection.eraser", lambda row, vocab, k, rng: row[: len(row) - k], "its length"),
    ("detection.eraser", changing(every_other, lambda old, vocab, rng: vocab),
     "not in the vocabulary"),
]  # fmt: skip
