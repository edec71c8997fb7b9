"""Language models at work on `stories`: rows of words in, odds and stories out.

A model is anything that maps tokens [batch, time] to logits of the next one.
"""

import lzma
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from minigen import decode
from minigen.data import stories
from minigen.data.stories import Settings, Story

Model = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Words:
    """The vocabulary of `stories`: a token is a word or a mark, and 0 is the end."""

    vocabulary: tuple[str, ...]

    @classmethod
    def of_stories(cls) -> "Words":
        """Return the vocabulary of all stories, whatever their settings."""
        return cls(stories.vocabulary())

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each word."""
        return {word: i for i, word in enumerate(self.vocabulary)}

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text; a ValueError names a word never seen."""
        words = stories.split(text)
        for word in words:
            if word not in self.index:
                raise ValueError(
                    f"the stories have no word {word!r}: use words of their "
                    "vocabulary, or train on a text that has it"
                )
        return [self.index[word] for word in words]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens, with the capitals and spaces of a story."""
        return stories.join([self.vocabulary[int(i)] for i in ids])

    def text_of(self, token: int) -> str:
        """Return what a reader sees of one token."""
        return self.vocabulary[token]

    def row(self, story: Story) -> Int64[Tensor, " n"]:
        """Return a story as tokens, with an end before it and one after."""
        return torch.tensor([0, *(self.index[w] for w in story.tokens), 0])


def padded(rows: Sequence[Int64[Tensor, " _"]]) -> Int64[Tensor, "batch longest"]:
    """Return rows as one table; -1 fills what is missing at the right."""
    longest = max(map(len, rows))
    table = torch.full((len(rows), longest), -1)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


def fresh(
    words: Words,
    *,
    size: int,
    generator: Generator,
    settings: Settings = stories.DEFAULT,
) -> Iterator[Int64[Tensor, "size time"]]:
    """Give batches of new stories without end: no story is ever read twice.

    Those of one batch have about the same length, so that little of it is padding.
    """
    while True:
        told = stories.sample(32 * size, generator=generator, settings=settings)
        rows = sorted(map(words.row, told), key=len)
        batches = [padded(rows[i : i + size]) for i in range(0, len(rows), size)]
        for i in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[i]


@torch.no_grad()
def token_nats(
    model: Model, rows: Sequence[Int64[Tensor, " _"]], *, size: int = 50
) -> list[Float[Tensor, " _"]]:
    """Return -log p of each token of each story under a model, its end included."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found: list[Tensor] = [rows[0]] * len(rows)
    for i in range(0, len(order), size):
        batch = padded([rows[j] for j in order[i : i + size]])
        logits = model(batch[:, :-1].clamp(min=0))
        each = cross_entropy(
            logits.transpose(1, 2), batch[:, 1:], ignore_index=-1, reduction="none"
        ).double()
        for j, nats in zip(order[i : i + size], each, strict=True):
            found[j] = nats[: len(rows[j]) - 1]
    return found


def story_nats(
    model: Model, rows: Sequence[Int64[Tensor, " _"]]
) -> Float[Tensor, " stories"]:
    """Return -log p of each story under a model, its end included."""
    return torch.stack([nats.sum() for nats in token_nats(model, rows)])


@dataclass(frozen=True)
class Gap:
    """How far a model is above the entropy, as a share of it, with 95 % either way."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the interval."""
        return self.low, self.high


def gap(nats: Float[Tensor, " stories"], told: Sequence[Story]) -> Gap:
    """Return the model's distance to the floor, from its -log p of unseen stories.

    What a model pays for a story is compared with what the grammar itself pays for the
    *same* story. The mean difference estimates the KL divergence, and most of the luck
    of which stories were drawn cancels out.
    """
    exact = torch.tensor([-stories.log_probability(s) for s in told]).double()
    more = (nats - exact).numpy() / stories.entropy(told[0].settings).nats
    wide = 1.96 * more.std(ddof=1) / math.sqrt(len(more)) if len(more) > 1 else math.inf
    mean = float(np.mean(more))
    return Gap(mean, mean - wide, mean + wide)


def bits_per_token(share: float, settings: Settings = stories.DEFAULT) -> float:
    """Return the loss of a model that is a share above the entropy."""
    return (1 + share) * stories.entropy(settings).bits_per_token


#: What a story has to keep to its end.
KEPT = ("hero", "object", "pronoun")


def kept(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the share of stories that keep each thing, and "all" of KEPT together."""
    verdicts = [stories.check(words) for words in texts]
    found = {
        what: sum(v.keeps(what) for v in verdicts) / len(verdicts) for what in KEPT
    }
    found["all"] = sum(all(map(v.keeps, KEPT)) for v in verdicts) / len(verdicts)
    found["perfect"] = sum(v.perfect for v in verdicts) / len(verdicts)
    return found


@runtime_checkable
class Stepwise(Protocol):
    """A model that reads one token more and remembers what it read."""

    def step(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return logits of what follows the tokens, and what to remember."""


@torch.no_grad()
def write(
    model: Stepwise, count: int, *, generator: Generator, longest: int = 250
) -> Int64[Tensor, "count time"]:
    """Let a model write so many stories, each from its beginning to its end (or cut).

    The next word is drawn from the model's own odds: nothing helps it.
    """
    token = torch.zeros(count, 1, dtype=torch.long)
    rows, state = [token], None
    ended = torch.zeros(count, dtype=torch.bool)
    for _ in range(longest):
        logits, state = model.step(token, state)
        token = decode.pick(logits[:, -1], generator=generator)[:, None]
        token[ended] = 0
        ended |= token[:, 0] == 0
        rows.append(token)
        if bool(ended.all()):
            break
    return torch.cat(rows, dim=1)


def said(words: Words, tokens: Int64[Tensor, "batch time"]) -> list[tuple[str, ...]]:
    """Return what written rows say, up to their end."""
    found = []
    for row in tokens[:, 1:].tolist():
        stop = row.index(0) if 0 in row else len(row)
        found.append(tuple(words.vocabulary[i] for i in row[:stop]))
    return found


def kinds(story: Story) -> list[str]:
    """Return what each token of a story is, its end included.

    "recalled": it says again what was told before; "chosen": the grammar could have
    gone on otherwise; "fixed": it could not.
    """
    found, prefix = [], stories.begin()
    for token in (*story.tokens, stories.END):
        before, prefix = prefix, prefix.then(token)
        free = before.log_probability - prefix.log_probability > 1e-6
        found.append("chosen" if free else "fixed")
    for item, _, position in story.steps:
        if item.kind == "@":
            found[position + item.article] = "recalled"
    return found


def bits_by_kind(
    nats: Sequence[Float[Tensor, " _"]], told: Sequence[Story]
) -> dict[str, float]:
    """Return the mean bits of each kind of token."""
    every = [kind for story in told for kind in kinds(story)]
    bits = torch.cat(list(nats)).numpy() / math.log(2)
    names = np.array(every)
    return {
        kind: float(bits[names == kind].mean())
        for kind in ("chosen", "fixed", "recalled")
    }


def xz_bits_per_byte(train: str, test: str) -> float:
    """Return what xz needs for the test part if it knows the training part."""
    known, both = (
        len(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
        for text in (train, train + test)
    )
    return 8 * (both - known) / len(test.encode())
