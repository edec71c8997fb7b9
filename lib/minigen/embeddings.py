"""Words as vectors: skip-gram with negative sampling, and honest analogies.

Read `SkipGram` first: two tables of vectors, and a loss that asks which of several
words stood near. `Space` is what comes of it: nearest neighbours, analogies, a map.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, normalize

from minigen import data, train
from minigen.repro import scaled
from minigen.zoo import Recipe

#: a : b = c : d, as the four words in this order.
Question = tuple[str, str, str, str]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def passages(text: str, *, end: str = "\n") -> list[list[str]]:
    """Return the words of each passage of a text, in small letters and without marks.

    A passage ends at a line's end (a story's, in `stories`), or wherever `end` stands.
    """
    found = (_WORD.findall(part.lower()) for part in text.split(end))
    return [words for words in found if words]


def enough_words(text: str, *, name: str, least: int = 20) -> str:
    """Return a text, or a ValueError that says how few different words it has.

    Words of three letters or more count; a text of emoji has none.
    """
    found = len({word for word in _WORD.findall(text.lower()) if len(word) > 2})
    if found < least:
        raise ValueError(
            f"{name} has {found} different words of three letters or more, and "
            f"{least} are needed: give a longer text"
        )
    return text


@dataclass(frozen=True)
class Words:
    """A vocabulary of whole words with their counts, the commonest first."""

    words: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(
        cls, text: Iterable[Sequence[str]], *, at_least: int = 5, most: int = 1000
    ) -> "Words":
        """Count the words of passages and keep the `most` common that are not rare."""
        counted = Counter(word for passage in text for word in passage)
        by_count = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        kept = [item for item in by_count[:most] if item[1] >= at_least]
        if len(kept) < 2:
            raise ValueError(
                f"{len(kept)} words come at least {at_least} times, and word vectors "
                "need two at the least: give a longer text or a smaller at_least"
            )
        return cls(tuple(word for word, _ in kept), tuple(count for _, count in kept))

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return len(self.words)

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each word."""
        return {word: i for i, word in enumerate(self.words)}

    def noise(self, power: float = 0.75) -> Float[Tensor, " words"]:
        """Return the odds of negative samples: counts to a power (1310.4546, 2.2)."""
        odds = torch.tensor(self.counts, dtype=torch.float64) ** power
        return (odds / odds.sum()).float()

    def neighbours(
        self, text: Iterable[Sequence[str]], *, window: int, keep: float | None = None
    ) -> Float[Tensor, "words words"]:
        """Return how often each word stood within `window` words of each other.

        A passage's end ends the window; unknown words are left out before it is laid.
        With `keep` a word that makes up more than that share of the text counts less,
        as if √(keep / share) of its places were drawn (1310.4546, 2.3; in expectation).
        """
        numbers, ends = [], []
        for number, passage in enumerate(text):
            known = [self.index[word] for word in passage if word in self.index]
            numbers += known
            ends += [number] * len(known)
        word, passage_of = torch.tensor(numbers), torch.tensor(ends)
        size = len(self)
        table = torch.zeros(size * size, dtype=torch.float64)
        for gap in range(1, min(window, len(word) - 1) + 1):
            same = passage_of[gap:] == passage_of[:-gap]
            left, right = word[:-gap][same], word[gap:][same]
            table += torch.bincount(left * size + right, minlength=size * size)
        table = table.view(size, size)
        table = table + table.T
        if keep is not None:
            counts = torch.tensor(self.counts, dtype=torch.float64)
            kept = (keep * counts.sum() / counts).sqrt().clamp(max=1)
            table = kept[:, None] * table * kept
        return table


class SkipGram(nn.Module):
    """Skip-gram with negative sampling (1310.4546, equation 4): two vectors a word.

    `center` holds the vectors that one keeps; `context` those of the same words where
    they are somebody's neighbour.
    """

    def __init__(self, words: int, size: int, *, scale: float = 0.1) -> None:
        super().__init__()
        self.center = nn.Parameter(scale * torch.randn(words, size))
        self.context = nn.Parameter(scale * torch.randn(words, size))

    def forward(
        self, word: Int64[Tensor, " batch"], other: Int64[Tensor, "batch n"]
    ) -> Float[Tensor, "batch n"]:
        """Return the score of each other word as a neighbour of the word."""
        pairs = self.center[word][:, None] * self.context[other]  # [batch, n, size]
        return pairs.sum(-1)

    def loss(
        self,
        word: Int64[Tensor, " batch"],
        neighbour: Int64[Tensor, " batch"],
        negatives: Int64[Tensor, "batch k"],
    ) -> Float[Tensor, ""]:
        """Return -log σ(score of the neighbour) - Σ log σ(-score of a negative)."""
        near = logsigmoid(self(word, neighbour[:, None])).sum(1)
        far = logsigmoid(-self(word, negatives)).sum(1)
        return -(near + far).mean()

    @property
    def scores(self) -> Float[Tensor, "words words"]:
        """The score of every word as a neighbour of every word."""
        return self.center @ self.context.T


def examples(
    near: Float[Tensor, "words words"],
    noise: Float[Tensor, " words"],
    *,
    size: int,
    negatives: int,
    generator: torch.Generator,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Give batches without end: words, a true neighbour each, and negatives.

    A pair is drawn as often as it was counted: a walk through the text in random order.
    """
    if not near.any():
        raise ValueError("no two words stand near each other: give a longer text")
    ends = near.flatten().cumsum(0)
    false_ends = noise.double().cumsum(0)
    last = len(noise) - 1

    def drawn(ends: Tensor, *shape: int) -> Tensor:
        at = torch.rand(*shape, generator=generator, dtype=torch.float64) * ends[-1]
        return torch.searchsorted(ends, at, right=True)

    while True:
        pair = drawn(ends, size).clamp(max=len(ends) - 1)
        false = drawn(false_ends, size, negatives).clamp(max=last)
        yield pair // len(noise), pair % len(noise), false


def table_loss(
    scores: Float[Tensor, "words words"],
    near: Float[Tensor, "words words"],
    noise: Float[Tensor, " words"],
    *,
    negatives: int,
) -> Float[Tensor, ""]:
    """Return the loss of a table of scores, averaged over all pairs and negatives.

    What the loss of `examples` is on average, without their chance; for a vocabulary
    small enough that every pair of words can be counted.
    """
    share = (near / near.sum()).to(scores)
    false = negatives * share.sum(1, keepdim=True) * noise.to(scores)
    return -(share * logsigmoid(scores) + false * logsigmoid(-scores)).sum()


def least_loss(
    near: Float[Tensor, "words words"],
    noise: Float[Tensor, " words"],
    *,
    negatives: int,
) -> Float[Tensor, ""]:
    """Return the loss of the best scores: what no vectors can go below."""
    best = best_scores(near, noise, negatives=negatives)
    # Of a pair that never met, any very low score will do.
    return table_loss(
        best.nan_to_num(0).clamp(min=-60), near, noise, negatives=negatives
    )


def best_scores(
    near: Float[Tensor, "words words"],
    noise: Float[Tensor, " words"],
    *,
    negatives: int,
) -> Float[Tensor, "words words"]:
    """Return the scores that no others beat: log of true against false neighbours.

    With noise by counts that is the pointwise mutual information less log k (Levy and
    Goldberg, 2014). Pairs that never met have -inf; a word without neighbours has nan.
    """
    false = negatives * near.sum(1, keepdim=True) * noise.to(near)
    return (near / false).log()


@dataclass(frozen=True)
class Space:
    """Words at their places; every vector is brought to length one."""

    words: tuple[str, ...]
    vectors: Float[Tensor, "words size"]

    @classmethod
    def of(cls, words: Sequence[str], vectors: Tensor) -> "Space":
        """Return the space of words and their vectors, of any length but zero."""
        if len(words) != len(vectors):
            raise ValueError(f"{len(words)} words and {len(vectors)} vectors")
        return cls(tuple(words), normalize(vectors.detach().double(), dim=1))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def numbers(self, words: Iterable[str]) -> Int64[Tensor, " n"]:
        """Return the rows of words; a ValueError names one that has no vector."""
        words = list(words)
        if unknown := [word for word in words if word not in self._index]:
            raise ValueError(
                f"there is no vector for {unknown[0]!r}: it is rare in the text, or "
                "not in it"
            )
        return torch.tensor([self._index[word] for word in words], dtype=torch.long)

    def __getitem__(self, word: str) -> Float[Tensor, " size"]:
        """Return the vector of a word."""
        return self.vectors[self.numbers([word])[0]]

    def nearest(
        self,
        to: str | Float[Tensor, " size"],
        n: int = 5,
        *,
        without: Iterable[str] = (),
    ) -> list[tuple[str, float]]:
        """Return the n words at the smallest angle to a word or vector, with cosines.

        A word is not its own neighbour.
        """
        if isinstance(to, str):
            without, to = {*without, to}, self[to]
        cosines = self.vectors @ normalize(to.double(), dim=0)
        cosines[self.numbers(without)] = -torch.inf
        best = cosines.topk(min(n, int(cosines.isfinite().sum())))
        return [
            (self.words[i], value)
            for i, value in zip(
                best.indices.tolist(), best.values.tolist(), strict=True
            )
        ]

    def analogies(self, questions: Sequence[Question], *, exclude: bool) -> list[str]:
        """Return for each a : b = c : ? the word nearest to b - a + c.

        With `exclude` the three words of the question cannot be the answer, as in the
        published procedure (1301.3781, section 4).
        """
        a, b, c = (self.numbers(row) for row in list(zip(*questions, strict=True))[:3])
        target = self.vectors[b] - self.vectors[a] + self.vectors[c]
        return self._answers(target, [a, b, c] if exclude else [])

    def neighbours_of_last(self, questions: Sequence[Question]) -> list[str]:
        """Return the answers of who forgets a and b: the nearest to c, inputs left out.

        What an analogy must beat (1606.07736).
        """
        a, b, c = (self.numbers(row) for row in list(zip(*questions, strict=True))[:3])
        return self._answers(self.vectors[c], [a, b, c])

    def _answers(self, target: Tensor, without: Sequence[Tensor]) -> list[str]:
        cosines = normalize(target, dim=1) @ self.vectors.T  # [question, word]
        for taken in without:
            cosines[torch.arange(len(cosines)), taken] = -torch.inf
        return [self.words[i] for i in cosines.argmax(1).tolist()]

    def plane(self, words: Sequence[str] = ()) -> Float[Tensor, "n 2"]:
        """Return the given words (or all) on the two axes along which they vary most.

        The signs are chosen so that the largest entry of an axis is positive.
        """
        rows = self.vectors[self.numbers(words)] if words else self.vectors
        centred = rows - rows.mean(0)
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        two = directions[:2]
        largest = two.gather(1, two.abs().argmax(1, keepdim=True))
        return centred @ (two * largest.sign()).T


def pairs_of_pairs(pairs: Sequence[tuple[str, str]]) -> list[Question]:
    """Return every analogy among pairs such as (queen, king), both ways round."""
    return [
        question
        for i, (a, b) in enumerate(pairs)
        for j, (c, d) in enumerate(pairs)
        if i != j
        for question in ((a, b, c, d), (b, a, d, c))
    ]


def accuracy(questions: Sequence[Question], answers: Sequence[str]) -> float:
    """Return the share of questions whose fourth word was answered."""
    right = [q[3] == answer for q, answer in zip(questions, answers, strict=True)]
    return sum(right) / len(right)


#: What the book trains with, chosen on `stories`: words on each side, numbers a vector,
#: negatives a pair, the share above which a word counts less, steps and their length.
WINDOW, SIZE, NEGATIVES, KEEP, STEPS, RATE = 10, 32, 5, 1e-3, 300, 0.03


def fit_table(
    model: SkipGram,
    near: Float[Tensor, "words words"],
    noise: Float[Tensor, " words"],
    *,
    budget: float = 1.0,
    **settings: Any,
) -> train.History:
    """Train on the whole table of neighbours at once, every step alike."""
    return train.fit(
        model,
        lambda near: table_loss(model.scores, near, noise, negatives=NEGATIVES),
        repeat(near.float()),
        **{"steps": scaled(STEPS, budget), "learning_rate": RATE, "clip": None}
        | settings,
    )


def _stories() -> Recipe:
    text = data.text("stories").train
    told = passages(text)
    words = Words.of(told)

    def trained(model: SkipGram, *, seed: int, budget: float) -> None:
        near = words.neighbours(told, window=WINDOW, keep=KEEP)
        fit_table(model, near, words.noise(), budget=budget, progress=False)

    return Recipe(lambda: SkipGram(len(words), SIZE), trained, (text,))


#: For the zoo.
RECIPES: dict[str, Callable[..., Recipe]] = {"stories": _stories}
