"""Small pictures of coloured shapes, drawn on demand, with captions that are true.

One object has a size, a colour, a shape and a place ("a small red ring in the top
left"); two have a relation ("a red ring left of a blue square"). Every word can be read
off the geometry, so how well a picture fits a caption is measured exactly.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from minigen.data.captions import (
    ATTRIBUTES,
    COLOURS,
    PLACES,
    RELATIONS,
    SHAPES,
    SIZES,
    VOCABULARY,
    Description,
    Mention,
    captions,
    check_word,
    encode,
    parse,
    targets,
)
from minigen.data.drawing import coverage
from minigen.data.sets import ImageSet
from minigen.repro import generator as new_generator

__all__ = [
    "ATTRIBUTES", "COLOURS", "HELD_OUT", "PALETTE", "PLACES", "RELATIONS", "SHAPES",
    "SIZES", "VOCABULARY", "Description", "Mention", "Pictures", "Scene", "Thing",
    "arrange", "captions", "describe", "draw", "encode", "load", "parse", "render",
    "sample", "targets",
]  # fmt: skip

#: Mean colours, in RGB from 0 to 1; a thing's own colour lies near its mean.
PALETTE = {
    "red": (0.90, 0.18, 0.18),
    "green": (0.15, 0.72, 0.28),
    "blue": (0.20, 0.42, 0.94),
    "yellow": (0.94, 0.84, 0.14),
    "purple": (0.68, 0.26, 0.84),
    "white": (0.93, 0.93, 0.93),
}
COLOUR_JITTER = 0.06
BACKGROUND = (0.09, 0.10, 0.13)

#: Colour and shape that never meet in training when composition is to be measured.
HELD_OUT = (
    ("red", "cross"),
    ("green", "triangle"),
    ("blue", "ring"),
    ("yellow", "square"),
)

# All lengths are in units of the picture's side. Between two words lies a gap wider
# than the jitter, so that no picture is on the border of its caption.
_RADIUS = {"small": (0.15, 0.18), "large": (0.25, 0.28), "pair": (0.17, 0.19)}
_SIZE_BORDER = 0.215
_CENTRE_JITTER = 0.04
_CORNER_LEAST = 0.15  # from the middle, on both axes
_CORNER_SIGN = {
    "top left": (-1, -1),
    "top right": (1, -1),
    "bottom left": (-1, 1),
    "bottom right": (1, 1),
}
_PLACE_BORDER = (_CENTRE_JITTER + _CORNER_LEAST) / 2
_MARGIN = 0.02  # to the picture's edge
_GAP = 0.07  # between two things: a pixel of background at 16×16
_MISALIGNED = 0.10  # two things side by side, at most so far off one line
LEAST_SIZE = 16

_Spot = tuple[float, float, float]  # x, y, radius


@dataclass(frozen=True)
class Thing:
    """One shape as drawn: centre and radius in picture sides, y down; rgb in [0, 1]."""

    shape: str
    colour: str
    x: float
    y: float
    radius: float
    rgb: tuple[float, float, float]

    def __post_init__(self) -> None:
        check_word("shape", self.shape, SHAPES)
        check_word("colour", self.colour, COLOURS)


@dataclass(frozen=True)
class Scene:
    """One thing, or two that do not overlap."""

    things: tuple[Thing, ...]

    def __post_init__(self) -> None:
        if len(self.things) not in (1, 2):
            raise ValueError(f"a scene has 1 or 2 things, not {len(self.things)}")


@dataclass(frozen=True)
class Pictures:
    """Pictures, the scene that each shows and one true caption of each."""

    x: Float[Tensor, "picture 3 height width"]
    scenes: tuple[Scene, ...]
    captions: tuple[str, ...]


def describe(scene: Scene) -> Description:
    """Say all that a caption can say of a scene, read off its geometry."""
    if len(scene.things) == 1:
        (thing,) = scene.things
        return Description((
            Mention(
                thing.shape,
                colour=thing.colour,
                size="small" if thing.radius < _SIZE_BORDER else "large",
                place=_place(thing),
            ),
        ))  # fmt: skip
    one, two = scene.things
    across = abs(one.x - two.x) > abs(one.y - two.y)
    if (one.x > two.x) if across else (one.y > two.y):
        one, two = two, one
    return Description(
        (Mention(one.shape, colour=one.colour), Mention(two.shape, colour=two.colour)),
        relation="left of" if across else "above",
    )


def _place(thing: Thing) -> str:
    right, down = thing.x - 0.5, thing.y - 0.5
    if max(abs(right), abs(down)) < _PLACE_BORDER:
        return "centre"
    return f"{'top' if down < 0 else 'bottom'} {'left' if right < 0 else 'right'}"


def render(
    scenes: Sequence[Scene], *, size: int = 16
) -> Float[Tensor, "scene 3 {size} {size}"]:
    """Draw scenes as RGB pictures with values in [0, 1] in steps of 1/255."""
    if size < LEAST_SIZE:
        raise ValueError(
            f"size must be at least {LEAST_SIZE} pixels to tell the shapes apart, "
            f"not {size}"
        )
    things = [thing for scene in scenes for thing in scene.things]
    covered = coverage(
        [thing.shape for thing in things],
        torch.tensor([(thing.x, thing.y) for thing in things]).reshape(-1, 2),
        torch.tensor([thing.radius for thing in things]),
        size=size,
    )
    background = torch.tensor(BACKGROUND)
    colour = torch.tensor([thing.rgb for thing in things]).reshape(-1, 3) - background
    light = covered[:, None] * colour[:, :, None, None]  # [thing, 3, size, size]
    owner = torch.tensor(
        [i for i, scene in enumerate(scenes) for _ in scene.things], dtype=torch.long
    )
    pictures = background[:, None, None].repeat(len(scenes), 1, size, size)
    pictures.index_add_(0, owner, light)
    return pictures.mul(255).round().div(255)


def sample(
    number: int,
    *,
    generator: torch.Generator,
    objects: int = 1,
    without: Collection[tuple[str, str]] = (),
    only: Collection[tuple[str, str]] | None = None,
) -> list[Scene]:
    """Draw scenes with one object or two, all their words equally likely.

    Two objects always differ in colour and in shape, so that a swapped attribute shows.
    `without` are (colour, shape) pairs that may not appear (such as `HELD_OUT`); `only`
    are the ones that may.
    """
    return [
        arrange(description, generator=generator)
        for description in _wishes(number, objects, _allowed(without, only), generator)
    ]


def draw(
    number: int,
    *,
    generator: torch.Generator,
    objects: int = 1,
    size: int = 16,
    without: Collection[tuple[str, str]] = (),
    only: Collection[tuple[str, str]] | None = None,
) -> Pictures:
    """Draw pictures with captions; of the two true captions of a pair, either comes."""
    scenes = sample(
        number, generator=generator, objects=objects, without=without, only=only
    )
    coin = torch.randint(2, (number,), generator=generator).tolist()
    chosen = []
    for scene, side in zip(scenes, coin, strict=True):
        true = captions(describe(scene))
        chosen.append(true[side % len(true)])
    return Pictures(render(scenes, size=size), tuple(scenes), tuple(chosen))


def load() -> ImageSet:
    """Return 4,000 pictures of one object to train on and 1,000 to test on, by shape.

    What needs captions, two objects or held-out pairs calls `draw`.
    """
    pictures = draw(5000, generator=new_generator(0))
    y = torch.tensor([SHAPES.index(scene.things[0].shape) for scene in pictures.scenes])
    return ImageSet(
        name="shapes",
        train_x=pictures.x[:4000],
        train_y=y[:4000],
        test_x=pictures.x[4000:],
        test_y=y[4000:],
        classes=SHAPES,
        levels=256,
    )


def _allowed(
    without: Collection[tuple[str, str]], only: Collection[tuple[str, str]] | None
) -> list[tuple[str, str]]:
    every = list(product(COLOURS, SHAPES))
    for pair in [*without, *(only or ())]:
        if pair not in every:
            raise ValueError(
                f'{pair!r} is no (colour, shape) pair such as ("red", "ring")'
            )
    kept = [p for p in every if p not in without and (only is None or p in only)]
    if not kept:
        raise ValueError("`without` and `only` leave no (colour, shape) pair to draw")
    return kept


def _wishes(
    number: int,
    objects: int,
    allowed: list[tuple[str, str]],
    generator: torch.Generator,
) -> list[Description]:
    choices: list[Description]
    if objects == 1:
        choices = [
            Description((Mention(shape, colour=colour, size=size, place=place),))
            for (colour, shape), size, place in product(allowed, SIZES, PLACES)
        ]
    elif objects == 2:
        choices = [
            Description((Mention(s, colour=c), Mention(t, colour=d)), relation=relation)
            for (c, s), (d, t) in product(allowed, repeat=2)
            for relation in ("left of", "above")
            if c != d and s != t
        ]
    else:
        raise ValueError(f"objects must be 1 or 2, not {objects}")
    if not choices:
        raise ValueError(
            "two objects need two (colour, shape) pairs that differ in both colour and "
            f"shape, and only {sorted(allowed)} may appear: allow more pairs"
        )
    picked = torch.randint(len(choices), (number,), generator=generator)
    return [choices[i] for i in picked.tolist()]


def arrange(wanted: Description, *, generator: torch.Generator) -> Scene:
    """Return a random scene that a description fits; what it leaves open is drawn."""
    # One draw for the whole scene: a call for each number would take most of the time.
    chance = iter(torch.rand(16, generator=generator).tolist())
    spots = _one_spot if wanted.relation is None else _two_spots
    return Scene(
        tuple(
            _thing(mention, spot, chance)
            for mention, spot in zip(
                wanted.mentions, spots(wanted, chance), strict=True
            )
        )
    )


def _one_spot(wanted: Description, chance: Iterator[float]) -> list[_Spot]:
    (mention,) = wanted.mentions
    radius = _between(chance, *_RADIUS[mention.size or _one_of(chance, SIZES)])
    sign = _CORNER_SIGN.get(mention.place or _one_of(chance, PLACES))
    furthest = 0.5 - radius - _MARGIN
    right, down = (
        _between(chance, -_CENTRE_JITTER, _CENTRE_JITTER)
        if sign is None
        else sign[axis] * _between(chance, _CORNER_LEAST, furthest)
        for axis in (0, 1)
    )
    return [(0.5 + right, 0.5 + down, radius)]


def _two_spots(wanted: Description, chance: Iterator[float]) -> list[_Spot]:
    first, second = (_between(chance, *_RADIUS["pair"]) for _ in range(2))
    both = first + second
    apart = _between(chance, both + _GAP, 1 - 2 * _MARGIN - both)
    along = _between(chance, first + _MARGIN, 1 - _MARGIN - second - apart)
    room = max(first, second) + _MARGIN
    level = _between(chance, room, 1 - room)
    other = level + _between(chance, -_MISALIGNED, _MISALIGNED)
    points = [(along, level), (along + apart, min(max(other, room), 1 - room))]
    if wanted.relation == "above":
        points = [(y, x) for x, y in points]
    return [(*points[0], first), (*points[1], second)]


def _thing(mention: Mention, spot: _Spot, chance: Iterator[float]) -> Thing:
    colour = mention.colour or _one_of(chance, COLOURS)
    red, green, blue = (
        mean + _between(chance, -COLOUR_JITTER, COLOUR_JITTER)
        for mean in PALETTE[colour]
    )
    return Thing(mention.shape, colour, *spot, rgb=(red, green, blue))


def _between(chance: Iterator[float], low: float, high: float) -> float:
    return low + (high - low) * next(chance)


def _one_of(chance: Iterator[float], choices: Sequence[str]) -> str:
    return choices[int(next(chance) * len(choices))]
