"""Wrong answers to the exercises on the decoder-only Transformer, and their hints."""

import math

import torch


def _log_p(logits, tokens):
    return -logits.log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]


def _grown(k, v, cache):
    if cache is None:
        return k, v
    return torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)


def forgetful(q, k, v, cache):
    return v, (k, v)


def loud(q, k, v, cache):
    k, v = _grown(k, v, cache)
    return (q @ k.transpose(-2, -1)).softmax(-1) @ v, (k, v)


def lonely(q, k, v, cache):
    k, v = _grown(k, v, cache)
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1) @ v


def mean(q, k, v, cache):
    k, v = _grown(k, v, cache)
    return v.mean(2, keepdim=True), (k, v)


def timid(q, k, v, cache):
    k, v = _grown(k, v, cache)
    return (q @ k.transpose(-2, -1) / q.shape[-1]).softmax(-1) @ v, (k, v)


def sideways(q, k, v, cache):
    k, v = _grown(k, v, cache)
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-2) @ v, (k, v)


def muddled(q, k, v, cache):
    k, v = _grown(k, v, cache)
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1) @ v, (v, k)


def by_text(logits, tokens, counts):
    each, counts = _log_p(logits, tokens), counts[:, 1:]
    return ((each * counts).sum(1) / counts.sum(1)).mean()


def _boosted(odds, used):
    changed = odds * (1 + 12 * used)
    return changed / changed.sum(1, keepdim=True)


def prophet(odds, seen):
    """Use the words of the whole story."""
    used = torch.zeros_like(odds)
    used[:, seen] = 1
    return _boosted(odds, used)


def unfinished(odds, seen):
    hot = torch.nn.functional.one_hot(seen, odds.shape[1])
    return odds * (1 + 12 * hot.cumsum(0).clamp(max=1))


WRONG = [
    ("decoder_only.bits_per_byte", lambda n, t: sum(n) / len(t.encode()), "nats"),
    ("decoder_only.bits_per_byte",
     lambda n, t: sum(n) * math.log(2) / len(t.encode()), "more than a bit"),
    ("decoder_only.bits_per_byte",
     lambda n, t: sum(n) / math.log(2) / len(n), "per token"),
    ("decoder_only.bits_per_byte",
     lambda n, t: sum(n) / math.log(2) / len(t), "per character"),
    ("decoder_only.bits_per_byte", lambda n, t: sum(n) / len(n), "nats per token"),
    ("decoder_only.bits_per_byte",
     lambda n, t: torch.tensor(n).sum() / math.log(2), "the whole text"),
    ("decoder_only.weighted", lambda x, t, c: _log_p(x, t).mean(), "All tokens"),
    ("decoder_only.weighted", by_text, "count alike"),
    ("decoder_only.weighted",
     lambda x, t, c: -_log_p(x, t)[c[:, 1:]].mean(), "not negative"),
    ("decoder_only.weighted",
     lambda x, t, c: _log_p(x, t)[c[:, 1:]].mean() / math.log(2), "nats are asked"),
    ("decoder_only.weighted",
     lambda x, t, c: -x.gather(-1, t[:, 1:, None])[..., 0][c[:, 1:]].mean(),
     "not yet a logarithm"),
    ("decoder_only.weighted",
     lambda x, t, c: _log_p(x, t)[c[:, 1:]].sum(), "sum is right"),
    ("decoder_only.weighted",
     lambda x, t, c: (_log_p(x, t) * c[:, 1:]).mean(), "divided by all"),
    ("decoder_only.weighted",
     lambda x, t, c: _log_p(x, t)[c[:, :-1]].mean(), "token to be learned"),
    ("decoder_only.cache", forgetful, "the new value alone"),
    ("decoder_only.cache", loud, "square root"),
    ("decoder_only.cache", lonely, "two things"),
    ("decoder_only.cache", mean, "position"),
    ("decoder_only.cache", timid, "not by its square root"),
    ("decoder_only.cache", sideways, "which axis"),
    ("decoder_only.cache", muddled, "grown cache"),
    ("decoder_only.memory", prophet, "comes later"),
    ("decoder_only.memory", unfinished, "together one"),
    ("decoder_only.memory", lambda odds, seen: odds, "come back"),
    ("decoder_only.memory", lambda odds, seen: odds[0], "shape"),
]  # fmt: skip
