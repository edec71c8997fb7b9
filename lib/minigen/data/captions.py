"""The language of the captions: what they can say, writing it, reading it back."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
SHAPES = ("circle", "square", "triangle", "ring", "cross")
SIZES = ("small", "large")
PLACES = ("top left", "top right", "bottom left", "bottom right", "centre")
#: Each relation and the same relation seen from the other object.
RELATIONS = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
}
#: The relations of a description, which starts from the left or from the top.
CANONICAL = ("left of", "above")

#: What there is to read in a picture of one object and of two, with the answers.
ATTRIBUTES: dict[int, dict[str, tuple[str, ...]]] = {
    1: {"size": SIZES, "colour": COLOURS, "shape": SHAPES, "place": PLACES},
    2: {
        "relation": CANONICAL,
        "first colour": COLOURS,
        "first shape": SHAPES,
        "second colour": COLOURS,
        "second shape": SHAPES,
    },
}

PAD = "<pad>"
#: All words of all captions; the index of a word here is its number in `encode`.
VOCABULARY = (
    PAD,
    *sorted({
        word
        for part in ("a", "in", "the", *COLOURS, *SHAPES, *SIZES, *PLACES, *RELATIONS)
        for word in part.split()
    }),
)  # fmt: skip
MAX_WORDS = 8

_FORM = (
    '"a small red ring in the top left" (size, colour and place may be left out) or '
    '"a red ring left of a blue square"'
)


def check_word(kind: str, word: str, known: Sequence[str]) -> None:
    """Raise a ValueError that names the known words unless `word` is one of them."""
    if word not in known:
        raise ValueError(f"{kind} must be one of {', '.join(known)}, not {word!r}")


@dataclass(frozen=True)
class Mention:
    """What a caption says of one object; None where it says nothing."""

    shape: str
    colour: str | None = None
    size: str | None = None
    place: str | None = None

    def __post_init__(self) -> None:
        check_word("shape", self.shape, SHAPES)
        for kind, word, known in (
            ("colour", self.colour, COLOURS),
            ("size", self.size, SIZES),
            ("place", self.place, PLACES),
        ):
            if word is not None:
                check_word(kind, word, known)


@dataclass(frozen=True)
class Description:
    """What a caption says: of one object, or of two from the left or the top."""

    mentions: tuple[Mention, ...]
    relation: str | None = None

    def __post_init__(self) -> None:
        if len(self.mentions) != (1 if self.relation is None else 2):
            raise ValueError(
                "a description has one mention and no relation, or two mentions and a "
                f"relation, not {len(self.mentions)} and {self.relation!r}"
            )
        if self.relation is not None:
            check_word("relation", self.relation, CANONICAL)
            if any(m.size or m.place for m in self.mentions):
                raise ValueError(
                    "a description of two objects gives them a colour and a shape, "
                    "not a size or a place"
                )

    def fits(self, wanted: "Description") -> bool:
        """Tell whether all that `wanted` says holds here too."""
        return (
            self.relation == wanted.relation
            and all(
                want is None or have == want
                for mine, theirs in zip(self.mentions, wanted.mentions, strict=True)
                for have, want in zip(_words(mine), _words(theirs), strict=True)
            )
        )  # fmt: skip


def _words(mention: Mention) -> tuple[str | None, ...]:
    return mention.size, mention.colour, mention.shape, mention.place


def captions(description: Description) -> tuple[str, ...]:
    """Write every caption of a description: one for one object, two for a pair."""
    if description.relation is None:
        (mention,) = description.mentions
        where = f" in the {mention.place}" if mention.place else ""
        return (_noun(mention) + where,)
    one, two = map(_noun, description.mentions)
    relation = description.relation
    return f"{one} {relation} {two}", f"{two} {RELATIONS[relation]} {one}"


def _noun(mention: Mention) -> str:
    words = ("a", mention.size, mention.colour, mention.shape)
    return " ".join(word for word in words if word)


def parse(caption: str) -> Description:
    """Read a caption: `parse(c)` is the same for both captions of one description."""
    words = caption.lower().strip().rstrip(".").split()
    _check_known(words)
    text = " ".join(words)
    if match := _ONE.fullmatch(text):
        said = match.groupdict()
        return Description((
            Mention(said["shape"], said["colour"], said["size"], said["place"]),
        ))  # fmt: skip
    if match := _TWO.fullmatch(text):
        colour, shape, relation, colour2, shape2 = match.groups()
        pair = (Mention(shape, colour=colour), Mention(shape2, colour=colour2))
        if relation not in CANONICAL:
            pair, relation = (pair[1], pair[0]), RELATIONS[relation]
        return Description(pair, relation=relation)
    raise ValueError(f"a caption reads {_FORM}, not {caption!r}")


def _check_known(words: Sequence[str]) -> None:
    for word in words:
        if word not in VOCABULARY[1:]:
            near = difflib.get_close_matches(word, VOCABULARY[1:], n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(
                f"captions do not know the word {word!r}{hint}: write like {_FORM}"
            )


def _either(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, words))


_ONE = re.compile(
    rf"a (?:(?P<size>{_either(SIZES)}) )?(?:(?P<colour>{_either(COLOURS)}) )?"
    rf"(?P<shape>{_either(SHAPES)})(?: in the (?P<place>{_either(PLACES)}))?"
)
_NOUN = rf"a (?:({_either(COLOURS)}) )?({_either(SHAPES)})"
_TWO = re.compile(rf"{_NOUN} ({_either(tuple(RELATIONS))}) {_NOUN}")


def encode(texts: Sequence[str]) -> Int64[Tensor, "caption word"]:
    """Return each caption's words as indices into `VOCABULARY`, padded with 0."""
    numbers = torch.zeros(len(texts), MAX_WORDS, dtype=torch.long)
    for row, text in zip(numbers, texts, strict=True):
        words = text.lower().strip().rstrip(".").split()
        _check_known(words)
        if len(words) > MAX_WORDS:
            raise ValueError(
                f"a caption has at most {MAX_WORDS} words, not {len(words)}: {text!r}"
            )
        row[: len(words)] = torch.tensor([VOCABULARY.index(word) for word in words])
    return numbers


def targets(
    descriptions: Sequence[Description],
) -> Int64[Tensor, "description attribute"]:
    """Return each attribute as an index into its answers in `ATTRIBUTES`, -1 if unsaid.

    All descriptions must have the same number of objects.
    """
    counts = {len(d.mentions) for d in descriptions}
    if len(counts) != 1:
        raise ValueError(
            f"targets needs descriptions with one number of objects, not {counts}"
        )
    rows = []
    for description in descriptions:
        if description.relation is None:
            said = _words(description.mentions[0])
        else:
            one, two = description.mentions
            said = (description.relation, one.colour, one.shape, two.colour, two.shape)
        answers = ATTRIBUTES[len(description.mentions)].values()
        rows.append([
            -1 if word is None else known.index(word)
            for word, known in zip(said, answers, strict=True)
        ])  # fmt: skip
    return torch.tensor(rows)
