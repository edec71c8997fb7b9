"""Checkers of the chapter on the decoder-only Transformer."""

import math
from collections.abc import Callable
from functools import cache as cache_once
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from minigen import lm, ngram
from minigen.attention import attend, causal_mask
from minigen.checks import NotYet, calls, close, numbers
from minigen.data import stories
from minigen.exercises import Checker
from minigen.repro import generator

#: Of the 5-gram's bits, what exercise 4 may still need.
SHARE = 0.97


def bits_per_byte(function: Callable[..., Any]) -> str:
    """The sum of the surprise in bits over the bytes of the text."""
    for nats, text in (([1.0, 2.0, 0.5], "abcdefg"), ([3.0, 4.0], "Käse, 猫!")):
        found = calls(function, list(nats), text)
        size = len(text.encode())
        right = sum(nats) / math.log(2) / size
        if np.size(numbers(found, name="The answer")) == 1:
            _hint_bits(float(found), sum(nats), len(nats), text, right)
        close(found, right, name=f"The bits per byte of {text!r}")
    return "right. This is the size of the compressed file, by an ideal coder."


def _hint_bits(found: float, nats: float, tokens: int, text: str, right: float) -> None:
    size, near = len(text.encode()), partial(math.isclose, rel_tol=1e-5)
    if near(found, nats / tokens):
        raise NotYet("These are nats per token; bits per byte are asked for.")
    if near(found, nats / math.log(2)):
        raise NotYet("These are the bits of the whole text. How long is it?")
    if near(found, nats / size):
        raise NotYet("These are nats per byte. How many nats are a bit?")
    if near(found, nats * math.log(2) / size):
        raise NotYet("A nat is more than a bit, so in bits the number is larger.")
    if near(found, nats / math.log(2) / tokens):
        raise NotYet("These are bits per token. Another tokenizer has other tokens.")
    letters = nats / math.log(2) / len(text)
    if near(found, letters) and not near(found, right):
        raise NotYet(
            "These are bits per character. Outside English a character may have "
            "several bytes."
        )


def weighted(function: Callable[..., Any]) -> str:
    """Cross-entropy at the tokens that count, shifted by one."""
    rng = generator(0)
    logits = torch.randn(3, 6, 5, generator=rng)
    tokens = torch.randint(5, (3, 7), generator=rng)
    counts = torch.rand(3, 7, generator=rng) < 0.5
    counts[:, 0] = True  # the first has nothing before it
    counts[0, 1:] = True
    log_p = logits.log_softmax(-1)
    each = -log_p.gather(-1, tokens[:, 1:, None])[..., 0]
    right = each[counts[:, 1:]].mean()
    found = calls(function, logits, tokens, counts)
    if isinstance(found, Tensor) and found.numel() == 1:
        value = float(found)
        early = -log_p.gather(-1, tokens[:, :-1, None])[..., 0]
        rows = (each * counts[:, 1:]).sum(1) / counts[:, 1:].sum(1)
        wrong = {
            "This is log p. A surprise is not negative.": -right,
            "These are bits, and nats are asked for.": right / math.log(2),
            "This is a mean of the texts' means. Every token that counts should count "
            "alike, in whichever text it stands.": rows.mean(),
            "A logit is not yet a logarithm of odds.":
                -logits.gather(-1, tokens[:, 1:, None])[..., 0][counts[:, 1:]].mean(),
            "All tokens were counted. What is `counts` for?": each.mean(),
            "The sum is right. The loss is the mean over the tokens that count.":
                each[counts[:, 1:]].sum(),
            "It is divided by all tokens, and not by those that count.":
                (each * counts[:, 1:]).mean(),
            "The place of `counts` is that of the token to be learned, not that of "
            "the one before it.": each[counts[:, :-1]].mean(),
            "Each token is compared with the odds that came after it was read: shift "
            "by one.": early[counts[:, :-1]].mean(),
        }  # fmt: skip
        for hint, bad in wrong.items():
            if math.isclose(value, float(bad), rel_tol=1e-5):
                raise NotYet(hint)
    close(found, right, name="The loss of the answer")
    return "right. With it, a model learns to answer and not to ask."


def cache(function: Callable[..., Any]) -> str:
    """Attention of one new position over all keys so far."""
    rng = generator(1)
    q, k, v = torch.randn(3, 2, 3, 7, 4, generator=rng)
    whole, _ = attend(q, k, v, causal_mask(7))
    kept = None
    for t in range(7):
        now = [part[:, :, t : t + 1].clone() for part in (q, k, v)]
        answer = calls(function, *now, kept)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise NotYet("Return two things: the result, and the grown cache.")
        found, kept = answer
        if not isinstance(found, Tensor):
            raise NotYet("The result must be a tensor, [batch, heads, 1, dim].")
        if t and found.shape == now[0].shape and torch.allclose(found, now[2]):
            raise NotYet(
                f"At position {t + 1} the result is the new value alone. The keys and "
                "values of the cache must take part."
            )
        loud, _ = attend(2 * now[0], k[:, :, : t + 1], v[:, :, : t + 1])
        if t and found.shape == loud.shape and torch.allclose(found, loud, atol=1e-5):
            raise NotYet("The scores are not divided by the square root of dim.")
        soft, _ = attend(now[0] / 2, k[:, :, : t + 1], v[:, :, : t + 1])
        if t and found.shape == soft.shape and torch.allclose(found, soft, atol=1e-5):
            raise NotYet("Divided by dim, and not by its square root.")
        total = v[:, :, : t + 1].sum(2, keepdim=True)
        if t and found.shape == total.shape and torch.allclose(found, total, atol=1e-5):
            raise NotYet("The weights do not sum to one: over which axis is softmax?")
        right = whole[:, :, t : t + 1]
        if found.shape == right.shape and not torch.allclose(found, right, atol=1e-5):
            _look_into(kept, k[:, :, : t + 1], v[:, :, : t + 1])
        close(found, right, name=f"The result at position {t + 1}")
    return "right: position by position, the same as all at once."


def _look_into(kept: Any, *wanted: Tensor) -> None:
    """Say so if what was kept is not all keys and all values so far."""
    parts = kept if isinstance(kept, tuple | list) else ()
    for part, every in zip(parts, wanted, strict=False):
        same = isinstance(part, Tensor) and part.shape == every.shape
        if not (same and torch.allclose(part, every, atol=1e-5)):
            raise NotYet(
                "The result is wrong, and so is the grown cache: it should hold the "
                "keys of all positions so far, then their values."
            )


def memory(function: Callable[..., Any]) -> str:
    """Odds that are better than the 5-gram's, and causal."""
    bits, before = 0.0, 0.0
    for odds, row in _places():
        found = calls(function, odds.clone(), row[:-1].clone())
        if not isinstance(found, Tensor) or found.shape != odds.shape:
            raise NotYet(f"Return odds of shape {list(odds.shape)}, a row a place.")
        total = found.double().sum(1)
        if found.min() < 0 or not torch.allclose(
            total, torch.ones_like(total), atol=1e-4
        ):
            raise NotYet("Each row must be odds: none below zero, together one.")
        half = len(row) // 2
        other = row[:-1].clone()
        other[half + 1 :] = row[1]
        again = calls(function, odds.clone(), other)
        if not torch.allclose(again[: half + 1], found[: half + 1], atol=1e-6):
            raise NotYet(
                "The odds at a place changed when later words changed. Nobody who "
                "writes knows what comes later."
            )
        answer = row[1:, None]
        bits -= float(found.double().gather(1, answer).clamp(min=1e-12).log2().sum())
        before -= float(odds.double().gather(1, answer).log2().sum())
    if bits > SHARE * before:
        raise NotYet(
            f"It needs {bits / before:.0%} of the 5-gram's bits, and is asked for "
            f"{SHARE:.0%}. Which words come back in a story, and which do not?"
        )
    return f"right: {bits / before:.0%} of the 5-gram's bits, by memory alone."


@cache_once
def _places() -> list[tuple[Tensor, Tensor]]:
    """Return a 5-gram's odds at each place of unseen stories, and their words."""
    words = lm.Words.of_stories()
    told = [words.row(s) for s in stories.sample(800, generator=generator(2))]
    grams = ngram.NGram(len(words), order=5).fit(ngram.stream(told, order=5))
    found = []
    for story in stories.sample(12, generator=generator(3)):
        row = words.row(story)
        padded = torch.cat([torch.zeros(3, dtype=torch.long), row[:-1]])
        contexts = padded.unfold(0, 4, 1)
        found.append((grams.logits(contexts).exp(), row))
    return found


CHECKERS: dict[str, Checker] = {
    "bits_per_byte": bits_per_byte,
    "weighted": weighted,
    "cache": cache,
    "memory": memory,
}
