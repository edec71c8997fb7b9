"""Tokenizers: text to whole numbers and back, without loss.

Both kinds have `encode`, `decode`, `len` and `text_of`, so that a chapter can
exchange one for the other.
"""

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

Pair = tuple[bytes, bytes]

#: Byte-pair merges stay inside a piece: a word, a number or signs, each with the
#: space before it, or white space. The pieces of a text, joined, are the text.
PIECES = re.compile(
    r" ?[^\W\d_]+"  # letters
    r"| ?\d+"  # digits
    r"| ?(?:[^\s\w]|_)+"  # everything else that is seen
    r"|\s+(?!\S)|\s+"  # white space; its last one goes to the word that follows
)
#: The 256 bytes in the order of GPT-2's vocabulary: those that print, then the others.
BYTES = tuple(
    bytes([i])
    for i in sorted(range(256), key=lambda i: (not chr(i).isprintable() or i == 32, i))
)


@dataclass(frozen=True)
class Characters:
    """A vocabulary of single characters: those of the text it was made from, sorted."""

    alphabet: tuple[str, ...]

    @classmethod
    def train(cls, text: str) -> "Characters":
        """Return the vocabulary of a text; a ValueError if it is empty."""
        _refuse_empty(text)
        return cls(tuple(sorted(set(text))))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {character: i for i, character in enumerate(self.alphabet)}

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return len(self.alphabet)

    def encode(self, text: str) -> list[int]:
        """Return a token for each character; a ValueError names one never seen."""
        for position, character in enumerate(text):
            if character not in self._index:
                raise ValueError(
                    f"the vocabulary has no {character!r} (at character {position}): "
                    "use the characters of the training text, or byte pairs, which "
                    "know any text"
                )
        return [self._index[character] for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens."""
        return "".join(self.alphabet[i] for i in _known(ids, len(self)))

    def text_of(self, token: int) -> str:
        """Return what a reader sees of one token."""
        return self.decode([token])


@dataclass(frozen=True)
class BytePairs:
    """Byte-pair encoding: bytes, and pairs merged in the order they were learned.

    Sennrich and others (1508.07909) merge characters; on bytes, as since GPT-2, no
    text is unknown. The first 256 tokens are the bytes, the others the merges.
    """

    merges: tuple[Pair, ...]

    @classmethod
    def train(
        cls, text: str, *, size: int, at_least: int = 2, pieces: re.Pattern = PIECES
    ) -> "BytePairs":
        """Learn `size` tokens: the bytes, then the most frequent pair again and again.

        Of pairs equally frequent the one with the lowest tokens is merged. Learning
        ends early when no pair occurs `at_least` times. A ValueError if the text is
        empty or `size` below 256.
        """
        _refuse_empty(text)
        if size < len(BYTES):
            raise ValueError(f"size={size}: the {len(BYTES)} bytes alone need as many")
        return cls(tuple(_learned(_counted(text, pieces), size, at_least)))

    @cached_property
    def vocabulary(self) -> tuple[bytes, ...]:
        """The bytes of each token."""
        return tuple(dict.fromkeys(BYTES + tuple(a + b for a, b in self.merges)))

    @cached_property
    def _rank(self) -> dict[Pair, int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    @cached_property
    def _index(self) -> dict[bytes, int]:
        return {token: i for i, token in enumerate(self.vocabulary)}

    @cached_property
    def _of_piece(self):
        return lru_cache(maxsize=100_000)(self._encode_piece)

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        parts = _bytes_of(piece)
        while len(parts) > 1:
            first = min(
                pairwise(parts), key=lambda pair: self._rank.get(pair, math.inf)
            )
            if first not in self._rank:
                break
            parts = merged(parts, first)
        return tuple(self._index[part] for part in parts)

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of any text."""
        return [i for piece in PIECES.findall(text) for i in self._of_piece(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens; bytes that are no text become U+FFFD."""
        known = _known(ids, len(self))
        return b"".join(self.vocabulary[i] for i in known).decode("utf-8", "replace")

    def text_of(self, token: int) -> str:
        """Return what a reader sees of one token: half a character as its bytes."""
        (i,) = _known([token], len(self))
        try:
            return self.vocabulary[i].decode("utf-8")
        except UnicodeDecodeError:
            return "".join(f"⟨{byte:02x}⟩" for byte in self.vocabulary[i])


def merged(parts: Sequence[bytes], pair: Pair) -> tuple[bytes, ...]:
    """Return the parts with each occurrence of a pair joined, from left to right."""
    joined, i = [], 0
    while i < len(parts):
        if tuple(parts[i : i + 2]) == pair:
            joined.append(pair[0] + pair[1])
            i += 2
        else:
            joined.append(parts[i])
            i += 1
    return tuple(joined)


def _counted(text: str, pieces: re.Pattern) -> dict[tuple[bytes, ...], int]:
    counts = Counter(pieces.findall(text))
    return {_bytes_of(piece): count for piece, count in counts.items()}


def _learned(
    words: dict[tuple[bytes, ...], int], size: int, at_least: int
) -> Iterable[Pair]:
    """Yield the merges of a counted text. Only words that hold the pair are touched."""
    index = {token: i for i, token in enumerate(BYTES)}
    counts: Counter[Pair] = Counter()
    places: dict[Pair, set[int]] = defaultdict(set)
    parts, times = list(words), list(words.values())
    for i, word in enumerate(parts):
        for pair in pairwise(word):
            counts[pair] += times[i]
            places[pair].add(i)

    def entry(pair: Pair) -> tuple[int, int, int, Pair]:
        return -counts[pair], index[pair[0]], index[pair[1]], pair

    # A pair whose count changes gets a new entry; old ones are skipped when they come.
    queue = [entry(pair) for pair in counts]
    heapq.heapify(queue)
    while queue and len(index) < size:
        first = heapq.heappop(queue)
        best = first[3]
        if -first[0] != counts[best]:
            continue
        if counts[best] < at_least:
            return
        yield best
        # Two merges can make the same bytes: that is one token, not two.
        index.setdefault(best[0] + best[1], len(index))
        changed = set()
        for i in places.pop(best):
            before, after = parts[i], merged(parts[i], best)
            parts[i] = after
            for pair in pairwise(before):
                counts[pair] -= times[i]
                changed.add(pair)
            for pair in pairwise(after):
                counts[pair] += times[i]
                places[pair].add(i)
                changed.add(pair)
        for pair in changed:
            if counts[pair] > 0:
                heapq.heappush(queue, entry(pair))


def _bytes_of(piece: str) -> tuple[bytes, ...]:
    return tuple(bytes([byte]) for byte in piece.encode("utf-8", "surrogatepass"))


def _known(ids: Iterable[int], size: int) -> list[int]:
    known = [int(i) for i in ids]
    for i in known:
        if not 0 <= i < size:
            raise ValueError(f"no token has the number {i}: there are {size}")
    return known


def _refuse_empty(text: str) -> None:
    if not text:
        raise ValueError("the text is empty: give one with at least a character")
