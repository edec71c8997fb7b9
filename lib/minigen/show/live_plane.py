"""The control with two coordinates: a map on which the reader moves a mark."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from torch import Tensor

from minigen.show import style
from minigen.show.draw import array
from minigen.show.layout import BookFigure, Label, tick_text
from minigen.show.live_controls import GOLDEN
from minigen.show.live_words import WORDS
from minigen.show.svg import draw

#: The map in pixels: its width, and what is left for the numbers at its axes.
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 340, 34, 10, 8, 26
_MARKERS = ("o", "^", "s", "D", "v")
#: Steps from end to end by the arrow keys, and squares in which the nearest is known.
STEPS, CELLS = 80, 24


@dataclass(frozen=True)
class Plane:
    """A place on a map: by mouse, by finger, or by the arrow keys.

    Parameters
    ----------
    background: `dict(points=[n, 2], labels=[n])` marks examples by their kind (with
        `names=` where labels are numbers of names), and the page can then say what is
        near; a picture ([height, width] or [3, height, width]) fills the map; None
        leaves it empty.
    x, y: the ends of the map; the points' own, or −3 and 3, when not given.
    start: where the mark stands at first.
    """

    background: Any = None
    x: Any = None
    y: Any = None
    start: tuple[float, float] = (0.0, 0.0)
    label: str = "Place"
    kind = "plane"

    def __post_init__(self) -> None:
        places = None
        if isinstance(self.background, Mapping):
            places = _points(self.background)[0]  # or it says what is wrong
        for number, what in enumerate("xy"):
            ends = getattr(self, what)
            if ends is None:
                ends = (-3, 3) if places is None else _ends(places[:, number])
            object.__setattr__(self, what, (float(ends[0]), float(ends[1])))
        for what, (low, high), at in zip(
            "xy", (self.x, self.y), self.start, strict=True
        ):
            if not (
                np.isfinite([low, high]).all() and low < high and low <= at <= high
            ):
                raise ValueError(
                    f"plane {self.label!r} must start inside {what}={(low, high)}, "
                    f"not at {at}"
                )

    def tensor(self, value: Sequence[float]) -> Tensor:
        return torch.tensor([[float(value[0]), float(value[1])]], dtype=torch.float32)

    def example(self, number: int) -> tuple[float, float]:
        first, second = (number * step % 1 for step in GOLDEN)
        (left, right), (low, high) = self.x, self.y
        return left + first * (right - left), low + second * (high - low)

    def markup(self, key: str) -> str:
        fig = self._map()
        drawing = draw(fig, f"{{id}}-{key}").html(self._alt())
        box = fig.axes[0].get_position()
        place = (
            f"left:{100 * box.x0:.3f}%;top:{100 * (1 - box.y1):.3f}%;"
            f"width:{100 * box.width:.3f}%;height:{100 * box.height:.3f}%"
        )
        across, upward = self._shares(self.start)
        at = f"--x:{across};--y:{upward};--x0:{across};--y0:{upward}"
        inputs = "".join(
            f'<input type="range" min="0" max="{STEPS}" step="any" autocomplete="off" '
            f'aria-label="{html.escape(self.label)}, {WORDS[way]}">'
            for way in ("across", "upward")
        )
        return (
            f'<div class="live-plane" data-control="{key}">'
            f'<div class="live-map">{drawing}'
            f'<div class="live-pad" style="{place}"><div class="live-mark" '
            f'style="{at}"><span class="live-sliders" hidden>{inputs}</span></div>'
            '</div></div><p class="live-value" aria-hidden="true"></p></div>'
        )

    def spec(self) -> dict[str, Any]:
        return {
            "start": list(self.start), "x": list(self.x), "y": list(self.y),
            "steps": STEPS, "near": self._near(),
        }  # fmt: skip

    def _shares(self, place: Sequence[float]) -> tuple[float, float]:
        (left, right), (low, high) = self.x, self.y
        across = (place[0] - left) / (right - left)
        return round(across, 4), round((place[1] - low) / (high - low), 4)

    def _alt(self) -> str:
        if not isinstance(self.background, Mapping):
            return WORDS["map"]
        points, kinds = _points(self.background)
        return WORDS["map_kinds"].format(
            len(points), ", ".join(dict.fromkeys(sorted(kinds)))
        )

    def _near(self) -> dict[str, Any] | None:
        """Return for each square of the map the kind of the example nearest to it."""
        if not isinstance(self.background, Mapping):
            return None
        points, kinds = _points(self.background)
        names = sorted(set(kinds))
        number = np.array([names.index(kind) for kind in kinds])
        size = np.array([self.x[1] - self.x[0], self.y[1] - self.y[0]])
        middle = (np.stack(np.meshgrid(*[np.arange(CELLS)] * 2), axis=-1) + 0.5) / CELLS
        places = middle.reshape(-1, 2) * size + np.array([self.x[0], self.y[0]])
        far = (((places[:, None] - points[None]) / size) ** 2).sum(-1)
        nearest = number[far.argmin(1)]
        return {"names": names, "cells": CELLS, "grid": [int(n) for n in nearest]}

    def _map(self) -> BookFigure:
        style.use()
        wide = _WIDTH - _LEFT - _RIGHT
        shape = (self.y[1] - self.y[0]) / (self.x[1] - self.x[0])
        high = wide * min(max(shape, 0.5), 1.25)
        total = high + _TOP + _BOTTOM
        fig = BookFigure(figsize=(_WIDTH / 72, total / 72))
        ax = fig.add_axes(
            (_LEFT / _WIDTH, _BOTTOM / total, wide / _WIDTH, high / total)
        )
        ax.set(xlim=self.x, ylim=self.y)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
        ax.grid(True, axis="both")
        if isinstance(self.background, Mapping):
            _mark(ax, *_points(self.background))
        elif self.background is not None:
            _fill(ax, array(self.background))
        ax.set(xlim=self.x, ylim=self.y)
        return fig


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Return where a map ends, a little beyond the points and beyond its middle."""
    low, high = min(float(values.min()), 0), max(float(values.max()), 0)
    rim = 0.04 * (high - low) or 1
    return round(low - rim, 2), round(high + rim, 2)


def _points(background: Mapping[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Return the places and the kind of each example, by name."""
    if unknown := set(background) - {"points", "labels", "names"}:
        raise ValueError(f"a plane's background has no {sorted(unknown)}")
    points = array(background["points"])
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"a plane's points need shape [n, 2], not {points.shape}")
    labels, names = background.get("labels"), background.get("names")
    if labels is None:
        return points, [""] * len(points)
    plain = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if len(plain) != len(points):
        raise ValueError(f"a plane has {len(points)} points and {len(plain)} labels")
    return points, [
        str(names[label] if names is not None else label) for label in plain
    ]


def _mark(ax: Axes, points: np.ndarray, kinds: list[str]) -> None:
    """Draw each example: a short name as letters, else a mark, named in the middle."""
    names = sorted(set(kinds))
    letters = len(names) > 1 and all(0 < len(name) <= 2 for name in names)
    for number, (name, color) in enumerate(
        zip(names, cycle(style.CYCLE), strict=False)
    ):
        of_kind = points[[kind == name for kind in kinds]]
        marker = _MARKERS[number // len(style.CYCLE) % len(_MARKERS)]
        ax.plot(
            *of_kind.T, linestyle="", color=color, alpha=0.75,
            marker=f"$\\mathrm{{{name}}}$" if letters and name.isalnum() else marker,
            markersize=6.5 if letters else 4,
        )  # fmt: skip
        if not letters and len(names) > 1:
            middle = np.median(of_kind, axis=0)
            Label(ax, name, (float(middle[0]), float(middle[1])), color=color,
                  ha="center", va="center", fontweight="bold")  # fmt: skip


def _fill(ax: Axes, values: np.ndarray) -> None:
    """Draw a picture over the whole map, its first row at the top."""
    extent = (*ax.get_xlim(), *ax.get_ylim())
    if values.ndim == 3 and values.shape[0] == 3:
        ax.imshow(
            np.clip(values.transpose(1, 2, 0), 0, 1), extent=extent, aspect="auto"
        )
        return
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim != 2:
        raise ValueError(
            "a plane's background is dict(points=, labels=) or a picture of shape "
            f"[height, width], [1, …] or [3, …], not {list(values.shape)}"
        )
    heat = style.heat(style.INK)
    ax.imshow(
        np.clip(values, 0, 1), extent=extent, cmap=heat, vmin=0, vmax=1, aspect="auto"
    )
