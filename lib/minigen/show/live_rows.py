"""Named shares as bars: the output of a live model that gives a few numbers."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from minigen.show.live_odds import percent


@dataclass(frozen=True)
class Rows:
    """Shares from 0 to 1, each with a name; the model must give [1, names].

    In the figure's `alt`, `{shown}` stands for all of them in words.
    """

    names: Sequence[str]
    kind = "rows"

    def check(self, output: Tensor, name: str) -> None:
        if list(output.shape) != [1, len(self.names)]:
            raise ValueError(
                f"live model {name!r} must give a share for each of {len(self.names)} "
                f"names, in the shape [1, {len(self.names)}], not {list(output.shape)}"
            )
        if not bool(((output >= 0) & (output <= 1)).all()):
            raise ValueError(
                f"live model {name!r} must give shares from 0 to 1, not "
                f"{[round(x, 3) for x in output.flatten().tolist()]}"
            )

    def markup(self, output: Tensor, alt: str) -> str:
        said = html.escape(f"{alt} {self.said(output)}")
        lines = "".join(
            f'<div class="live-bar"><div class="live-token">{html.escape(name)}</div>'
            '<div class="live-track"><div class="live-after" '
            f'style="inline-size:{100 * share:.3g}%"></div></div>'
            f'<div class="live-share">{html.escape(percent(share))}</div></div>'
            for name, share in self._shares(output)
        )
        return (
            '<div class="live-odds live-rows"><div class="show live-bars" role="img" '
            f'aria-label="{said}">{lines}</div>'
            '<div class="live-bars" role="img" hidden></div></div>'
        )

    def said(self, output: Tensor) -> str:
        """Return the shares in words, as live-rows.js says them."""
        told = [f"{name}: {percent(share)}" for name, share in self._shares(output)]
        return "; ".join(told) + "."

    def spec(self, output: Tensor) -> dict[str, Any]:
        return {"kind": self.kind, "names": list(self.names)}

    def _shares(self, output: Tensor) -> list[tuple[str, float]]:
        return list(zip(self.names, output[0].tolist(), strict=True))
