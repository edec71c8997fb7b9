"""A GPT that reads with its book open: it is told what followed the last time.

A text repeats its own phrases and those of its kin, and a network this small cannot
learn thousands of phrases by heart in a minute. It need not: what has been read can be
asked. At each place it is looked up where the last few tokens stood before, and which
token followed there, as xz does when it copies, and 1911.00172 and 2112.04426 on a
larger scale. The answer is a hint. How far to trust it, the model learns.
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from minigen import gpt
from minigen.attention import Cache
from minigen.muon import Muon
from minigen.train import History, fit

#: So many last tokens are looked up, each number of them by itself.
LENGTHS = (2, 3, 4, 6, 8)
#: Any large odd number will do: see `codes`.
_FACTOR = 6_364_136_223_846_793_005


def codes(
    tokens: Int64[Tensor, "batch time"], length: int
) -> Int64[Tensor, "batch time"]:
    """Return a number for the last tokens at each place: other tokens, other number.

    It wraps around at 64 bits, so that two could meet by chance, which in a text of a
    million tokens happens once in some ten million texts. Before a text stands nothing.
    """
    found = torch.zeros_like(tokens)
    for back in range(length - 1, -1, -1):
        here = torch.zeros_like(tokens)
        here[:, back:] = tokens[:, : max(0, tokens.shape[1] - back)] + 1
        found = found * _FACTOR + here
    return found


def last_time(
    tokens: Int64[Tensor, " n"], *, lengths: tuple[int, ...] = LENGTHS
) -> Int64[Tensor, "n lengths"]:
    """Return for each place what followed when its last tokens stood there before.

    One hint a length, -1 where those tokens are new. Only what stands before a place
    has a say: no hint knows what comes.
    """
    found = torch.full((len(tokens), len(lengths)), -1)
    for i, length in enumerate(lengths):
        order, places = codes(tokens[None], length)[0].sort(stable=True)
        again = order[1:] == order[:-1]
        found[places[1:][again], i] = tokens[places[:-1][again] + 1]
    return found


class Book:
    """A text that has been read, in an order in which any phrase is found at once."""

    def __init__(
        self, tokens: Int64[Tensor, " n"], *, lengths: tuple[int, ...] = LENGTHS
    ) -> None:
        if len(tokens) <= max(lengths):
            raise ValueError(
                f"a book of {len(tokens)} tokens has no {max(lengths)} of them with "
                "another after: give a longer text"
            )
        self.tokens, self.lengths = tokens, lengths
        #: For each length the codes of its phrases, sorted, and the tokens after them.
        self.index = []
        for length in lengths:
            phrases = codes(tokens[None], length)[0, length - 1 : -1]
            order, at = phrases.sort(stable=True)
            self.index.append((order, tokens[length:][at]))

    def hints(
        self, tokens: Int64[Tensor, "batch time"]
    ) -> Int64[Tensor, "batch time lengths"]:
        """Return hints for short texts, each read after the book: as `last_time`."""
        places = torch.arange(tokens.shape[1])
        found = []
        for length, (order, after) in zip(self.lengths, self.index, strict=True):
            asked = codes(tokens, length)
            last = (torch.searchsorted(order, asked, right=True) - 1).clamp(min=0)
            hint = torch.where(order[last] == asked, after[last], -1)
            # What the text itself has said before is nearer than the book.
            same = asked[:, :, None] == asked[:, None, :]  # [batch, time, earlier]
            near = torch.where(same & (places < places[:, None]), places, -1).amax(-1)
            here = tokens.gather(1, (near + 1).clamp(max=len(places) - 1))
            found.append(torch.where(near >= 0, here, hint))
        return torch.stack(found, dim=-1)

    def reading(self, tokens: Int64[Tensor, " n"]) -> Int64[Tensor, "n lengths"]:
        """Return hints for a long text, read after the book from its first token on."""
        whole = torch.cat([self.tokens, tokens])
        return last_time(whole, lengths=self.lengths)[len(self.tokens) :]


class BookGPT(gpt.GPT):
    """A GPT with a book at hand.

    The vector of what followed last time is added to the token's own, scaled for each
    length; and at the end each hinted token's logit is raised, by as much as a linear
    map of the stream says.
    """

    def __init__(self, sizes: gpt.Sizes, book: Book) -> None:
        super().__init__(sizes)
        self.book = book
        self.scales = nn.Parameter(torch.full((len(book.lengths), sizes.width), 0.5))
        self.belief = nn.Linear(sizes.width, len(book.lengths))
        nn.init.zeros_(self.belief.weight)
        nn.init.ones_(self.belief.bias)
        nn.init.ones_(self.trust.bias)  # in prose few words are said again at once

    def forward(
        self,
        tokens: Int64[Tensor, "batch time"],
        hints: Int64[Tensor, "batch time lengths"] | None = None,
    ) -> Float[Tensor, "batch time vocab"]:
        """Return the logits of the token after each position."""
        return self.cached(tokens, hints=hints)[0]

    def cached(
        self,
        tokens: Int64[Tensor, "batch time"],
        caches: list[Cache] | None = None,
        *,
        hints: Int64[Tensor, "batch time lengths"] | None = None,
    ) -> tuple[Float[Tensor, "batch time vocab"], list[Cache]]:
        """As `GPT.cached`; the last cache holds the tokens, to look them up."""
        seen = tokens if caches is None else torch.cat([caches[-1][0], tokens], dim=1)
        start = 0 if caches is None else caches[0][0].shape[2]
        if start + tokens.shape[1] > self.sizes.context:
            raise ValueError(
                f"{start + tokens.shape[1]} tokens are more than the context of "
                f"{self.sizes.context}: give the last ones"
            )
        if hints is None:
            hints = self.book.hints(seen)[:, start:]
        told, hinted = (hints >= 0).float(), hints.clamp(min=0)
        weights = self.scales * told[..., None]  # [batch, time, lengths, width]
        x = self.begin(seen)[:, start:] + (self.embed(hinted) * weights).sum(2)
        grown, looks = [], x.new_empty(0)
        for i, block in enumerate(self.blocks):
            cache = None if caches is None else caches[i]
            last = i == self.sizes.layers - 1
            x, kept, looks = block(x, cache=cache, start=start, weights=last)
            grown.append(kept)
        raised = self.belief(self.norm(x)) * told
        logits = self.head(x, looks, seen).scatter_add_(2, hinted, raised)
        return logits, [*grown, (seen, seen)]


def windows(
    book: Book, *, length: int, size: int, generator: Generator
) -> Iterator[Int64[Tensor, "size length_plus_1 more"]]:
    """As `gpt.windows`, of the book itself: each token with what followed last time."""
    hints = last_time(book.tokens, lengths=book.lengths)
    both = torch.cat([book.tokens[:, None], hints], dim=1)
    places = torch.arange(len(both))
    for at in gpt.windows(places, length=length, size=size, generator=generator):
        yield both[at]


def learn(
    model: BookGPT,
    batches: Iterator[Tensor],
    *,
    steps: int,
    rate: float = gpt.RATE,
    other_rate: float = gpt.OTHER_RATE,
    **settings: Any,
) -> History:
    """Train a model on `windows` of its book; further settings go to `fit`."""
    return fit(
        model,
        lambda batch: gpt.loss(
            model(batch[:, :-1, 0], batch[:, :-1, 1:]), batch[..., 0]
        ),
        batches,
        steps=steps,
        optimizer=Muon.of(model, rate=rate, other_rate=other_rate),
        warmup=min(20, steps // 10),
        **settings,
    )
