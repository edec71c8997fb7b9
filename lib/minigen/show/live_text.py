"""A line of text that the reader types, as a control of live models (live-text.js)."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from minigen.show.live_controls import GOLDEN, row
from minigen.show.live_words import WORDS

#: What text is cut into: words, with what joins their parts, and single marks.
_PARTS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]|_")


@dataclass(frozen=True)
class Words:
    """A line that the reader types, cut into the words and marks of a vocabulary.

    The model is fed their numbers, an int64 [1, places]: what `begin` says, the text,
    and `pad` in the places that are left. Of a longer text it is fed the end. What the
    vocabulary lacks is left out, and the page names it. Capitals are as they may be.

    Parameters
    ----------
    vocabulary: a word's number is its place; what no reader can type (a line's end) is
        never fed from a text.
    start: the text that stands there at first, of known words alone.
    places: the length of the row that the model is fed.
    begin: numbers that stand before every text, such as that of a story's beginning;
        with them the line may be empty.
    listed: whether a reader may unfold a list of all known words.
    first: of a longer text the model is fed the beginning instead of the end.
    empty: what is told of a line without words, which the model is then fed as padding
        alone; without it the model waits for a word.
    hints: a word that the vocabulary lacks -> the known one to try instead.
    """

    vocabulary: Sequence[str]
    start: str
    places: int
    label: str = "Text"
    pad: int = 0
    begin: Sequence[int] = ()
    listed: bool = True
    first: bool = False
    empty: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)
    kind = "words"
    _known: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = [str(word) for word in self.vocabulary]
        if len(set(words)) < len(words) or not words:
            raise ValueError(f"text {self.label!r} needs words, no two of them alike")
        object.__setattr__(self, "vocabulary", words)
        object.__setattr__(self, "begin", [int(number) for number in self.begin])
        for number in (self.pad, *self.begin):
            if not 0 <= number < len(words):
                raise ValueError(
                    f"text {self.label!r} has {len(words)} words, and none of the "
                    f"number {number}"
                )
        if self.places <= len(self.begin):
            raise ValueError(
                f"text {self.label!r} has {self.places} places, and its beginning "
                f"alone takes {len(self.begin)}"
            )
        # Other spellings mean the word in small letters, or else the first such word.
        folded = {word.lower(): n for n, word in reversed([*enumerate(words)])}
        exact = {word: n for n, word in enumerate(words)}
        object.__setattr__(self, "_known", folded | exact)
        unknown = [part for part in cut(self.start) if self._number(part) is None]
        if unknown or not (self.begin or self.start.strip()):
            raise ValueError(
                f"text {self.label!r} must start with words that it knows, not "
                f"{unknown or 'with none'}"
            )

    def _number(self, part: str) -> int | None:
        return self._known.get(part, self._known.get(part.lower()))

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the words that the model is fed, padding apart."""
        found = [number for part in cut(text)
                 if (number := self._number(part)) is not None]  # fmt: skip
        room = self.places - len(self.begin)
        return [*self.begin, *(found[:room] if self.first else found[-room:])]

    def tensor(self, value: str) -> Tensor:
        numbers = self.numbers(value)
        padding = [self.pad] * (self.places - len(numbers))
        return torch.tensor([numbers + padding], dtype=torch.int64)

    def example(self, number: int) -> str:
        typed = self.typed()
        count = 1 + (5 * number) % (self.places - len(self.begin))
        turns = [(number + 0.5 + n) * GOLDEN[0] % 1 for n in range(count)]
        return " ".join(typed[int(turn * len(typed))] for turn in turns)

    def typed(self) -> list[str]:
        """Return the words and marks that a reader can type."""
        return [word for word in self.vocabulary if cut(word) == [word]]

    def markup(self, key: str) -> str:
        box = (
            f'<input type="text" id="{{id}}-{key}" value="{html.escape(self.start)}" '
            f'aria-describedby="{{id}}-{key}-told" maxlength="{40 * self.places}" '
            'autocomplete="off" autocapitalize="off" autocorrect="off" '
            'spellcheck="false" enterkeyhint="done" data-lm-suppress-shortcuts="true">'
        )
        told = f'<p class="live-told" id="{{id}}-{key}-told" role="status"></p>'
        made = row(key, self.label, box, said=False)
        return made.removesuffix("</div>") + told + self._list() + "</div>"

    def _list(self) -> str:
        if not self.listed:
            return ""
        typed = [word for word in self.typed() if word[0].isalnum()]
        shown = html.escape(" · ".join(sorted(typed, key=str.lower)))
        named = WORDS["known"].format(len(typed))
        return (
            f'<details class="live-known"><summary>{named}</summary>'
            f"<p>{shown}</p></details>"
        )

    def spec(self) -> dict[str, Any]:
        said = {"first": self.first, "empty": self.empty, "hints": dict(self.hints)}
        return {"start": self.start, "vocabulary": list(self.vocabulary),
                "places": self.places, "pad": self.pad, "begin": list(self.begin),
                **{key: value for key, value in said.items() if value}}  # fmt: skip


def cut(text: str) -> list[str]:
    """Return the words and marks of a text."""
    return _PARTS.findall(text)
