"""Plausible wrong answers to the exercises in `text_to_image`, and each one's hint."""

import numpy as np
import torch


def each(captions):
    return [1 / captions.count(c) for c in captions]


def steered(base, towards):
    """Guidance from one of the three answers, towards another."""

    def answer(model, xt, t, wanted, unwanted, guidance):
        v = {
            "wanted": model(xt, t, wanted),
            "unwanted": model(xt, t, unwanted),
            "none": model(xt, t, torch.zeros_like(wanted)),
        }
        one, two = towards
        return v[base] + guidance * (v[one] - v[two])

    return answer


def looked(scores_of, *, after=None):
    def answer(query, key, value, tokens):
        real = (tokens != 0)[:, None, :]
        scores = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
        weights = scores_of(scores, real, query.shape[-1] ** 0.5).softmax(-1)
        return (weights if after is None else after(weights, real)) @ value

    return answer


def as_sets(asked, read):
    if sorted(asked) == sorted(read):
        return "right"
    return "binding" if len(read) == 2 else "things"


def in_order(asked, read):
    if list(asked) == list(read):
        return "right"
    return "places" if sorted(asked) == sorted(read) else "things"


def colours_only(asked, read):
    if list(asked) == list(read):
        return "right"
    if sorted(asked) == sorted(read):
        return "places"
    same = sorted(c for c, _ in asked) == sorted(c for c, _ in read)
    return "binding" if same else "things"


WRONG = [
    ("text_to_image.ceiling", each, "their mean"),
    ("text_to_image.ceiling", lambda c: 1 / len(c), "blind choice"),
    ("text_to_image.ceiling", lambda c: 1 - (len(c) - 2) / len(c), "ceiling"),
    (
        "text_to_image.ceiling",
        lambda c: float(np.mean([c.index(x) == i for i, x in enumerate(c)])) + 1 / 6,
        "half the time",
    ),
    (
        "text_to_image.steered_away",
        steered("none", ("wanted", "none")),
        "Where should it begin",
    ),
    (
        "text_to_image.steered_away",
        steered("unwanted", ("unwanted", "wanted")),
        "other way",
    ),
    (
        "text_to_image.steered_away",
        steered("wanted", ("wanted", "unwanted")),
        "At a guidance of 1",
    ),
    ("text_to_image.steered_away", steered("none", ("wanted", "unwanted")), "v at"),
    ("text_to_image.look", looked(lambda s, real, root: s), "still looked at"),
    ("text_to_image.look", looked(lambda s, real, root: s * real), "ordinary score"),
    (
        "text_to_image.look",
        looked(lambda s, real, root: s, after=lambda w, real: w * real),
        "sum to 1",
    ),
    (
        "text_to_image.look",
        looked(lambda s, real, root: (s * root).masked_fill(~real, -torch.inf)),
        "not divided",
    ),
    ("text_to_image.fault", as_sets, "What is not as asked for"),
    ("text_to_image.fault", in_order, "both colours and both shapes"),
    ("text_to_image.fault", colours_only, "exchanging anything"),
]
