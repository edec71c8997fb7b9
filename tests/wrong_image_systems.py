"""Plausible wrong answers to the exercises in `image_systems`, and their hints."""

import math

import torch


def factor(side, tile, codes, *, down=True, colours=3, bits=8, name=math.log2):
    tokens = (side // tile) ** (2 if down else 1)
    return side * side * colours * bits / (tokens * name(codes))


def rounded(z, levels, *, squash=torch.tanh, scale=True, hide=True):
    half = (levels - 1) / 2
    inside = squash(z)
    out = (inside * half).round() / (half if scale else 1)
    return inside + (out - inside).detach() if hide else out


def too_many(z, levels):
    inside = torch.tanh(z)
    return inside + ((inside * levels).round() / levels - inside).detach()


def went_on(model, line, words, total, *, only=True, place=-1, blind=False):
    start = line.shape[1]
    while line.shape[1] < total:
        logits = model(line[:, :start] if blind else line)[:, place].clone()
        if only:
            logits[:, :words] = -torch.inf
        line = torch.cat([line, logits.argmax(-1, keepdim=True)], dim=1)
    return line


def means(points, count, *, rounds, start=None):
    codes = points[:count].clone() if start is None else start(points, count)
    for _ in range(rounds):
        which = torch.cdist(points, codes).argmin(1)
        codes = torch.stack([points[which == k].mean(0) for k in range(count)])
    return codes


def far_away(points, count):
    return points.max() + 1 + 0.1 * torch.arange(2.0 * count).view(count, 2)


WRONG = [
    ("image_systems.compression", lambda *a: 1 / factor(*a), "share that is left"),
    ("image_systems.compression",
     lambda *a: factor(*a, name=lambda c: 1), "name one code"),
    ("image_systems.compression",
     lambda *a: factor(*a, name=lambda c: c), "three bits"),
    ("image_systems.compression", lambda *a: factor(*a, colours=1), "three colours"),
    ("image_systems.compression", lambda *a: factor(*a, bits=1), "eight bits"),
    ("image_systems.compression", lambda *a: factor(*a, down=False), "down as well"),
    ("image_systems.compression", lambda *a: factor(*a, name=math.log), "logarithm"),
    ("image_systems.compression", lambda *a: factor(*a, bits=256), "256 shades"),
    ("image_systems.compression", lambda *a: int(factor(*a)), "need not be whole"),
    ("image_systems.fsq", lambda z, n: rounded(z, n, hide=False), "rounding is flat"),
    ("image_systems.fsq", lambda z, n: rounded(z, n).detach(), "no gradient"),
    ("image_systems.fsq", lambda z, n: rounded(z, n, scale=False), "between -1 and 1"),
    ("image_systems.fsq",
     lambda z, n: rounded(z, n, squash=lambda x: x.clamp(-1, 1)), "cut off"),
    ("image_systems.fsq", too_many, "different values"),
    ("image_systems.fsq", lambda z, n: rounded(z, n + 1), "how many steps"),
    ("image_systems.fsq", lambda z, n: z + (rounded(z, n) - z).detach(), "1 every"),
    ("image_systems.fsq",
     lambda z, n: rounded(z, n, squash=lambda x: x.tanh() - 1 / (n - 1)), "goes down"),
    ("image_systems.fsq", lambda z, n: torch.tanh(z), "different values"),
    ("image_systems.fsq", lambda z, n: rounded(z, n)[0], "shape"),
    ("image_systems.complete", lambda *a: went_on(*a, only=False), "words in the"),
    ("image_systems.complete", lambda *a: went_on(*a, place=0), "last place"),
    ("image_systems.complete", lambda *a: went_on(*a, blind=True), "all those before"),
    ("image_systems.complete", lambda *a: went_on(*a)[:, a[1].shape[1]:], "included"),
    ("image_systems.complete", lambda m, x, w, n: went_on(m, x, w, n - 1), "tokens a"),
    ("image_systems.complete",
     lambda *a: torch.cat([a[1][:, :-1] * 0, went_on(*a)[:, a[1].shape[1] - 1:]], 1),
     "as it is"),
    ("image_systems.codebook", lambda points, k: points[:k], "asked for"),
    ("image_systems.codebook",
     lambda points, k: means(points, k, rounds=1), "asked for"),
    ("image_systems.codebook",
     lambda points, k: means(points, k, rounds=3, start=far_away), "no number"),
    ("image_systems.codebook", far_away, "nearest to nothing"),
    ("image_systems.codebook", lambda points, k: points[0], "shape"),
]  # fmt: skip
