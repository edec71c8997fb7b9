"""Tasks that only looking back can solve, and how readers are taught and asked.

In `pairs` everybody has a colour, drawn anew for every text: "Anna red Tom blue Anna
…". In an *echo* words are drawn at random, and stretches of what was read return.
In neither does a word follow another by rule. What comes next can be known in one way
only: find the word at hand earlier in the text, and see what followed it there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from minigen import repro, train
from minigen.readers import Counts, Reader
from minigen.words import COLOURS, PEOPLE, WORDS
from minigen.zoo import Recipe

#: How many words a text has, and for which share of the training: first short ones.
Lengths = Mapping[int, float]
LONG = 64
ECHOED: Lengths = {32: 0.75, LONG: 0.25}
GROWING: Lengths = {8: 0.5, 16: 0.3, 32: 0.12, LONG: 0.08}
#: How the readers of the race learn `pairs`. Attention begins as the reader of echoes.
LESSONS: dict[str, dict[str, Any]] = {
    "attention": {"steps": 120, "learning_rate": 5e-3, "lengths": {32: 0.3, LONG: 0.7}},
    "GRU with attention": {"steps": 250, "learning_rate": 1e-2, "lengths": GROWING},
    "GRU": {"steps": 1400, "learning_rate": 5e-3, "lengths": GROWING},
}
#: Texts in a batch, and batches that are made at once.
BATCH, POOL = 32, 20
#: What makes texts of a task: (count, length, generator=…) -> texts, and what is known.
Task = Callable[..., tuple[Tensor, Tensor]]


def pairs(
    count: int, length: int, *, generator: Generator
) -> tuple[Int64[Tensor, "count length"], Bool[Tensor, "count length"]]:
    """Return texts of people and their colours, and which can be known from before.

    A text has a cast of two to all (of eight words, to three; of sixteen, to five); who
    is named is drawn from it each time, and everybody's colour once a text.
    """
    cast = torch.rand(count, len(PEOPLE), generator=generator).argsort(-1)
    largest = max(2, min(len(PEOPLE), length // 4 + 1))
    size = torch.randint(2, largest + 1, (count, 1), generator=generator)
    draws = torch.rand(count, -(-length // 2), generator=generator)
    named = cast.gather(1, (draws * size).long())
    again = (named[:, :, None] == named[:, None]).tril(-1).any(-1)
    known = torch.stack([torch.zeros_like(again), again], dim=2).flatten(1)
    return _told(named, generator)[:, :length], known[:, :length]


def _told(named: Int64[Tensor, "count pairs"], generator: Generator) -> Tensor:
    """Return the texts in which people are named in this order."""
    each = torch.randint(len(COLOURS), (len(named), len(PEOPLE)), generator=generator)
    pairs_of = (PEOPLE.start + named, COLOURS.start + each.gather(1, named))
    return torch.stack(pairs_of, dim=2).flatten(1)


def pair_questions(
    count: int, distance: int, *, length: int = LONG - 1, generator: Generator
) -> tuple[Int64[Tensor, "count length"], Int64[Tensor, " count"]]:
    """Return texts that end with somebody named once before, `distance` words away.

    And the answers: that one's colour.
    """
    if distance % 2 or length % 2 == 0 or not 2 <= distance < length:
        raise ValueError(
            "pairs have two words: a distance is even, from 2 on, and below the odd "
            f"length of the text, not {distance} of {length}"
        )
    asked = torch.randint(len(PEOPLE), (count, 1), generator=generator)
    # Everywhere but at the two places somebody else is named.
    turn = torch.randint(1, len(PEOPLE), (count, length // 2 + 1), generator=generator)
    named = (asked + turn) % len(PEOPLE)
    named[:, [-1 - distance // 2, -1]] = asked
    texts = _told(named, generator)[:, :length]
    return texts, texts[:, -distance]


def echoes(
    count: int, length: int, *, generator: Generator
) -> tuple[Int64[Tensor, "count length"], Bool[Tensor, "count length"]]:
    """Return random texts, and where a word continues what has begun to return.

    At each place a stretch may begin to return (1 in 4), from any place so far; it
    goes on with the next word 17 times in 20.
    """
    texts = torch.randint(1, len(WORDS), (count, length), generator=generator)
    draws = torch.rand(length, count, 3, generator=generator)
    source = torch.zeros(count, dtype=torch.int64)
    returning = torch.zeros(count, dtype=torch.bool)
    known = torch.zeros(count, length, dtype=torch.bool)
    rows = torch.arange(count)
    for place in range(2, length):
        goes_on = returning & (draws[place, :, 0] < 0.85)
        begins = ~goes_on & (draws[place, :, 1] < 0.25)
        anywhere = (draws[place, :, 2] * (place - 1)).long()
        source = torch.where(begins, anywhere, source + 1)
        returning = goes_on | begins
        texts[returning, place] = texts[rows, source.clamp(max=place - 1)][returning]
        known[:, place] = goes_on
    return texts, known


def questions(
    count: int, distance: int, *, length: int = LONG, generator: Generator
) -> tuple[Int64[Tensor, "count length"], Int64[Tensor, " count"]]:
    """Return texts of unlike words, but that the last stood `distance` words before.

    And the answers: what followed it there. At a distance of 1 it would be itself.
    """
    if not 2 <= distance < length <= len(WORDS):
        raise ValueError(
            f"a distance is from 2 to the length less 1, and a length at most "
            f"{len(WORDS)}, not {distance} of {length}"
        )
    shuffled = torch.rand(count, len(WORDS) - 1, generator=generator).argsort(-1) + 1
    texts = shuffled[:, :length].clone()
    texts[:, -1] = texts[:, -1 - distance]
    return texts, texts[:, -distance]


def loss(
    logits: Float[Tensor, "batch time words"],
    texts: Int64[Tensor, "batch time_plus_1"],
    known: Bool[Tensor, "batch time_plus_1"],
) -> Float[Tensor, ""]:
    """Return -log p of the words that the text itself gives away, in nats."""
    wanted = torch.where(known, texts, -1)[:, 1:]
    return cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=-1)


def batches(
    task: Task, lengths: Mapping[int, int], *, generator: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give so many batches of each length, always new texts; then the last for ever."""
    for length, count in lengths.items():
        for _ in range(-(-count // POOL)):
            yield from _pool(task, length, min(POOL, count), generator)
            count -= POOL
    while True:
        yield from _pool(task, length, POOL, generator)


def _pool(
    task: Task, length: int, size: int, generator: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    # Many texts at once are made faster.
    texts, known = task(size * BATCH, length, generator=generator)
    yield from zip(texts.split(BATCH), known.split(BATCH), strict=True)


def learn(
    model: nn.Module,
    task: Task,
    *,
    seed: int,
    budget: float = 1.0,
    steps: int = 900,
    learning_rate: float = 1e-2,
    lengths: Lengths = ECHOED,
    **settings: Any,
) -> train.History:
    """Train a reader in place on texts that grow; see `train.fit` for settings."""
    steps = repro.scaled(steps, budget, least=20)
    counts = {length: round(share * steps) for length, share in lengths.items()}
    return train.fit(
        model,
        lambda texts, known: loss(model(texts[:, :-1]), texts, known),
        batches(task, counts, generator=repro.generator(seed)),
        steps=steps,
        learning_rate=learning_rate,
        warmup=30,
        **settings,
    )


@torch.no_grad()
def recall(
    model: nn.Module | Counts,
    distance: int,
    *,
    asked: Callable[..., tuple[Tensor, Tensor]] = questions,
    count: int = 400,
    seed: int = 0,
    **settings: Any,
) -> float:
    """Return the share of questions at a distance whose answer is the first guess."""
    texts, answers = asked(count, distance, generator=repro.generator(seed), **settings)
    if isinstance(model, Counts):
        return float((model.guess(texts) == answers).float().mean())
    return float((model(texts)[:, -1].argmax(-1) == answers).float().mean())


@torch.no_grad()
def induction(
    model: Reader, *, distance: int = 20, count: int = 200, seed: int = 0
) -> Float[Tensor, "layers heads"]:
    """Return how much of its look each head gives to the answer's place, on average."""
    texts, _ = questions(count, distance, generator=repro.generator(seed))
    return torch.stack([w[:, :, -1, -distance].mean(0) for w in model.read(texts)[1]])


def reader_recipe() -> Recipe:
    """Two layers of attention, trained on echoes."""

    def teach(model: nn.Module, *, seed: int, budget: float) -> None:
        learn(model, echoes, seed=seed, budget=budget, progress=False)

    return Recipe(build=Reader, train=teach)


RECIPES = {"reader": reader_recipe}
