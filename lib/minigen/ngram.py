"""N-grams: the odds of a token from how often it followed the last few, smoothed.

Modified Kneser–Ney smoothing (Chen and Goodman, 1999): every count gives up a little;
what is saved goes to the next shorter context, where a token counts for the number of
*different* tokens that it followed.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int64
from torch import Tensor

Codes = npt.NDArray[np.int64]


class NGram:
    """A table of n-grams; `order` tokens long, the last one being predicted."""

    def __init__(self, vocab: int, *, order: int = 5) -> None:
        if order < 1:
            raise ValueError(f"order={order}: an n-gram has at least one token")
        if order * math.log2(vocab) >= 63:
            raise ValueError(
                f"{order} tokens of a vocabulary of {vocab:,} do not fit one number: "
                "use a shorter order"
            )
        self.vocab, self.order = vocab, order
        #: For each length: the n-grams, as numbers in order, and their discounted
        #: counts; and for each context its total and the share that it gives away.
        self.tables: list[tuple[Codes, npt.NDArray, Codes, npt.NDArray, npt.NDArray]]

    def fit(self, tokens: Int64[Tensor, " n"]) -> "NGram":
        """Count the n-grams of a text."""
        known = tokens.numpy()
        if len(known) < self.order:
            raise ValueError(
                f"the text has {len(known)} tokens, and the n-grams need {self.order}"
            )
        tables = []
        grams, counts = np.unique(self._codes(known, self.order), return_counts=True)
        for length in range(self.order, 0, -1):
            tables.append(self._table(grams, counts))
            # Shorter n-grams count for the different tokens that stood before them.
            shorter = grams % self.vocab ** (length - 1)
            if length > 1:
                grams, counts = np.unique(shorter, return_counts=True)
        self.tables = tables[::-1]
        return self

    def _codes(self, tokens: Codes, length: int) -> Codes:
        windows = np.lib.stride_tricks.sliding_window_view(tokens, length)
        powers = self.vocab ** np.arange(length - 1, -1, -1, dtype=np.int64)
        return windows @ powers

    def _table(
        self, grams: Codes, counts: npt.NDArray
    ) -> tuple[Codes, npt.NDArray, Codes, npt.NDArray, npt.NDArray]:
        discount = _discounts(counts)[np.minimum(counts, 3)]
        contexts, first = np.unique(grams // self.vocab, return_index=True)
        totals = np.add.reduceat(counts, first).astype(float)
        given = np.add.reduceat(discount, first) / totals
        return grams, counts - discount, contexts, totals, given

    def probability(
        self, context: Int64[Tensor, "n known"], token: Int64[Tensor, " n"]
    ) -> Float[Tensor, " n"]:
        """Return p(token | the last tokens of the context)."""
        powers = self.vocab ** np.arange(self.order, dtype=np.int64)
        last = token.numpy().astype(np.int64)
        before = context.numpy()[:, ::-1][:, : self.order - 1]
        p = np.full(len(last), 1 / self.vocab)
        place = np.zeros(len(last), dtype=np.int64)
        for length, (grams, kept, contexts, totals, given) in enumerate(self.tables):
            if length:
                if length > before.shape[1]:
                    break
                place = place + before[:, length - 1] * powers[length - 1]
            at, there = _find(contexts, place)
            hit, found = _find(grams, place * self.vocab + last)
            seen = np.where(found, kept[hit], 0.0) / totals[at]
            p = np.where(there, seen + given[at] * p, p)
        return torch.from_numpy(p)

    def logits(self, context: Int64[Tensor, "n known"]) -> Float[Tensor, "n vocab"]:
        """Return log p of every token of the vocabulary after each context."""
        n = len(context)
        every = torch.arange(self.vocab).repeat(n)
        p = self.probability(context.repeat_interleave(self.vocab, 0), every)
        return p.log().view(n, self.vocab).float()

    def nats(self, tokens: Int64[Tensor, " n"]) -> Float[Tensor, " n_minus_1"]:
        """Return -log p of each token of a text but the first."""
        width = self.order - 1
        padded = torch.cat([tokens.new_zeros(width), tokens])
        contexts = (
            padded.unfold(0, width, 1)[1:-1] if width else tokens[1:, None][:, :0]
        )
        return -self.probability(contexts, tokens[1:]).log()

    def step(
        self, tokens: Int64[Tensor, "batch time"], state: Tensor | None = None
    ) -> tuple[Float[Tensor, "batch 1 vocab"], Tensor]:
        """Return the logits of what follows, and the last few tokens to remember."""
        width = self.order - 1
        if state is None:
            state = tokens.new_zeros(len(tokens), width)
        known = torch.cat([state, tokens], dim=1)[:, tokens.shape[1] :]
        return self.logits(known)[:, None], known


def going_on(
    known: Int64[Tensor, " m"],
    tokens: Int64[Tensor, " n"],
    *,
    vocab: int,
    order: int,
    every: int = 1000,
) -> Float[Tensor, " n_minus_1"]:
    """Return -log p of each token but the first, for a counter that never stops.

    After every so many tokens it counts again, with what it has just read.
    """
    found, width = [], order - 1
    for begin in range(0, len(tokens), every):
        read = torch.cat([known, tokens[:begin]])
        piece = tokens[max(0, begin - width - 1) : begin + every]
        new = min(every, len(tokens) - begin)
        nats = NGram(vocab, order=order).fit(read).nats(piece)
        found.append(nats[-new:])
    return torch.cat(found)


def stream(rows: Sequence[Int64[Tensor, " _"]], *, order: int) -> Int64[Tensor, " n"]:
    """Return rows as one text, so far apart that no n-gram spans two of them."""
    gap = torch.zeros(order - 2, dtype=torch.long)
    return torch.cat([part for row in rows for part in (gap, row)])


def row_nats(
    model: NGram, rows: Sequence[Int64[Tensor, " _"]]
) -> list[Float[Tensor, " _"]]:
    """Return -log p of each token of each row but the first."""
    return [model.nats(row) for row in rows]


def _discounts(counts: npt.NDArray) -> npt.NDArray:
    """Return what n-grams seen 0, 1, 2 and 3 or more times give up (equation 17)."""
    n = [float((counts == i).sum()) for i in range(1, 5)]
    if min(n) == 0:  # too little text to tell
        return np.array([0.0, 0.5, 0.5, 0.5])
    share = n[0] / (n[0] + 2 * n[1])
    found = [(i + 1) - (i + 2) * share * n[i + 1] / n[i] for i in range(3)]
    return np.clip([0.0, *found], 0.0, [0.0, 0.95, 1.95, 2.95])


def _find(table: Codes, wanted: Codes) -> tuple[npt.NDArray, npt.NDArray]:
    at = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return at, table[at] == wanted
