"""`stories`: a small language of stories, of which everything is known exactly.

A probabilistic grammar of our own tells of somebody who loses a treasure and finds it.
The probability of any text is known, so a language model's loss has an exact floor;
names, pronouns, objects and places have to stay the same to the end, so "coherent" and
"true" have objective tests (`check`, `statements`).

A token is a word or a mark; words are in lower case but for names, and `join` writes
the capitals. `END` closes a story. Entropies, counts of tokens and probabilities
include it.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch

from minigen.data.stories.exact import Expectation, Prefix, read
from minigen.data.stories.grammar import DIALECTS, END
from minigen.data.stories.judge import COHERENCE, Fault, Verdict, check
from minigen.data.stories.machine import Item, Law, Machine, Outcome, draw
from minigen.data.stories.secrets import Secret, plant, secret
from minigen.data.stories.settings import (
    DEFAULT,
    Settings,
    machine,
    version,
    vocabulary,
)
from minigen.data.stories.story import Facts, Recall, Story, join, split, whole_tokens
from minigen.data.stories.truth import Statement, statements

__all__ = [
    "COHERENCE",
    "DEFAULT",
    "DIALECTS",
    "END",
    "Entropy",
    "Facts",
    "Fault",
    "Recall",
    "Secret",
    "Settings",
    "Statement",
    "Story",
    "Verdict",
    "begin",
    "check",
    "corpus",
    "entropy",
    "join",
    "log_probability",
    "machine",
    "measure",
    "next_token_probabilities",
    "paraphrase",
    "plant",
    "sample",
    "secret",
    "split",
    "statements",
    "version",
    "vocabulary",
]


def _uniforms(generator: torch.Generator) -> Iterator[float]:
    while True:
        yield from torch.rand(4096, generator=generator, dtype=torch.float64).tolist()


def sample(
    n: int, *, generator: torch.Generator, settings: Settings = DEFAULT
) -> list[Story]:
    """Return `n` independent stories."""
    uniforms = _uniforms(generator)

    def choose(item: Item, law: Law) -> Outcome:
        return draw(law, next(uniforms))

    tell = machine(settings).generate
    return [Story(tuple(tell(choose)[:-1]), settings) for _ in range(n)]


def corpus(n: int, *, generator: torch.Generator, settings: Settings = DEFAULT) -> str:
    """Return `n` stories as text, one a line (a training text)."""
    stories = sample(n, generator=generator, settings=settings)
    return "".join(story.text + END for story in stories)


def paraphrase(
    story: Story, *, generator: torch.Generator, dialect: str | None = None
) -> Story:
    """Tell the same facts in other words, in the story's own dialect or another."""
    if dialect not in (None, *DIALECTS):
        raise ValueError(f"dialect must be one of {DIALECTS}, not {dialect!r}")
    facts: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
    for item, outcome, _ in story.steps:
        if item.kind in "+*>" and outcome.probability < 1:
            facts[item.kind, item.key].append(outcome.label)
    settings = story.settings
    if dialect not in (None, story.facts.dialect):
        facts[">", "dialect"] = deque([str(dialect)])
        settings = replace(settings, shore=0.5)  # which must allow both
    uniforms = _uniforms(generator)

    def choose(item: Item, law: Law) -> Outcome:
        if item.kind == "~":
            return draw(law, next(uniforms))
        label = facts[item.kind, item.key].popleft()
        return next(outcome for outcome in law.outcomes if outcome.label == label)

    return Story(tuple(machine(settings).generate(choose)[:-1]), settings)


def begin(settings: Settings = DEFAULT) -> Prefix:
    """Return the empty prefix: `.next()` gives the odds, `.then(token)` goes on."""
    return Prefix.empty(machine(settings))


def next_token_probabilities(
    prefix: str | Sequence[str], settings: Settings = DEFAULT
) -> dict[str, float]:
    """Return the true odds of the next token; empty if no story starts so."""
    tokens = split(prefix) if isinstance(prefix, str) else prefix
    return read(machine(settings), tokens).next()


def log_probability(
    story: str | Sequence[str] | Story, settings: Settings | None = None
) -> float:
    """Return the exact log-probability of a whole story in nats, its END included.

    It is -inf for what is no story under these settings (a `Story`'s own if not given).
    """
    own = story.settings if isinstance(story, Story) else DEFAULT
    tokens = whole_tokens(story.tokens if isinstance(story, Story) else story)
    found = read(machine(settings or own), tokens)
    whole = len(tokens) > 0 and found.length == len(tokens)
    return found.log_probability if whole and found.branches else -math.inf


@dataclass(frozen=True)
class Entropy:
    """Expectations over all stories, END included: the floor of any model's loss."""

    nats: float  # per story
    tokens: float
    characters: float  # of a corpus, so with the line's end
    counts: dict[str, float]  # expected occurrences of every token

    @property
    def bits(self) -> float:
        """Bits per story."""
        return self.nats / math.log(2)

    @property
    def bits_per_token(self) -> float:
        """The floor of a word-level model's loss, in bits."""
        return self.bits / self.tokens

    @property
    def bits_per_character(self) -> float:
        """The floor of a character-level model's loss, in bits (all is ASCII)."""
        return self.bits / self.characters


@cache
def entropy(settings: Settings = DEFAULT) -> Entropy:
    """Return the exact entropy of a story, and its expected length."""
    return measure(machine(settings))


def measure(rules: Machine) -> Entropy:
    """Return the exact entropy and expected lengths of what a grammar says."""
    expected = Expectation(rules)
    spaced = {token: token[0].isalnum() for token in expected.counts}
    characters = sum(
        count * (len(token) + spaced[token]) for token, count in expected.counts.items()
    )
    # Each word has a space before it but the first; a quotation mark swaps its own
    # with that of the word that it opens.
    return Entropy(
        nats=expected.nats,
        tokens=sum(expected.counts.values()),
        characters=characters - 1,
        counts=dict(expected.counts),
    )
