"""A caption that the reader types or puts together, as a control (live-caption.js).

The language is that of `minigen.data.captions`: the line takes any of its words, in any
order, and the lists beside it write the captions that its grammar has.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from minigen.data import captions
from minigen.show.live_controls import GOLDEN
from minigen.show.live_text import Words
from minigen.show.live_words import PAINTER

#: What a reader may well write, and the word that the pictures were captioned with.
HINTS = {
    "big": "large", "huge": "large", "tiny": "small", "little": "small",
    "disc": "circle", "disk": "circle", "dot": "circle", "ball": "circle",
    "box": "square", "rectangle": "square", "donut": "ring", "doughnut": "ring",
    "plus": "cross", "violet": "purple", "middle": "centre", "center": "centre",
    "over": "above", "on": "above", "under": "below", "beneath": "below",
    "upper": "top", "lower": "bottom", "an": "a", "and": "left of",
}  # fmt: skip
#: One object's lists and another's; `where` is a place, or leads to the second object.
SLOTS = ("size", "colour", "shape", "where", "colour2", "shape2")


@dataclass(frozen=True)
class Caption:
    """A caption as a line of text, and as lists of words to choose from.

    The model is fed the numbers that `captions.encode` gives; what the vocabulary
    lacks is left out and named, and of a longer text it is fed the beginning.

    Parameters
    ----------
    start: the caption that stands there at first.
    whole: whether the lists offer no caption that leaves a word out.
    """

    start: str
    label: str = PAINTER["caption"]
    whole: bool = False
    kind = "caption"

    def __post_init__(self) -> None:
        captions.parse(self.start)  # or it says what is wrong

    @cached_property
    def line(self) -> Words:
        """The line of text alone."""
        return Words(
            captions.VOCABULARY, self.start, places=captions.MAX_WORDS,
            label=self.label, first=True, empty=PAINTER["empty"], hints=HINTS,
        )  # fmt: skip

    @property
    def places(self) -> int:
        """How many words the model reads."""
        return captions.MAX_WORDS

    def tensor(self, value: str) -> Tensor:
        return self.line.tensor(value)

    def words(self, value: str) -> list[str]:
        """Return the words that the model is fed."""
        return [captions.VOCABULARY[number] for number in self.line.numbers(value)]

    def example(self, number: int) -> str:
        def one(of: Sequence[str], turn: int) -> str:
            return of[int((number + turn / 7) * GOLDEN[0] % 1 * len(of))]

        first = f"{one(captions.COLOURS, 1)} {one(captions.SHAPES, 2)}"
        if number % 2:
            second = f"a {one(captions.COLOURS, 3)} {one(captions.SHAPES, 4)}"
            return f"a {first} {one(tuple(captions.RELATIONS), 5)} {second}"
        place = one(captions.PLACES, 6)
        return f"a {one(captions.SIZES, 3)} {first} in the {place}"

    def markup(self, key: str) -> str:
        made = self.line.markup(key).replace("<details", self._lists() + "<details", 1)
        return made.replace('class="live-control"', 'class="live-control live-caption"')

    def _lists(self) -> str:
        lists = "".join(
            f'<select data-slot="{slot}" aria-label="{html.escape(named(slot))}" '
            f'autocomplete="off">{self._options(slot)}</select>'
            for slot in SLOTS
        )
        return (
            f'<div class="live-parts live-slots" role="group" '
            f'aria-label="{PAINTER["choose"]}">{lists}</div>'
        )

    def _options(self, slot: str) -> str:
        return "".join(
            f'<option value="{html.escape(value)}">{html.escape(text)}</option>'
            for value, text in self.choices(slot)
        )

    def choices(self, slot: str) -> list[tuple[str, str]]:
        """Return what a list writes into the caption, and how it shows that."""
        kind = slot.rstrip("2")
        nothing = (
            PAINTER["anywhere"] if kind == "where" else PAINTER["any"].format(kind)
        )
        words = {
            "size": captions.SIZES, "colour": captions.COLOURS,
            "shape": captions.SHAPES,
            "where": (*(f"in the {place}" for place in captions.PLACES),
                      *captions.RELATIONS),
        }[kind]  # fmt: skip
        made = [(word, word) for word in words]
        # Only a shape must be said.
        return made if self.whole or kind == "shape" else [("", nothing), *made]

    def spec(self) -> dict[str, Any]:
        return self.line.spec() | {
            "relations": list(captions.RELATIONS), "order": PAINTER["order"],
        }  # fmt: skip


def named(slot: str) -> str:
    """Return what a list is called."""
    name: str = PAINTER[slot.rstrip("2")]
    return PAINTER["second"].format(name) if slot.endswith("2") else name
