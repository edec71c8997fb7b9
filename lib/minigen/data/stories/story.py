"""A story as tokens, as text, and as the facts that it tells."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from minigen.data.stories.exact import Step, read
from minigen.data.stories.grammar import END, OWNERS, POOLS
from minigen.data.stories.settings import DEFAULT, Settings, machine

NAMES = frozenset(OWNERS).union(*POOLS["hero"].table.values())


def join(tokens: Sequence[str]) -> str:
    """Write tokens as text: spaces, capitals, and the marks where they belong."""
    parts: list[str] = []
    quoted = False
    starts, glued = True, True  # a sentence starts here; no space before what follows
    for token in tokens:
        closes = token == '"' and quoted
        if not (glued or closes or token in ".,!?" or token == END):
            parts.append(" ")
        parts.append(token[:1].upper() + token[1:] if starts else token)
        quoted ^= token == '"'
        opens = token == '"' and quoted
        starts = opens or token in (".", "!", "?", END)
        glued = opens or token == END
        if closes:
            starts = False
    return "".join(parts)


def split(text: str) -> list[str]:
    """Cut text into tokens, the inverse of `join` for whatever `join` can write."""
    for mark in '.,!?"\n':
        text = text.replace(mark, f" {mark} " if mark != "\n" else " <end> ")
    tokens: list[str] = []
    quoted, starts = False, True
    for word in text.split():
        token = END if word == "<end>" else word
        if starts and token not in NAMES:
            token = token[:1].lower() + token[1:]
        tokens.append(token)
        if token == '"':
            quoted = not quoted
            starts = quoted
        else:
            starts = token in (".", "!", "?", END)
    return tokens


def whole_tokens(story: str | Sequence[str]) -> list[str]:
    """Return a story's tokens with END; none for text that `join` never writes."""
    tokens = split(story) if isinstance(story, str) else list(story)
    if isinstance(story, str) and join(tokens) != story:
        return []
    return tokens if tokens[-1:] == [END] else [*tokens, END]


class Facts(NamedTuple):
    """What a story tells. What went untold is None, or empty."""

    dialect: str
    hero: str
    gender: str  # "she" or "he"
    role: str
    trait: str
    home: str
    colour: str
    object: str
    kin: str | None  # who gave the treasure
    gift: str | None  # what the hero carried
    number: tuple[str, ...]  # the number on the treasure
    loss: str  # "stolen" or "lost"
    thief: str | None
    places: tuple[str, ...]  # where it was lost, then where helpers sent the hero
    helpers: tuple[tuple[str, str | None], ...]  # profession, and gender if revealed
    turns: tuple[str, ...]
    ending: str  # how it came back


class Recall(NamedTuple):
    """A word that the story itself determines: where it was told, where it is asked."""

    name: str
    word: str
    told: int
    asked: int


@dataclass(frozen=True)
class Story:
    """A story under the grammar with `settings`; its tokens come without END."""

    tokens: tuple[str, ...]
    settings: Settings = DEFAULT

    @property
    def text(self) -> str:
        """The story as a line of text."""
        return join(self.tokens)

    @cached_property
    def steps(self) -> list[Step]:
        """Every choice and recall in the story, in order."""
        found = read(machine(self.settings), [*self.tokens, END])
        if not found.branches:
            raise ValueError(
                f"expected a story of the grammar, got {self.text[:60]!r}...; use "
                "stories.check to see what is wrong with it"
            )
        return found.steps()

    @cached_property
    def facts(self) -> Facts:
        """What the story tells, read from its text."""
        told: defaultdict[str, list[str]] = defaultdict(list)
        helpers: list[tuple[str, str | None]] = []
        for item, outcome, _ in self.steps:
            if item.kind in "+>":
                told[item.key].append(outcome.label)
            if item.kind == "+" and item.key == "helper":
                helpers.append((outcome.label, None))
            elif item.kind == ">" and item.key == "reveal":
                helpers[-1] = (helpers[-1][0], outcome.label)
        ways = ("exchange", "handover", "climax")
        endings = [told[name][0] for name in ways if told[name]]
        return Facts(
            dialect=told["dialect"][0],
            hero=told["hero"][0],
            gender=told["gender"][0],
            role=told["role"][0],
            trait=told["trait"][0],
            home=told["home"][0],
            colour=told["colour"][0],
            object=told["object"][0],
            kin=told["kin"][1] if len(told["kin"]) > 1 else None,
            gift=told["gift"][0] if told["gift"] else None,
            number=tuple(d for n in (1, 2, 3) for d in told[f"digit{n}"]),
            loss=told["loss"][0],
            thief=told["thief"][1] if told["thief"] else None,
            places=(*told["here"], *told["clue"]),
            helpers=tuple(helpers),
            turns=tuple(told["turn"]),
            ending=endings[0],
        )

    @cached_property
    def recalls(self) -> list[Recall]:
        """Every word that repeats what was told, with both positions in the tokens."""
        told: dict[str, int] = {}
        found = []
        for item, outcome, position in self.steps:
            word_at = position + item.article
            if item.kind == "+":
                told[item.key] = word_at
            elif item.kind == "=" and item.source.startswith("@"):
                told[item.key] = told[item.source[1:]]
            elif item.kind == "@" and not item.source and not item.article:
                found.append(Recall(item.key, outcome.label, told[item.key], position))
        return found
