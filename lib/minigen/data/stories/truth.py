"""Sentences about a story, true and false."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from minigen.data.stories.grammar import POOLS
from minigen.data.stories.machine import PRONOUNS, article
from minigen.data.stories.story import Story, join


class Statement(NamedTuple):
    """A sentence about a story, and whether the story makes it true."""

    about: str
    tokens: tuple[str, ...]
    true: bool

    @property
    def text(self) -> str:
        """The statement as a sentence."""
        return join(self.tokens)


def statements(story: Story, *, generator: torch.Generator) -> list[Statement]:
    """Return a true and a false sentence about each thing that the story tells."""
    facts = story.facts
    number = " ".join(facts.number)
    pronoun = PRONOUNS[facts.gender][2]
    roles = POOLS["role"].table[(facts.gender,)]
    homes = {word for row in POOLS["home"].table.values() for word in row}
    kin = {word for row in POOLS["kin"].table.values() for word in row}
    digits = POOLS["digit"].table[()]
    other = " ".join(_others(digits, digits[0], generator) for _ in facts.number)
    thing, hero = facts.object, facts.hero
    rows: list[tuple[str, str, str | None, Sequence[str]]] = [
        ("role", f"{hero} was A .", facts.role, roles),
        ("home", f"{hero} lived in the X .", facts.home, sorted(homes)),
        ("colour", f"the {thing} was X .", facts.colour, POOLS["colour"].table[()]),
        ("object", f"{hero} lost the X .", thing, POOLS["object"].table[()]),
        ("thief", f"the X took the {thing} .", facts.thief, POOLS["animal"].table[()]),
        ("kin", f"{pronoun} X gave {hero} the {thing} .", facts.kin, sorted(kin)),
        ("gift", f"{hero} carried A .", facts.gift, POOLS["gift"].table[()]),
        ("number", "the number was X .", number or None, (number, other)),
    ]
    found = []
    for about, pattern, truth, choices in rows:
        if truth is None:
            continue
        for word, true in ((truth, True), (_others(choices, truth, generator), False)):
            text = pattern.replace("A .", f"{article(word)} X .").replace("X", word)
            found.append(Statement(about, tuple(text.split()), true))
    return found


def _others(choices: Sequence[str], truth: str, generator: torch.Generator) -> str:
    left = [choice for choice in choices if choice != truth]
    return left[int(torch.randint(len(left), (1,), generator=generator).item())]
