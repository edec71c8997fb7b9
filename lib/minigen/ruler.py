"""A ruler for pictures: how far samples are from real ones, in units of its own floor.

One measurement. Of the test pictures, which no model was trained on, draw two parts at
random that do not overlap, A and B, of `SIZE` pictures each. Draw as many samples.
Compare them with A; compare B with A. Do so many times and divide the means:

    ratio = mean distance(samples, A) / mean distance(B, A)

A perfect generator, whose samples are as good as fresh real pictures, has ratio 1 by
construction. The distance is the energy distance, on the bounded features of a frozen
classifier. Size alone keeps it over zero, and does so for both means alike, so that
ratio − 1 measures what is wrong, in units of the floor, and may come out a little below
zero. (Samples less varied than real ones have less of a floor of their own. Left out,
this moves no ratio below 2 by more than 0.05: `unbiased` in the study.)

Class proportions. Samples that come with labels are drawn class by class in the
proportions of the test pictures, and so are A and B: the labels were asked for, so that
their proportions say nothing. Samples without labels are drawn as they come, whatever
classes they show, and B gets the class counts of as many throws of a die: a class that
is missing then shows, and a perfect generator still has ratio 1.

The distance does not see copies: training pictures have ratio 1 as well. `copies` does.

Why this distance. What must be small is how far the ratio of a perfect generator strays
from 1 when all pictures are divided anew: its standard deviation over such divisions.
The spread of the floor is too easy a test, for more draws, or any constant added to the
distance, make it as small as one likes. `studies/ruler.py` measured both. Draws with
labels keep the energy distance's floor and ratio within 5 %; the Fréchet distance keeps
its floor so, but not its ratio, and needs more blur before it sees any. Without labels
the luck of the classes adds to either: give 1,500 samples there, not 500. The study
also has how often the interval covers, and the least defect of each kind that is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from minigen import features, repro
from minigen.data import ImageSet
from minigen.features import LAST, Classifier
from minigen.metrics import energy_distance, frechet, nearest_distance

#: Pictures on each side of one comparison; a ratio − 1 grows in proportion to it, so
#: that ratios taken at another size are on another scale.
SIZE = 180
DRAWS = 40
_FLOOR_DRAWS = 200

Measure = Callable[[Tensor, Tensor], float]


def last_layer_frechet(
    a: Float[Tensor, "n feature"], b: Float[Tensor, "m feature"]
) -> float:
    """Return the Fréchet distance on the classifier's last layer alone."""
    return frechet(a[:, -LAST:], b[:, -LAST:])


@dataclass(frozen=True)
class Measured:
    """A distance, the interval that holds it 95 times in 100 or more, and the floor.

    The floor is the distance of real pictures from others, as many of each.
    """

    mean: float
    low: float
    high: float
    floor: float
    size: int
    draws: int

    @property
    def ratio(self) -> float:
        """The distance in units of the floor: 1 for a perfect generator."""
        return self.mean / self.floor

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the ratio's interval."""
        return self.low / self.floor, self.high / self.floor

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.ratio:.2f} × the floor (from {low:.2f} to {high:.2f})"


@dataclass(frozen=True)
class Copies:
    """Two signs that samples repeat training pictures, and what fresh ones would show.

    close: share with a training picture nearer than all but 1 % of test pictures have.
    nearer: share whose nearest real picture is a training, not a test picture.
    """

    close: float
    close_if_fresh: float
    nearer: float
    nearer_if_fresh: float


@dataclass(frozen=True, eq=False)
class Ruler:
    """The frozen classifier of a dataset, and its test pictures to compare with."""

    images: ImageSet
    classifier: Classifier
    _real: Tensor = field(init=False, repr=False)
    _floors: dict[tuple[Measure, int, bool], float] = field(
        init=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_real", self.features(self.images.test_x))

    @classmethod
    def for_dataset(cls, images: ImageSet, *, budget: float = 1.0) -> "Ruler":
        """Return the ruler of a dataset; but for the digits, train its classifier once.

        At a small budget that training is short, and ratios are rough.
        """
        return cls(images, features.classifier_for(images, budget=budget))

    def features(
        self, images: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch feature"]:
        """Return the features of pictures of the dataset's shape, values in [0, 1]."""
        return self.classifier.features(self._checked(images))

    def predict(
        self, images: Float[Tensor, "batch channel height width"]
    ) -> Int64[Tensor, " batch"]:
        """Return the class that the frozen classifier sees in each picture."""
        return self.classifier(self._checked(images)).argmax(1)

    def _checked(self, images: Tensor) -> Tensor:
        expected, shape = self.images.test_x.shape[1:], images.shape[1:]
        if shape != expected:
            raise ValueError(
                f"{self.images.name} has pictures of shape {tuple(expected)}, the "
                f"samples have {tuple(shape)}: reshape them"
            )
        images = images.detach().float().cpu()
        if not ((images >= -1e-4) & (images <= 1 + 1e-4)).all():
            raise ValueError(
                "samples must be finite and lie in [0, 1], not from "
                f"{images.min():.3g} to {images.max():.3g}: scale or clamp them"
            )
        return images

    def distance(
        self,
        samples: Float[Tensor, "n channel height width"],
        labels: Int64[Tensor, " n"] | None = None,
        *,
        draws: int = DRAWS,
        generator: torch.Generator | None = None,
        measure: Measure = energy_distance,
    ) -> Measured:
        """Return how far samples are from test pictures: the mean over many draws.

        Give the labels where the generator was asked for them, and none where it chose.
        Two samples for each one of `SIZE` use the ruler fully, more narrow its interval
        until they outnumber the test pictures; with fewer, both sides of every
        comparison shrink, and the ratio is on a smaller scale.

        The interval takes each draw for a half-sample: draws of n out of N have a
        variance N/n − 1 times that of the whole.
        """
        values = self.values(
            samples, labels, draws=draws, generator=generator, measure=measure
        )
        size = self.size(len(samples), labels)
        whole = min(len(samples), len(self.images.test_x))
        error = values.std() * (size / (whole - size)) ** 0.5
        mean, reach = values.mean().item(), 1.96 * error.item()
        floor = self.floor(measure, size=size, labelled=labels is not None)
        return Measured(mean, mean - reach, mean + reach, floor, size, draws)

    def values(
        self,
        samples: Float[Tensor, "n channel height width"],
        labels: Int64[Tensor, " n"] | None = None,
        *,
        draws: int = DRAWS,
        generator: torch.Generator | None = None,
        measure: Measure = energy_distance,
    ) -> Float[Tensor, " draws"]:
        """Return the distance of each draw, samples against a half of the test."""
        if draws < 2:
            raise ValueError(f"an interval needs 2 draws or more, not {draws}")
        rng = generator or repro.generator(0)
        labels = None if labels is None else labels.cpu()
        size = self.size(len(samples), labels)
        ours = self.features(samples)
        counts = self._proportional(size)
        results = []
        for _ in range(draws):
            real = _members(self.images.test_y, counts, rng)
            drawn = (
                torch.randperm(len(ours), generator=rng)[:size]
                if labels is None
                else _members(labels, counts, rng)
            )
            results.append(measure(ours[drawn], self._real[real]))
        return torch.tensor(results)

    def floor(
        self, measure: Measure = energy_distance, *, size: int = SIZE, labelled: bool
    ) -> float:
        """Return the mean distance between two disjoint parts of the test pictures."""
        key = (measure, size, labelled)
        if key not in self._floors:
            values = self.floor_values(measure, size=size, labelled=labelled)
            self._floors[key] = values.mean().item()
        return self._floors[key]

    def floor_values(
        self,
        measure: Measure = energy_distance,
        *,
        size: int = SIZE,
        labelled: bool,
        draws: int = _FLOOR_DRAWS,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, " draws"]:
        """Return the distance of each draw, a part of the test against another part.

        Labelled: both in the test's class proportions; else one of them by chance.
        """
        rng = generator or repro.generator(0)
        labels, counts = self.images.test_y, self._proportional(size)
        results = []
        for _ in range(draws):
            first = _members(labels, counts, rng)
            rest = _others(len(labels), first)
            wanted = counts
            if not labelled:
                room = labels[rest].bincount(minlength=len(counts))
                wanted = _by_chance(self._share(), room, size, rng)
            second = rest[_members(labels[rest], wanted, rng)]
            results.append(measure(self._real[second], self._real[first]))
        return torch.tensor(results)

    def size(self, samples: int, labels: Tensor | None = None) -> int:
        """Return how many pictures each side of a comparison has, `SIZE` at most.

        No more than half of the samples, and three eighths of the test pictures: the
        rest of these must hold as many others, with classes by chance.
        """
        size = min(SIZE, samples // 2, 3 * len(self.images.test_y) // 8)
        if labels is not None:
            if len(labels) != samples:
                raise ValueError(
                    f"there are {samples} samples, but {len(labels)} labels"
                )
            have = labels.cpu().bincount(minlength=len(self.images.classes))
            missing = (have == 0) & (self._share() > 0)
            if missing.any():
                names = [self.images.classes[i] for i in missing.nonzero().flatten()]
                raise ValueError(
                    f"the samples have no picture labelled {', '.join(names)}: draw "
                    "every class, or leave the labels out"
                )
            while size > 1 and (self._proportional(size) > have).any():
                size -= 1
        if size < 2:
            raise ValueError(
                f"{samples} samples are too few to compare with "
                f"{len(self.images.test_y)} test pictures: give 4 samples and 6 "
                "test pictures, or more"
            )
        return size

    def copies(self, samples: Float[Tensor, "n channel height width"]) -> Copies:
        """Return signs that samples repeat training pictures (pixels, Euclidean).

        Fresh pictures would be close in 1 % of cases, and nearer to a training picture
        as often as those are among all real ones, since any of them may be nearest.
        Blurred samples are close to everything: believe `close` where `nearer` agrees.
        """
        train, test = self.images.train_x.flatten(1), self.images.test_x.flatten(1)
        ours = self._checked(samples).flatten(1)
        to_train = nearest_distance(ours, train)
        limit = torch.quantile(nearest_distance(test, train), 0.01)
        nearer = to_train < nearest_distance(ours, test)
        return Copies(
            close=(to_train < limit).float().mean().item(),
            close_if_fresh=0.01,
            nearer=nearer.float().mean().item(),
            nearer_if_fresh=len(train) / (len(train) + len(test)),
        )

    def _share(self) -> Tensor:
        counts = self.images.test_y.bincount(minlength=len(self.images.classes))
        return counts / counts.sum()

    def _proportional(self, size: int) -> Tensor:
        """Return how many of each class make up `size` in the test's proportions."""
        exact = self._share().double() * size
        counts = exact.floor().long()
        remainder = (exact - counts).argsort(descending=True, stable=True)
        counts[remainder[: size - int(counts.sum())]] += 1
        return counts


def _members(labels: Tensor, counts: Tensor, generator: torch.Generator) -> Tensor:
    """Return indices of as many members of each class as wanted, drawn at random."""
    order = torch.randperm(len(labels), generator=generator)
    return torch.cat(
        [order[labels[order] == c][:count] for c, count in enumerate(counts.tolist())]
    )


def _others(total: int, indices: Tensor) -> Tensor:
    kept = torch.ones(total, dtype=torch.bool)
    kept[indices] = False
    return kept.nonzero().flatten()


def _by_chance(
    share: Tensor, room: Tensor, size: int, generator: torch.Generator
) -> Tensor:
    """Return class counts of `size` independent throws, and none over its room."""
    counts = torch.zeros_like(room)
    while (missing := size - int(counts.sum())) > 0:
        weights = share * (counts < room)
        thrown = weights.multinomial(missing, replacement=True, generator=generator)
        counts = (counts + thrown.bincount(minlength=len(room))).minimum(room)
    return counts
