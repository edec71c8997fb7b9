"""What is in a picture of shapes: a reader that says it in the captions' own words.

It is trained once, on pictures that no other model sees, and knows three kinds of
picture: one thing, two things, and anything else (nothing, three things, mush). What it
reads is a `Description`, which starts from the left or from the top. So both captions
of a pair (a left of b, b right of a) ask for the same description, and a picture is
scored as a set of things with places, not by the order of mention.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from minigen.data import shapes
from minigen.data.captions import ATTRIBUTES, Description, Mention, parse, targets
from minigen.kernels import KernelMuon
from minigen.repro import generator as seeded
from minigen.repro import scaled
from minigen.train import fit
from minigen.zoo import Recipe

#: What a picture may be: one thing, two, or anything else.
KINDS = (1, 2, None)
#: The answers that the reader chooses from, in the order of its outputs.
QUESTIONS = [known for asked in ATTRIBUTES.values() for known in asked.values()]
#: Its data are drawn from seeds that begin here, far from those of other models.
OWN_SEED = 1_000_000
#: Pixels of a thing that must be seen for it to count as one more: about half of one.
CLEAR = 12


class Reader(nn.Module):
    """A small convolutional network with one answer to every question.

    Its outputs are logits: of the kind of picture, then of each attribute of one thing
    (`ATTRIBUTES[1]`) and of two (`ATTRIBUTES[2]`).
    """

    def __init__(self, *, width: int = 32) -> None:
        super().__init__()
        answers = len(KINDS) + sum(map(len, QUESTIONS))
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, 2 * width, 3, padding=1),
            nn.GroupNorm(8, 2 * width),
            nn.SiLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.GroupNorm(8, 2 * width),
            nn.SiLU(),
            nn.Conv2d(2 * width, 3 * width, 3, padding=1, stride=2),
            nn.GroupNorm(8, 3 * width),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(3 * width * 16, 128),
            nn.SiLU(),
            nn.Linear(128, answers),
        )

    def forward(
        self, x: Float[Tensor, "batch 3 16 16"]
    ) -> Float[Tensor, "batch answer"]:
        """Return a logit for every answer; pictures are in [0, 1]."""
        return self.layers(2 * x - 1)

    @torch.no_grad()
    def read(self, x: Float[Tensor, "batch 3 16 16"]) -> list[Description | None]:
        """Say what each picture shows, or None where it is no picture of a caption."""
        parts = torch.cat([self(part) for part in x.split(1000)]).split(
            [len(KINDS), *map(len, QUESTIONS)], dim=1
        )
        picked = torch.stack([part.argmax(1) for part in parts], dim=1).tolist()
        return [_described(KINDS[row[0]], row[1:]) for row in picked]


def _described(kind: int | None, answers: Sequence[int]) -> Description | None:
    words = [known[i] for known, i in zip(QUESTIONS, answers, strict=True)]
    if kind == 1:
        size, colour, shape, place = words[:4]
        return Description((Mention(shape, colour=colour, size=size, place=place),))
    if kind == 2:
        relation, colour, shape, colour2, shape2 = words[4:]
        pair = Mention(shape, colour=colour), Mention(shape2, colour=colour2)
        return Description(pair, relation=relation)
    return None


@dataclass(frozen=True)
class Scores:
    """Which pictures keep what their captions ask for, a truth value for each."""

    #: Everything that the caption says.
    all: Bool[Tensor, " picture"]
    #: As many things as the caption names.
    number: Bool[Tensor, " picture"]
    #: By attribute: of one thing size, colour, shape, place; of two relation, the two
    #: colours, the two shapes, whoever has them, and which colour has which shape.
    parts: dict[str, Bool[Tensor, " picture"]]

    def shares(self) -> dict[str, float]:
        """Return the share of pictures that keep each."""
        found = {"all": self.all, "number": self.number, **self.parts}
        return {name: kept.float().mean().item() for name, kept in found.items()}


def score(
    reader: Reader, x: Float[Tensor, "batch 3 16 16"], captions: Sequence[str]
) -> Scores:
    """Read pictures and hold what was read against their captions.

    All captions must be of one thing, or all of two.
    """
    wanted = [parse(caption) for caption in captions]
    counts = {len(want.mentions) for want in wanted}
    if len(counts) != 1:
        raise ValueError(
            f"score needs captions of one thing or captions of two, not {counts}"
        )
    pairs = list(zip(reader.read(x), wanted, strict=True))
    parts = _PARTS[counts.pop()]
    same = [have is not None and _like(have, want) for have, want in pairs]
    return Scores(
        all=torch.tensor([_fits(have, want) for have, want in pairs]),
        number=torch.tensor(same),
        parts={
            name: torch.tensor([
                ok and have is not None and test(have, want)
                for ok, (have, want) in zip(same, pairs, strict=True)
            ])
            for name, test in parts.items()
        },
    )  # fmt: skip


def _fits(have: Description | None, want: Description) -> bool:
    return have is not None and _like(have, want) and have.fits(want)


def _like(have: Description, want: Description) -> bool:
    return len(have.mentions) == len(want.mentions)


def _same(attribute: str) -> Callable[[Description, Description], bool]:
    def test(have: Description, want: Description) -> bool:
        wanted = getattr(want.mentions[0], attribute)
        return wanted is None or getattr(have.mentions[0], attribute) == wanted

    return test


def _as_sets(*attributes: str) -> Callable[[Description, Description], bool]:
    def things(said: Description) -> list[tuple[str, ...]]:
        return sorted(
            tuple(str(getattr(m, name)) for name in attributes) for m in said.mentions
        )

    return lambda have, want: things(have) == things(want)


def _relation(have: Description, want: Description) -> bool:
    return have.relation == want.relation


_PARTS: dict[int, dict[str, Callable[[Description, Description], bool]]] = {
    1: {name: _same(name) for name in ("size", "colour", "shape", "place")},
    2: {
        "relation": _relation,
        "colours": _as_sets("colour"),
        "shapes": _as_sets("shape"),
        "binding": _as_sets("colour", "shape"),
    },
}


# Training: pictures with answers, and pictures that have none.


def loss(
    reader: Reader, x: Tensor, answers: Int64[Tensor, "batch question"]
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy of the answers; -1 stands for none."""
    parts = reader(x).split([len(KINDS), *map(len, QUESTIONS)], dim=1)
    each = [
        F.cross_entropy(part, answers[:, i], ignore_index=-1, reduction="sum")
        for i, part in enumerate(parts)
    ]
    return torch.stack(each).sum() / (answers >= 0).sum()


def examples(
    number: int, *, generator: torch.Generator
) -> tuple[Float[Tensor, "n 3 16 16"], Int64[Tensor, "n question"]]:
    """Return pictures and answers: two fifths of one thing, two of two, one of none."""
    some, rest = 2 * number // 5, number - 2 * (2 * number // 5)
    drawn = [shapes.draw(some, generator=generator, objects=n) for n in (1, 2)]
    answers = torch.full((number, 1 + len(QUESTIONS)), -1)
    first = 1
    for row, pictures in enumerate(drawn):
        said = targets([shapes.describe(scene) for scene in pictures.scenes])
        rows = slice(row * some, (row + 1) * some)
        answers[rows, 0] = row
        answers[rows, first : first + said.shape[1]] = said
        first += said.shape[1]
    answers[2 * some :, 0] = 2
    return torch.cat([*(p.x for p in drawn), odd(rest, generator=generator)]), answers


def odd(number: int, *, generator: torch.Generator) -> Float[Tensor, "number 3 16 16"]:
    """Return pictures that no caption describes.

    A third each: nothing but background, too many things, and a picture in much noise.
    """
    n = number // 3 + 1
    one = shapes.draw(n, generator=generator).x
    noisy = one + 0.5 * torch.randn(n, 3, 16, 16, generator=generator)
    empty = paper().expand(n, 3, 16, 16)
    parts = [empty, crowded(n, generator=generator), noisy]
    return torch.cat(parts)[:number].clamp(0, 1)


def crowded(
    number: int, *, generator: torch.Generator
) -> Float[Tensor, "number 3 16 16"]:
    """Return pictures of two things and one more: a stranger, or a thing's double.

    Where the third all but hides another it could be a picture of two things after all,
    so both parts must show some pixels that the other has not.
    """
    two = shapes.draw(2 * number, generator=generator, objects=2)
    alone = [shapes.Scene(scene.things[:1]) for scene in two.scenes]
    # From another picture, or moved by some pixels down or aside.
    ways = ((1, 0), (4, 2), (4, 3), (8, 2), (8, 3))
    parts = zip(shapes.render(alone).tensor_split(len(ways)), ways, strict=True)
    third = torch.cat([part.roll(*way) for part, way in parts])
    three = torch.maximum(two.x, third)
    seen = torch.stack([(three - part).amax(1) > 0.2 for part in (two.x, third)])
    clear = (seen.sum((2, 3)) >= CLEAR).all(0).nonzero()[:, 0]
    rows = torch.randint(len(clear), (number,), generator=generator)
    return three[clear[rows]]


def unclean(
    x: Float[Tensor, "batch 3 16 16"], *, generator: torch.Generator
) -> Float[Tensor, "batch 3 16 16"]:
    """Return pictures a little dim, soft and noisy, as a generator's may be."""
    light, much, soft = torch.rand(3, len(x), 1, 1, 1, generator=generator)
    x = x.lerp(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), 0.4 * soft)
    noise = 0.1 * much * torch.randn(x.shape, generator=generator)
    return (paper() + (1 - 0.4 * light) * (x - paper()) + noise).clamp(0, 1)


def paper() -> Float[Tensor, "1 3 1 1"]:
    """Return the colour of the background."""
    return torch.tensor(shapes.BACKGROUND)[None, :, None, None]


def error(reader: Reader, *, number: int = 5000, seed: int = 1) -> dict[str, float]:
    """Return how often the reader is wrong on fresh pictures of one thing and of two.

    It is wrong where any word is wrong. No model was trained on these pictures.
    """
    generator = seeded(OWN_SEED + 1000 + seed)
    found = {}
    for objects, name in ((1, "one"), (2, "two")):
        drawn = shapes.draw(number, generator=generator, objects=objects)
        kept = score(reader, drawn.x, drawn.captions)
        found[name] = 1 - kept.all.float().mean().item()
    return found


def _batches(
    number: int, size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    x, answers = examples(number, generator=generator)
    while True:
        rows = torch.randint(len(x), (size,), generator=generator)
        yield unclean(x[rows], generator=generator), answers[rows]


def _reader(*, steps: int = 1800, size: int = 48, pool: int = 20_000) -> Recipe:
    def train(reader: nn.Module, *, seed: int, budget: float) -> None:
        assert isinstance(reader, Reader)
        generator = seeded(OWN_SEED + seed)
        history = fit(
            reader,
            lambda x, answers: loss(reader, x, answers),
            _batches(scaled(pool, min(1.0, budget), least=500), size, generator),
            steps=scaled(steps, budget, least=50),
            optimizer=KernelMuon.of(reader, beside=("layers.14",)),
            average=0.99,
            label="attribute reader",
        )
        reader.load_state_dict(history.average.state_dict())

    return Recipe(build=Reader, train=train, data=("attributes 3",))


RECIPES = {"reader": _reader}
