"""What a reader turns on a live model: each kind says what the model is fed.

A kind of control is a class here (its values as tensors, its markup, and what the
script must know) and a class of the same `kind` in live-controls.js.
"""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from minigen.show.draw import Numbers, array
from minigen.show.live_noise import gaussians
from minigen.show.live_words import WORDS

#: Steps between these cover a unit interval evenly, however many are taken.
GOLDEN = (0.754878, 0.569840)


@runtime_checkable
class Control(Protocol):
    """What `show.live` asks of a control."""

    kind: str
    label: str
    #: The value that it stands at before anyone has touched it.
    start: Any

    def tensor(self, value: Any) -> Tensor:
        """Return what the model is fed for a value."""

    def example(self, number: int) -> Any:
        """Return one of endlessly many values, spread over all that there are."""

    def markup(self, key: str) -> str:
        """Return the element that live-controls.js brings to life."""

    def spec(self) -> dict[str, Any]:
        """Return what the script must know, as JSON can say it."""


@dataclass(frozen=True)
class Slider:
    """A number between two others."""

    low: float
    high: float
    start: float
    step: float
    label: str
    kind = "slider"

    def __post_init__(self) -> None:
        if not self.low < self.high or not self.low <= self.start <= self.high:
            raise ValueError(
                f"slider {self.label!r} must start between its ends, not at "
                f"{self.start} of {self.low} to {self.high}"
            )
        if not 0 < self.step <= self.high - self.low:
            raise ValueError(f"slider {self.label!r} cannot take steps of {self.step}")

    def tensor(self, value: float) -> Tensor:
        return torch.tensor([[value]], dtype=torch.float32)

    def example(self, number: int) -> float:
        steps = math.floor((self.high - self.low) / self.step + 1e-9)
        return self.low + self.step * math.floor(number * GOLDEN[0] % 1 * (steps + 1))

    def markup(self, key: str) -> str:
        return row(
            key, self.label, slider(key, self.low, self.high, self.step, self.start)
        )

    def spec(self) -> dict[str, Any]:
        return {"start": self.start, "step": self.step}


@dataclass(frozen=True)
class Choice:
    """One of several names; the model is fed its number in the list."""

    names: Sequence[str]
    start: int | str = 0
    label: str = "Choice"
    kind = "choice"

    def __post_init__(self) -> None:
        names = [str(name) for name in self.names]
        # One name is a choice too: a folder of pictures may be a single class.
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"choice {self.label!r} needs names, no two alike, not {names}"
            )
        object.__setattr__(self, "names", names)
        if isinstance(self.start, str):
            if self.start not in names:
                raise ValueError(
                    f"choice {self.label!r} has no {self.start!r}: {names}"
                )
            object.__setattr__(self, "start", names.index(self.start))
        if not 0 <= int(self.start) < len(names):
            raise ValueError(
                f"choice {self.label!r} must start at 0 to {len(names) - 1}, "
                f"not at {self.start}"
            )

    def tensor(self, value: int) -> Tensor:
        return torch.tensor([value], dtype=torch.int64)

    def example(self, number: int) -> int:
        return math.floor(number * GOLDEN[0] % 1 * len(self.names))

    def markup(self, key: str) -> str:
        return row(
            key, self.label, choice(key, self.names, int(self.start)), said=False
        )

    def spec(self) -> dict[str, Any]:
        return {"start": int(self.start), "names": list(self.names)}


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of a shape, with a button for another draw, from `seed` on."""

    shape: Sequence[int]
    seed: int = 0
    label: str = "Noise"
    kind = "noise"

    def __post_init__(self) -> None:
        if not self.shape or any(size < 1 for size in self.shape):
            raise ValueError(
                f"noise {self.label!r} needs the shape of one draw without the batch, "
                f"such as (1, 8, 8), not {tuple(self.shape)}"
            )
        if not 0 <= self.seed < 2**31:
            raise ValueError(
                f"noise {self.label!r} needs a seed from 0, not {self.seed}"
            )

    @property
    def start(self) -> int:
        """The first draw."""
        return self.seed

    def tensor(self, value: int) -> Tensor:
        draw = gaussians(value, math.prod(self.shape))
        return torch.from_numpy(draw).reshape(1, *self.shape)

    def example(self, number: int) -> int:
        return self.seed + number

    def markup(self, key: str) -> str:
        button = f'<button type="button">{WORDS["another"]}</button>'
        return row(key, self.label, button, for_input=False)

    def spec(self) -> dict[str, Any]:
        return {"start": self.seed, "shape": list(self.shape)}


@dataclass(frozen=True)
class Walk:
    """A walk from point to point in straight lines; the model is fed where it stands.

    Parameters
    ----------
    points: [n, d], the corners of the way.
    names: what stands at each corner, said while walking.
    """

    points: Any
    label: str = "Walk"
    names: Sequence[str] | None = None
    kind = "walk"
    start = 0.0
    #: Steps of the slider from one corner to the next.
    STEPS = 20

    def __post_init__(self) -> None:
        points = array(self.points).astype(np.float32)
        if points.ndim != 2 or len(points) < 2 or not np.isfinite(points).all():
            raise ValueError(
                f"walk {self.label!r} needs finite points of shape [n, d], two at "
                f"least, not {list(points.shape)}"
            )
        if self.names is not None and len(self.names) != len(points):
            raise ValueError(
                f"walk {self.label!r} has {len(points)} points and "
                f"{len(self.names)} names"
            )
        object.__setattr__(self, "points", points)

    def tensor(self, value: float) -> Tensor:
        before = min(int(value), len(self.points) - 2)
        share = np.float32(value - before)
        here = self.points[before] + share * (
            self.points[before + 1] - self.points[before]
        )
        return torch.from_numpy(here[None])

    def example(self, number: int) -> float:
        steps = self.STEPS * (len(self.points) - 1)
        return round(number * GOLDEN[0] % 1 * steps) / self.STEPS

    def markup(self, key: str) -> str:
        last = len(self.points) - 1
        body = play_button() + slider(key, 0, last, 1 / self.STEPS, 0)
        return row(key, self.label, body)

    def spec(self) -> dict[str, Any]:
        names = None if self.names is None else [str(name) for name in self.names]
        return {"start": 0, "points": short(self.points), "names": names}


@dataclass(frozen=True)
class Loop:
    """One step of the model, called again and again; each step's picture is shown.

    Parameters
    ----------
    state: the model's input that is fed the first output of the step before.
    start: the `Noise` control that gives the first state; the model is not fed it.
    tables: number of steps -> the columns of a table with so many rows. Each column is
        an input of the model too, a float [1, 1] that changes from step to step.
    label: what the choice among the tables is called.
    default: the number of steps that is chosen at first; the first table's otherwise.
    """

    state: str = "x"
    start: str = "noise"
    tables: Mapping[int, Mapping[str, Numbers]] = field(default_factory=dict)
    label: str = "Steps"
    default: int | None = None

    def __post_init__(self) -> None:
        if not self.tables:
            raise ValueError("a loop needs tables=, one for each number of steps")
        tables = {
            int(count): {key: array(column).ravel() for key, column in table.items()}
            for count, table in self.tables.items()
        }
        for count, table in tables.items():
            lengths = {key: len(column) for key, column in table.items()}
            if count < 1 or any(length != count for length in lengths.values()):
                raise ValueError(
                    f"the loop's table for {count} steps needs {count} rows in each "
                    f"column, not {lengths}"
                )
            if set(table) != set(next(iter(tables.values()))):
                raise ValueError("the loop's tables must have the same columns")
        object.__setattr__(self, "tables", tables)
        if self.default is None:
            object.__setattr__(self, "default", next(iter(tables)))
        if self.default not in tables:
            raise ValueError(f"the loop has no table for {self.default} steps")

    def row(self, count: int, step: int) -> dict[str, Tensor]:
        """Return what the model is fed at one step beside the controls' values."""
        return {
            key: torch.tensor([[column[step]]], dtype=torch.float32)
            for key, column in self.tables[count].items()
        }

    def markup(self) -> str:
        """Return the controls of the loop: how many steps, run or stop, and which."""
        counts = [str(count) for count in self.tables]
        start = counts.index(str(self.default))
        steps = row(
            "loop-steps", self.label, choice("loop-steps", counts, start), said=False
        )
        run = f'<button type="button">{WORDS["run"]}</button>'
        body = run + slider(
            "loop-step", 1, int(self.default or 1), 1, int(self.default or 1)
        )
        step = row("loop-step", WORDS["step"], body)
        return (steps if len(counts) > 1 else "") + step

    def spec(self) -> dict[str, Any]:
        """Return what the script must know."""
        return {
            "state": self.state,
            "start": self.start,
            "default": self.default,
            "tables": {
                str(count): {key: short(column) for key, column in table.items()}
                for count, table in self.tables.items()
            },
        }


def row(
    key: str, label: str, body: str, *, said: bool = True, for_input: bool = True
) -> str:
    """Return a control's row: its name, what it stands at, and its parts."""
    name = html.escape(label)
    if for_input:
        name = f'<label for="{{id}}-{key}">{name}</label>'
    value = ' <span class="live-value" aria-hidden="true"></span>' if said else ""
    return (
        f'<div class="live-control" data-control="{key}"><p>{name}{value}</p>'
        f'<div class="live-parts">{body}</div></div>'
    )


def slider(key: str, low: float, high: float, step: float, start: float) -> str:
    """Return a native slider."""
    return (
        f'<input type="range" id="{{id}}-{key}" min="{low:.9g}" '
        f'max="{high:.9g}" step="{step:.9g}" value="{start:.9g}" autocomplete="off">'
    )


def choice(key: str, names: Sequence[str], start: int) -> str:
    """Return a native list to choose from."""
    options = "".join(
        f'<option value="{n}"{" selected" * (n == start)}>{html.escape(name)}</option>'
        for n, name in enumerate(names)
    )
    return f'<select id="{{id}}-{key}" autocomplete="off">{options}</select>'


def play_button() -> str:
    """Return the button of a walk."""
    return f'<button type="button" class="live-play">{WORDS["play"]}</button>'


def short(values: np.ndarray) -> list[Any]:
    """Return numbers in as few digits as give the same 32 bits."""
    rounded = [
        float(f"{value:.9g}") for value in np.asarray(values, dtype="f4").ravel()
    ]
    if values.ndim == 1:
        return rounded
    width = values.shape[1]
    return [rounded[n : n + width] for n in range(0, len(rounded), width)]
