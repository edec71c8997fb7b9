"""Four readers of one text: attention, a recurrent network with and without it, counts.

Each gives the next word of a text of `recall.WORDS`; the chapter on attention trains
them on the same texts and asks them what stood there.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from minigen.attention import Attention, attend, causal_mask, rotary
from minigen.words import EMPTY, WORDS


class Heads(Attention):
    """Attention in several heads whose mask the caller gives."""

    def look(
        self,
        x: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "*#batch #time time"],
    ) -> tuple[Float[Tensor, "batch time width"], Tensor]:
        """Return the result and where each head looks."""
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )  # [batch, heads, time, width / heads]
        q, k = self.norm(q), self.norm(k)
        if self.rotary_positions:
            places = torch.arange(x.shape[1], device=x.device)
            q, k = rotary(q, places), rotary(k, places)
        mixed, weights = attend(q, k, v, mask)
        return self.out(mixed.transpose(1, 2).flatten(2)), weights


class Reader(nn.Module):
    """Nothing but attention: words, layers that look, and a guess at the next word."""

    def __init__(
        self, *, width: int = 64, heads: int = 2, layers: int = 2, rotary: bool = True
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), width)
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(layers))
        self.layers = nn.ModuleList(
            Heads(width, heads=heads, rotary_positions=rotary) for _ in range(layers)
        )
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, len(WORDS), bias=False)

    def read(
        self,
        texts: Int64[Tensor, "batch time"],
        mask: Bool[Tensor, "*#batch #time time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time words"], list[Tensor]]:
        """Return the logits of each next word, and every layer's weights."""
        if mask is None:
            mask = causal_mask(texts.shape[1]).to(texts.device)
        x, seen = self.embed(texts), []
        for norm, layer in zip(self.norms, self.layers, strict=True):
            assert isinstance(layer, Heads)
            mixed, weights = layer.look(norm(x), mask)
            x = x + mixed
            seen.append(weights)
        return self.head(self.norm(x)), seen

    def forward(
        self, texts: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time words"]:
        """Return the logits of each next word."""
        return self.read(texts)[0]


class Recurrent(nn.Module):
    """A GRU (1406.1078): reads word by word and keeps what fits into its state.

    With `attention` it also looks back at every place so far before it guesses.
    """

    def __init__(self, *, width: int = 64, attention: bool = False) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), width)
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(2))
        self.gru = nn.GRU(width, width, batch_first=True)
        self.up = nn.Linear(width, width)
        self.look = Heads(width, heads=2) if attention else None
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, len(WORDS), bias=False)

    def forward(
        self, texts: Int64[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time words"]:
        """Return the logits of each next word."""
        x = self.embed(texts)
        x = x + self.up(self.gru(self.norms[0](x))[0])
        if self.look is not None:
            mask = causal_mask(texts.shape[1]).to(texts.device)
            x = x + self.look.look(self.norms[1](x), mask)[0]
        return self.head(self.norm(x))


class Counts:
    """An n-gram: what followed the last n − 1 words most often in the training texts.

    Where these words never stood together, it asks for fewer of them.
    """

    def __init__(self, n: int, texts: Int64[Tensor, "count length"]) -> None:
        self.n = n
        self.tables = [self._count(texts, size) for size in range(n - 1, -1, -1)]

    def _count(self, texts: Tensor, size: int) -> dict[int, int]:
        pieces = texts.unfold(1, size + 1, 1).reshape(-1, size + 1)
        keys, counts = _key(pieces).unique(return_counts=True)
        best: dict[int, tuple[int, int]] = {}
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            before, word = divmod(key, len(WORDS))
            best[before] = max(best.get(before, (0, 0)), (count, word))
        return {before: word for before, (_, word) in best.items()}

    def guess(self, texts: Int64[Tensor, "batch time"]) -> Int64[Tensor, " batch"]:
        """Return the word that each text would go on with."""
        guesses = []
        for text in texts:
            for size, table in zip(range(self.n - 1, -1, -1), self.tables, strict=True):
                key = int(_key(text[None, len(text) - size :])[0])
                if key in table:
                    guesses.append(table[key])
                    break
        return torch.tensor(guesses)


def _key(pieces: Int64[Tensor, "n size"]) -> Int64[Tensor, " n"]:
    """Return one number for each row of words."""
    key = torch.zeros(len(pieces), dtype=torch.int64)
    for column in pieces.T:
        key = key * len(WORDS) + column
    return key


class Look(nn.Module):
    """A reader as the page runs it: where one head looks, and what comes next.

    Gives [1, places, places + words]: for each place the weights of its look and the
    odds of the next word, as `show.Looks` takes it.
    """

    def __init__(self, reader: Reader, *, layer: int, head: int) -> None:
        super().__init__()
        self.reader, self.layer, self.head = reader, layer, head

    def forward(
        self, text: Int64[Tensor, "1 places"]
    ) -> Float[Tensor, "1 places places_plus_words"]:
        """Return looks and odds under the mask that the reader was trained with."""
        logits, seen = self.reader.read(text)
        return torch.cat([seen[self.layer][:, self.head], logits.softmax(-1)], dim=-1)


class Watched(nn.Module):
    """A reader whose mask the page moves, and of which it shows any head."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(
        self,
        text: Int64[Tensor, "1 places"],
        head: Int64[Tensor, " 1"],
        sight: Int64[Tensor, " 1"],
        reach: Float[Tensor, "1 1"],
    ) -> Float[Tensor, "1 places places_plus_words"]:
        """Return looks and odds.

        `sight` is 0 for looks backwards alone and 1 for both ways; no look goes further
        than `reach` words, and none to an empty place.
        """
        place = torch.arange(text.shape[1])
        back = place[:, None] - place
        near = (back.abs() <= reach) & ((back >= 0) | (sight == 1))
        mask = (near & (text != EMPTY)[:, None]) | (back == 0)  # [1, places, places]
        logits, seen = self.reader.read(text, mask[:, None])
        looks = torch.cat(seen, dim=1).index_select(1, head)[:, 0]
        return torch.cat([looks, logits.softmax(-1)], dim=-1)
