"""Plausible wrong answers to the exercises in `evaluation`, and the hint for each."""

import numpy as np
from scipy.stats import norm


def rates(hits, generated, alarms, real, half=0.5):
    return [
        norm.ppf((some + half) / (asked + 2 * half))
        for some, asked in ((hits, generated), (alarms, real))
    ]


def reader(value, criterion, half=0.5):
    def answer(*counts):
        found, wrong = rates(*counts, half)
        return value(found, wrong), criterion(found, wrong)

    return answer


def right(found, wrong):
    return found - wrong


def middle(found, wrong):
    return -(found + wrong) / 2


def by_counts(real, made, share):
    return [int(c) for c in np.unique(real)
            if (made == c).sum() < share * (real == c).sum()]  # fmt: skip


def of_made(real, made, share):
    return [int(c) for c in np.unique(made)
            if (made == c).mean() < share * (real == c).mean()]  # fmt: skip


def absent(real, made, share):
    return sorted(set(np.unique(real).tolist()) - set(np.unique(made).tolist()))


def backwards(real, made, share):
    return [int(c) for c in np.unique(real)[::-1]
            if (made == c).mean() < share * (real == c).mean()]  # fmt: skip


def line(axis, *, replace=False, random=True, other=None):
    def answer(measure, a, b, sizes, draws, rng):
        def some(rows, size):
            if not random:
                return rows[:size]
            return rows[rng.choice(len(rows), size, replace=replace)]

        means = [
            np.mean([measure(some(a, n), some(b, other or n)) for _ in range(draws)])
            for n in sizes
        ]
        return axis(np.array(sizes, dtype=float), means)

    return answer


def inverse(sizes, means):
    return np.polyfit(1 / sizes, means, 1)[1]


def nearest(rows, others):
    return np.sqrt(((rows[:, None] - others) ** 2).sum(2)).min(1)


WRONG = [
    ("evaluation.sensitivity", reader(right, middle, half=0), "Half an answer"),
    ("evaluation.sensitivity", reader(lambda f, w: w - f, middle), "turn it round"),
    ("evaluation.sensitivity", reader(right, lambda f, w: (f + w) / 2), "above 0"),
    ("evaluation.sensitivity", reader(right, lambda f, w: -(f + w)), "twice"),
    ("evaluation.sensitivity", lambda *counts: right(*rates(*counts)), "two numbers"),
    ("evaluation.missing", by_counts, "Compare shares"),
    ("evaluation.missing", of_made, "Compare shares"),
    ("evaluation.missing", absent, "Compare shares"),
    ("evaluation.missing", backwards, "sorted"),
    ("evaluation.endless", line(lambda sizes, means: means[-1]),
     "small samples say"),
    ("evaluation.endless", line(lambda sizes, means: np.mean(means)),
     "small samples say"),
    ("evaluation.endless", line(lambda n, means: np.polyfit(n, means, 1)[1]),
     "small samples say"),
    ("evaluation.endless", line(lambda n, means: np.polyfit(n**-0.5, means, 1)[1]),
     "too low"),
    ("evaluation.endless", line(inverse, replace=True), "came twice"),
    ("evaluation.endless", line(inverse, random=False), "at random"),
    ("evaluation.endless", line(inverse, other=160), "same size"),
    ("evaluation.auditor", lambda *_: True, "accuses an honest maker"),
    ("evaluation.auditor", lambda *_: False, "clears a thief"),
    ("evaluation.auditor", lambda s, t, h: bool(nearest(s, t).min() < 1e-6),
     "clears a thief in disguise"),
    ("evaluation.auditor",
     lambda s, t, h: bool(np.mean(nearest(s, t)) < np.mean(nearest(h, t))), "honest"),
    ("evaluation.auditor",
     lambda s, t, h: bool(np.median(nearest(s, t)) < 0.8 * np.median(nearest(h, t))),
     "steals one sample in five"),
    ("evaluation.auditor",
     lambda s, t, h: bool(np.mean(nearest(s, t) < 0.3) > 0.05), "in units of 0.01"),
]  # fmt: skip
