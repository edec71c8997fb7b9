"""Names beside what they name: broken into lines, moved apart, off the curves."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

#: A letter's mean width in pixels, in names under bars.
_LETTER = 6.2
#: Where the name of a level line may stand, the best place first.
_PLACES = [(0, "left", 3, "bottom"), (1, "right", 3, "bottom"),
           (0, "left", -3, "top"), (1, "right", -3, "top")]  # fmt: skip


class Label(Annotation):
    """A text beside a point; labels move apart when they would cover each other.

    It is broken into lines of so many letters in the column and on a telephone.
    """

    def __init__(
        self, ax: Axes, text: str, at: tuple[float, float], **look: Any
    ) -> None:
        self.offset = look.pop("offset", (0.0, 0.0))
        self.lines = look.pop("lines", (99, 99))
        self.words = text
        super().__init__(
            text, at, xytext=self.offset, textcoords="offset points",
            clip_on=False, **look,
        )  # fmt: skip
        ax.add_artist(self)
        self.fit(phone=False)

    def fit(self, phone: bool) -> None:
        """Break the text into lines for the column or for a telephone."""
        self.set_text(textwrap.fill(self.words, self.lines[phone]))

    def move(self, up: float) -> None:
        """Stand `up` pixels above the place that was asked for."""
        self.xyann = (self.offset[0], self.offset[1] + up)


class End(Label):
    """The name of a curve, at the last point of it that can be seen."""

    def __init__(self, ax: Axes, text: str, path: np.ndarray, **look: Any) -> None:
        self.path = path
        super().__init__(
            ax, text, (float(path[-1, 0]), float(path[-1, 1])),
            lines=(18, 11), offset=(8, 0), **look,
        )  # fmt: skip

    def fit(self, phone: bool) -> None:
        """Break the text, and keep to the part of the curve within the panel."""
        super().fit(phone)
        self.xy = (float(self.path[-1, 0]), float(self.path[-1, 1]))
        assert self.axes is not None
        panel = self.axes.transScale + self.axes.transLimits
        places = panel.transform(self.path)
        if np.isfinite(places).all():
            steps = np.linspace(0, len(places) - 1, 20 * len(places))
            x, y = (np.interp(steps, range(len(places)), part) for part in places.T)
            inside = (np.abs(x - 0.5) < 0.501) & (np.abs(y - 0.5) < 0.501)
            if inside.any() and not inside[-1]:
                last = np.flatnonzero(inside)[-1]
                seen_x, seen_y = panel.inverted().transform((x[last], y[last]))
                self.xy = (float(seen_x), float(seen_y))


class Level(Label):
    """The name of a level line, at whichever end of it is free."""

    def __init__(self, ax: Axes, text: str, value: float, **look: Any) -> None:
        self.value = value
        super().__init__(
            ax, text, (0, value), xycoords=("axes fraction", "data"),
            lines=(60, 24), **look,
        )  # fmt: skip
        self.stand(0)

    def stand(self, place: int) -> None:
        """Take one of the places."""
        x, across, up, upward = _PLACES[place]
        self.xy = (x, self.value)
        self.offset = (2 - 4 * x, up)
        self.set(horizontalalignment=across, verticalalignment=upward)
        self.move(0)


def choose_places(panels: Sequence[Axes]) -> None:
    """Give the names of level lines the place that covers least.

    Panels are one, or the same one in all frames of a player, where names stay.
    """
    rows = [[text for text in ax.texts if isinstance(text, Level)] for ax in panels]
    for levels in zip(*rows, strict=False):
        costs = []
        for place in range(len(_PLACES)):
            for level in levels:
                level.stand(place)
            costs.append(
                sum(_covered(ax, one) for ax, one in zip(panels, levels, strict=True))
            )
        for level in levels:
            level.stand(int(np.argmin(costs)))


def _covered(ax: Axes, level: Level) -> float:
    """Return how much of a panel the name covers, or comes too near to."""
    box = level.get_window_extent().padded(2)
    cost = 0.0
    for line in ax.lines:
        path = line.get_transform().transform(line.get_xydata())
        if len(path) > 1 and np.isfinite(path).all():
            steps = np.linspace(0, len(path) - 1, max(200, 3 * len(path)))
            xs, ys = (np.interp(steps, range(len(path)), part) for part in path.T)
            over = (box.x0 < xs) & (xs < box.x1) & (box.y0 < ys) & (ys < box.y1)
            cost += float(np.mean(over))
    texts = [ax.yaxis.label, ax._left_title]  # type: ignore[attr-defined]
    texts += [one for one in ax.texts if isinstance(one, Label) and one is not level]
    taken = [text.get_window_extent() for text in texts if text.get_text()]
    taken += [patch.get_window_extent() for patch in ax.patches]
    near = box.padded(4)
    return cost + sum(Bbox.intersection(near, other) is not None for other in taken)


def wrap_names(ax: Axes, names: Sequence[str]) -> None:
    """Write names under bars in lines that fit; where a word does not, in two rows."""
    room = ax.get_window_extent().width / (len(names) + 0.2) / _LETTER
    longest = max(len(word) for name in names for word in name.split() or [""])
    rows = 1 if longest <= room else 2
    width = int(np.clip(rows * room, 3, 12))
    texts = [textwrap.fill(name, width, break_long_words=False) for name in names]
    deep = max(text.count("\n") + 1 for text in texts[::2])
    ax.set_xticks(
        range(len(names)),
        ["\n" * (n % rows * deep) + text for n, text in enumerate(texts)],
    )


def spread(ax: Axes) -> None:
    """Move the labels of a panel apart."""
    labels = [text for text in ax.texts if isinstance(text, Label)]
    for label in labels:
        label.move(0)
    boxes = [label.get_window_extent() for label in labels]
    # Above the panel stands the name of its y axis, and below it that of the other.
    panel = ax.get_window_extent()
    shifts = apart(
        [(box.x0, box.x1) for box in boxes],
        [(box.y0, box.y1) for box in boxes],
        ceiling=panel.y1 + 7,
        floor=panel.y0 - 7,
    )
    for label, shift in zip(labels, shifts, strict=True):
        label.move(shift)


def apart(
    across: Sequence[tuple[float, float]],
    upward: Sequence[tuple[float, float]],
    *,
    ceiling: float = np.inf,
    floor: float = -np.inf,
) -> list[float]:
    """Return how far each box must move up for none to cover another.

    Boxes are given as (left, right) and (bottom, top) in any one unit; those that do
    not meet stay where they are. No box ends over the ceiling, or under the floor.
    """
    shifts = [0.0] * len(across)
    pairs = [
        (i, j)
        for i in range(len(across))
        for j in range(i)
        if across[i][0] < across[j][1] and across[j][0] < across[i][1]
    ]
    for _ in range(500):
        moved = False
        for box, (bottom, top) in enumerate(upward):
            if top + shifts[box] > ceiling + 0.01:
                shifts[box] = ceiling - top
                moved = True
            elif bottom + shifts[box] < floor - 0.01:
                shifts[box] = floor - bottom
                moved = True
        for pair in pairs:
            low, high = sorted(pair, key=lambda k: (sum(upward[k]), k))
            overlap = (upward[low][1] + shifts[low]) - (upward[high][0] + shifts[high])
            if overlap > 0.01:
                shifts[low] -= overlap / 2
                shifts[high] += overlap / 2
                moved = True
        if not moved:
            break
    return shifts
