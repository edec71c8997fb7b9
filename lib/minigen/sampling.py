"""Whole texts by a sampling strategy: written, judged, and written faster with drafts.

The strategies themselves, which are functions of logits, are in `minigen.decode`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from minigen import decode
from minigen.attention import Cache
from minigen.data import stories
from minigen.gpt import GPT

#: Takes the logits of the next token and the texts so far, and returns logits.
Strategy = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Texts:
    """Texts as tokens, without the one that ends them, and the choice in each."""

    rows: list[list[int]]
    #: The entropy of the strategy's odds, added up along each text, in bits. Its mean
    #: is the entropy of the texts that the strategy can write.
    bits: Float[Tensor, " texts"]


@torch.no_grad()
def write(
    model: GPT,
    *,
    count: int,
    steps: int,
    generator: Generator,
    strategy: Strategy = lambda logits, _: logits,
    end: int = 0,
) -> Texts:
    """Write `count` texts, each from `end` (which begins them too) to its own end.

    A text that has no end after `steps` tokens is cut off there.
    """
    tokens, bits = torch.full((count, 1), end), torch.zeros(count)
    open_rows, caches = torch.arange(count), None  # texts that have no end yet
    for _ in range(steps):
        logits, caches = model.cached(tokens[open_rows, -1:], caches)
        logits = strategy(logits[:, -1], tokens[open_rows])
        log_p = logits.log_softmax(-1)
        bits[open_rows] -= (log_p.exp() * log_p).nan_to_num(0.0).sum(-1) / math.log(2)
        token = torch.full((count, 1), end)
        token[open_rows, 0] = decode.pick(logits, generator=generator)
        tokens = torch.cat([tokens, token], dim=1)
        going = token[open_rows, 0] != end
        open_rows, caches = open_rows[going], [(k[going], v[going]) for k, v in caches]
        if not len(open_rows):
            break
    rows = [row[: row.index(end)] if end in row else row
            for row in tokens[:, 1:].tolist()]  # fmt: skip
    return Texts(rows, bits)


@dataclass(frozen=True)
class Judged:
    """How good stories are, and how varied; shares are from 0 to 1."""

    stories: int
    #: Hero, object, pronouns, places, ... stay as they were told.
    coherent: float
    #: The grammar could have told them, word by word.
    possible: float
    #: Bits a token under the grammar, of the possible ones; NaN if there are none.
    true_bits: float
    #: Different texts among them.
    distinct: float
    #: Entropy of the strategy, in bits a story.
    diversity: float


def judge(rows: Sequence[Sequence[str]], bits: Float[Tensor, " texts"]) -> Judged:
    """Judge stories by the grammar that they are meant to follow."""
    true = [stories.log_probability(row) if row else -math.inf for row in rows]
    possible = [nats > -math.inf for nats in true]
    tokens = sum(len(row) + 1 for row, told in zip(rows, possible, strict=True) if told)
    nats = -sum(x for x in true if x > -math.inf)
    return Judged(
        stories=len(rows),
        coherent=float(np.mean([bool(r) and stories.check(r).coherent for r in rows])),
        possible=float(np.mean(possible)),
        true_bits=nats / tokens / math.log(2) if tokens else math.nan,
        distinct=len({tuple(row) for row in rows}) / len(rows),
        diversity=float(bits.mean()),
    )


def area(
    diversity: Sequence[float], quality: Sequence[float], *, low: float, high: float
) -> float:
    """Return the mean quality along a curve, between two levels of diversity.

    Between measured points the curve is a straight line; it must reach both levels.
    """
    order = np.argsort(diversity)
    x, y = np.asarray(diversity)[order], np.asarray(quality)[order]
    if not low < high or x[0] > low or x[-1] < high:
        raise ValueError(
            f"the curve goes from {x[0]:.3g} to {x[-1]:.3g}, and an area from "
            f"{low:.3g} to {high:.3g} was asked for"
        )
    inside = x[(x > low) & (x < high)]
    grid = np.concatenate([[low], inside, [high]])
    return float(np.trapezoid(np.interp(grid, x, y), grid) / (high - low))


@torch.no_grad()
def speculate(
    model: GPT,
    draft: Callable[[list[int]], Float[Tensor, " vocab"]],
    prompt: Sequence[int],
    *,
    steps: int,
    ahead: int,
    generator: Generator,
    end: int | None = None,
) -> tuple[list[int], int]:
    """Go on with a prompt by speculative decoding (2211.17192); also count the calls.

    `draft` gives the odds of a token after a text. It proposes `ahead` tokens; one call
    of the model judges them all (`decode.accept`). The text ends with `end`, or after
    `steps` tokens, and is distributed as the model's own.
    """
    tokens, caches, calls = list(prompt), None, 0
    while len(tokens) - len(prompt) < steps:
        drafted: list[int] = []
        odds = []
        for _ in range(ahead):
            odds.append(draft(tokens + drafted))
            drafted.append(int(torch.multinomial(odds[-1], 1, generator=generator)))
        known = 0 if caches is None else caches[0][0].shape[2]
        logits, caches = model.cached(torch.tensor([tokens[known:] + drafted]), caches)
        target = logits[0, -ahead - 1 :].double().softmax(-1)
        kept = decode.accept(
            torch.tensor(drafted), torch.stack(odds), target, generator=generator
        ).tolist()
        calls += 1
        kept = kept[: len(prompt) + steps - len(tokens)]
        if end in kept:
            return tokens + kept[: kept.index(end) + 1], calls
        tokens += kept
        # What was drafted and refused is forgotten; the last token was never read.
        caches = cut_back(caches, len(tokens) - 1)
    return tokens, calls


def cut_back(caches: list[Cache], length: int) -> list[Cache]:
    """Return a model's caches as they were after so many tokens.

    Keys and values have the shape [batch, heads, time, width], tokens [batch, time].
    """

    def cut(part: Tensor) -> Tensor:
        return part[:, :, :length] if part.dim() == 4 else part[:, :length]

    return [(cut(first), cut(second)) for first, second in caches]
