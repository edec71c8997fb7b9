"""What a live model gives: each kind knows the still, and what the script must draw.

A kind of output is a class here and a class of the same `kind` in live-outputs.js.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from minigen.show import style
from minigen.show.images import picture
from minigen.show.layout import BookFigure
from minigen.show.svg import draw

_WIDTH = 256


@runtime_checkable
class Output(Protocol):
    """What `show.live` asks of an output."""

    kind: str

    def check(self, output: Tensor, name: str) -> None:
        """Raise a ValueError unless the model's output is of this kind."""

    def markup(self, output: Tensor, alt: str) -> str:
        """Return the still, and the element in which the script draws."""

    def spec(self, output: Tensor) -> dict[str, Any]:
        """Return what the script must know, as JSON can say it."""


@dataclass(frozen=True)
class Picture:
    """One picture with values from 0 to 1: grey (1 is ink) or red, green and blue."""

    kind = "picture"

    def check(self, output: Tensor, name: str) -> None:
        shape = list(output.shape)
        if len(shape) != 4 or shape[0] != 1 or shape[1] not in (1, 3):
            raise ValueError(
                f"live model {name!r} must give one picture of shape [1, 1 or 3, "
                f"height, width], not {shape}"
            )
        if output.dtype != torch.float32 or not torch.isfinite(output).all():
            raise ValueError(
                f"live model {name!r} must give finite numbers of 32 bits, and gave "
                f"{output.dtype} with {int((~torch.isfinite(output)).sum())} others"
            )
        low, high = float(output.min()), float(output.max())
        if low < -1e-3 or high > 1 + 1e-3:
            raise ValueError(
                f"live model {name!r} must give a picture with values from 0 to 1, and "
                f"gave {low:.3g} to {high:.3g}: scale and clamp inside the model"
            )

    def markup(self, output: Tensor, alt: str) -> str:
        height, width = output.shape[2:]
        style.use()
        fig = BookFigure(figsize=(_WIDTH / 72, _WIDTH * height / width / 72))
        picture(fig.add_axes((0, 0, 1, 1)), output[0])
        return (
            f'<div class="live-picture">{draw(fig, "{id}-still").html(alt)}'
            f'<canvas width="{width}" height="{height}" role="img" hidden></canvas>'
            "</div>"
        )

    def spec(self, output: Tensor) -> dict[str, Any]:
        return {"kind": self.kind, "shape": list(output.shape[1:])}
