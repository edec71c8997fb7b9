"""The knobs of sampling, for a live figure that shows the odds of the next token.

`knobs()` gives the five rows; live-decode.js obeys them as `turned` does here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minigen import decode
from minigen.show.live_controls import GOLDEN, Slider, row, slider
from minigen.show.live_noise import uniforms
from minigen.show.live_words import WORDS

#: The values of k that the slider has; 0 keeps all tokens.
TOP_KS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 0)
#: What changes nothing.
NEUTRAL = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "penalty": 1.0}


@dataclass(frozen=True)
class Stops:
    """A slider over a list of numbers, each with its own name; `start` is its place."""

    values: Sequence[float]
    names: Sequence[str]
    start: int
    label: str
    kind = "stops"

    def __post_init__(self) -> None:
        if len(self.values) < 2 or len(self.names) != len(self.values):
            raise ValueError(
                f"stops {self.label!r} need two values or more and a name for each, "
                f"not {len(self.values)} and {len(self.names)}"
            )
        if not 0 <= self.start < len(self.values):
            raise ValueError(
                f"stops {self.label!r} must start at 0 to {len(self.values) - 1}, "
                f"not at {self.start}"
            )

    def tensor(self, value: int) -> Tensor:
        return torch.tensor([[self.values[value]]], dtype=torch.float32)

    def example(self, number: int) -> int:
        return int(number * GOLDEN[0] % 1 * len(self.values))

    def markup(self, key: str) -> str:
        return row(key, self.label, slider(key, 0, len(self.values) - 1, 1, self.start))

    def spec(self) -> dict[str, Any]:
        return {
            "start": self.start,
            "values": list(self.values),
            "names": list(self.names),
        }


@dataclass(frozen=True)
class Luck:
    """A number from 0 to 1 by chance, with a button for the next, from `seed` on."""

    seed: int = 0
    label: str = "Draw"
    kind = "luck"

    @property
    def start(self) -> int:
        """The first draw."""
        return self.seed

    def tensor(self, value: int) -> Tensor:
        return torch.tensor([[uniforms(value, 1)[0]]], dtype=torch.float32)

    def example(self, number: int) -> int:
        return self.seed + number

    def markup(self, key: str) -> str:
        button = f'<button type="button">{WORDS["another"]}</button>'
        return row(key, self.label, button, for_input=False)

    def spec(self) -> dict[str, Any]:
        return {"start": self.seed}


def knobs(
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    penalty: float = 1.0,
) -> dict[str, Slider | Stops]:
    """Return the controls of all sampling strategies, at these values at first."""
    if top_k not in TOP_KS:
        raise ValueError(f"top_k must be one of {TOP_KS}, not {top_k}")
    names = [str(k) if k else WORDS["all"] for k in TOP_KS]
    return {
        "temperature": Slider(0.0, 3.0, temperature, 0.05, "Temperature"),
        "top_k": Stops(TOP_KS, names, TOP_KS.index(top_k), "Top-k"),
        "top_p": Slider(0.0, 1.0, top_p, 0.01, "Top-p (nucleus)"),
        "min_p": Slider(0.0, 1.0, min_p, 0.01, "Min-p"),
        "penalty": Slider(1.0, 3.0, penalty, 0.05, "Repetition penalty"),
    }


def turned(logits: Tensor, seen: Sequence[int], **values: float) -> Tensor:
    """Return logits after all knobs, in the order of `NEUTRAL` but the penalty first.

    As `turned` of live-decode.js, one row of logits at a time.
    """
    if unknown := set(values) - set(NEUTRAL):
        raise ValueError(f"no knob is called {sorted(unknown)}: {list(NEUTRAL)}")
    at = NEUTRAL | values
    if len(seen):
        logits = decode.repetition_penalty(logits, torch.tensor(seen), at["penalty"])
    logits = decode.temperature(logits, at["temperature"])
    if at["top_k"]:
        logits = decode.top_k(logits, int(at["top_k"]))
    return decode.min_p(decode.top_p(logits, at["top_p"]), at["min_p"])
