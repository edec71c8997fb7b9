"""Plausible wrong answers to the exercises in `ethics`, and the hint for each."""

import numpy as np


def ranked(count):
    def answer(nats, secret):
        with np.errstate(divide="ignore"):
            return np.log2(len(nats)) - np.log2(count(nats, nats[secret]))

    return answer


def better(nats, own):
    return (nats < own).sum()


def mean(clip, *, spread=1.0, each=True, divide=True, seeded=False):
    def answer(rows, bound, noise, rng):
        rng = np.random.default_rng(0) if seeded else rng
        size = rows.shape[1] if each else 1
        total = clip(rows, bound).sum(0) + spread * noise * bound * rng.normal(
            size=size
        )
        return total / (len(rows) if divide else 1)

    return answer


def shorter(rows, bound):
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows * np.minimum(1, bound / np.maximum(lengths, 1e-12))


def all_alike(rows, bound):
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-12) * bound


def listed(*words):
    return lambda text: any(word in text.split() for word in words)


WRONG = [
    ("ethics.exposed", lambda n, s: np.log(len(n)) - np.log(1 + better(n, n[s])),
     "base 2"),
    ("ethics.exposed", ranked(lambda n, own: 1 + (n > own).sum()), "wrong end"),
    ("ethics.exposed", ranked(better), "place 1"),
    ("ethics.exposed", lambda n, s: -n[s] / np.log(2), "you give"),
    ("ethics.temperature", lambda p, q: np.log(q / (1 - q)) / np.log(p / (1 - p)),
     "one over it"),
    ("ethics.temperature", lambda p, q: np.log(p) / np.log(q), "use the odds"),
    ("ethics.temperature", lambda p, q: p / q, "temperature from"),
    ("ethics.temperature", lambda p, q: 1.0, "temperature from"),
    ("ethics.mean", mean(lambda rows, _: rows), "Nothing was clipped"),
    ("ethics.mean", mean(lambda rows, b: rows.clip(-b, b)), "direction"),
    ("ethics.mean", mean(all_alike), "stay as they are"),
    ("ethics.mean", mean(shorter, divide=False), "Divide by"),
    ("ethics.mean", mean(shorter, spread=0.1), "deviation"),
    ("ethics.mean", mean(shorter, each=False), "noise of its own"),
    ("ethics.mean", mean(shorter, seeded=True), "from rng"),
    ("ethics.filter", lambda _: True, "honest hill"),
    ("ethics.filter", lambda _: False, "0% of the thefts by hill"),
    ("ethics.filter", listed("stole", "snatched", "seized", "grabbed"), "thefts by"),
    ("ethics.filter", listed("stole", "snatched", "seized", "grabbed", "took"),
     "of the honest"),
]  # fmt: skip
