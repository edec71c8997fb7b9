"""A watermark for texts: a secret choice of words, and the test that finds it.

After each word a secret key colours the vocabulary green and red (2301.10226). A
marked writer leans to green words; whoever has the key counts them.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int64
from scipy import stats
from torch import Generator, Tensor

from minigen import repro
from minigen.data.stories import DEFAULT, Settings, begin


@dataclass(frozen=True)
class Mark:
    """A watermark: its secret key, the share of green words, and the lean to them.

    The word before alone decides which words are green, by an independent coin for
    each pair. (The paper shuffles the vocabulary and colours exactly that share, and
    hashes where this keeps a table: with few words there is no need to.)
    """

    vocab: int
    key: int = 0
    share: float = 0.5
    #: Added to the logits of green words, in nats.
    strength: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or not self.strength >= 0:
            raise ValueError(
                "a mark needs a share of green words between 0 and 1 and a strength "
                f"of 0 or more, not {self.share} and {self.strength}"
            )

    @cached_property
    def table(self) -> Bool[Tensor, "vocab vocab"]:
        """Whether a word (column) is green after another (row)."""
        rng = repro.generator(self.key)
        return torch.rand(self.vocab, self.vocab, generator=rng) < self.share

    def lean(
        self, logits: Float[Tensor, "*place vocab"], last: Int64[Tensor, " *place"]
    ) -> Float[Tensor, "*place vocab"]:
        """Return logits with green words raised (algorithm 2)."""
        return logits + self.strength * self.table[last]

    def count(self, row: Int64[Tensor, " n"], *, once: bool = True) -> tuple[int, int]:
        """Return how many words of a row are green, and how many count.

        Its first token only begins the text. With `once`, a word counts only where it
        follows the word before it for the first time: pairs that come again have the
        same colour again, and are no new evidence.
        """
        pairs = torch.stack([row[:-1], row[1:]], dim=1)
        if once:
            pairs = pairs.unique(dim=0)
        green = self.table[pairs[:, 0], pairs[:, 1]]
        return int(green.sum()), len(pairs)

    def z(self, row: Int64[Tensor, " n"], *, once: bool = True) -> float:
        """Return (green − γ T) / √(T γ (1 − γ)): eq. 3, over pairs that differ."""
        green, total = self.count(row, once=once)
        if not total:
            return 0.0
        return (green - self.share * total) / math.sqrt(
            total * self.share * (1 - self.share)
        )

    def p_value(self, row: Int64[Tensor, " n"]) -> float:
        """Return how often a text of somebody without the key has so many green pairs.

        Exact, over all keys: green pairs are then a sum of independent coins.
        """
        green, total = self.count(row)
        return float(stats.binom.sf(green - 1, total, self.share))


def over_keys(
    rows: Sequence[Int64[Tensor, " _"]],
    keys: Iterable[int],
    *,
    vocab: int,
    share: float = 0.5,
    once: bool = True,
) -> Float[Tensor, "key row"]:
    """Return the z of every row under every key: `Mark.z`, for many at once."""
    each = [torch.stack([row[:-1], row[1:]], dim=1) for row in rows]
    if once:
        each = [pairs.unique(dim=0) for pairs in each]
    counts = torch.tensor([len(pairs) for pairs in each])
    owner = torch.repeat_interleave(torch.arange(len(each)), counts)
    total = counts.double()
    before, after = torch.cat(each).unbind(1)
    green = torch.zeros(0, len(each), dtype=torch.float64)
    for key in keys:
        table = Mark(vocab, key=key, share=share).table
        count = torch.zeros(1, len(each), dtype=torch.float64)
        count.index_add_(1, owner, table[before, after][None].double())
        green = torch.cat([green, count])
    return (green - share * total) / (total * share * (1 - share)).sqrt()


def expected_green(
    odds: Float[Tensor, "n vocab"],
    *,
    share: float = 0.5,
    strength: float = 2.0,
    draws: int = 64,
    generator: Generator,
) -> Float[Tensor, " n"]:
    """Return how likely a marked writer's next word is green, over all keys.

    The mean of e^δ G / (1 + (e^δ − 1) G), G being the odds of the green words, over so
    many colourings. Where one word is sure it is `share`: there is nothing to choose.
    """
    total = torch.zeros(len(odds), dtype=torch.float64)
    for _ in range(draws):
        green = torch.rand(odds.shape, generator=generator) < share
        among = (odds.double() * green).sum(-1)
        total += math.exp(strength) * among / (1 + math.expm1(strength) * among)
    return total / draws


def expected_z(
    green: Float[Tensor, " n"],
    rows: Iterable[Sequence[int]],
    *,
    length: int,
    share: float = 0.5,
) -> float:
    """Return the mean z of texts of one length, from how likely each word is green.

    The words are those of `pieces`; a pair that comes again is left out, as in z.
    """
    found = []
    for i, piece in enumerate(pieces(rows, length=length)):
        first: dict[tuple[int, int], int] = {}
        for k, pair in enumerate(pairwise(piece.tolist())):
            first.setdefault(pair, i * length + k)
        more = green[list(first.values())].double() - share
        found.append(float(more.sum()) / math.sqrt(len(more) * share * (1 - share)))
    return sum(found) / len(found)


def strictest(
    mark: Mark,
    index: Mapping[str, int],
    *,
    generator: Generator,
    settings: Settings = DEFAULT,
) -> list[int]:
    """Tell a story with green words wherever the grammar allows; return its tokens.

    Of the words that can come next only green ones are drawn, wherever there is one.
    What a mark can reach, at this place of the story, and the story still makes sense.
    """
    prefix, tokens = begin(settings), [0]
    while True:
        odds = prefix.next()
        green = {word: p for word, p in odds.items()
                 if mark.table[tokens[-1], index[word]]}  # fmt: skip
        chosen = green or odds
        weights = torch.tensor(list(chosen.values()), dtype=torch.float64)
        word = list(chosen)[int(torch.multinomial(weights, 1, generator=generator))]
        prefix = prefix.then(word)
        tokens.append(index[word])
        if tokens[-1] == 0:
            return tokens


def pieces(
    rows: Iterable[Sequence[int]], *, length: int
) -> Iterator[Int64[Tensor, " _"]]:
    """Cut texts, one after the other, into rows that count `length` tokens each.

    A row has one token more, in front: the last of the row before it.
    """
    kept = [0]
    for row in rows:
        kept += row
        while len(kept) > length:
            yield torch.tensor(kept[: length + 1])
            kept = kept[length:]
