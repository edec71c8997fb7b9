"""The picture that others show when they link to the site: from the book's run."""

import base64
import io
import re
from pathlib import Path

import matplotlib.image
import numpy as np
from matplotlib.figure import Figure

from bookkit.meta import NAME
from minigen.show import style

WIDTH, HEIGHT = 1200, 630
#: A picture of a figure is a mask: what is white in it gets the ink (show/svg.py).
_MASK = re.compile(r"<mask[^>]*><image[^>]*base64,([\w+/=]+)")
_ROWS = ("a predictive model draws", "a generative model draws")


def rows(page: str) -> list[np.ndarray]:
    """Return the pictures of a page's first figure, as ink from 0 to 1."""
    figure = page.partition('<div class="show-wide">')[2].partition("</svg>")[0]
    pictures = [
        matplotlib.image.imread(io.BytesIO(base64.b64decode(data)))
        for data in _MASK.findall(figure)
    ]
    return [p if p.ndim == 2 else p[..., :3].mean(-1) for p in pictures]


def draw(page: str, path: Path) -> None:
    """Draw the card of a site from its home page."""
    fig = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=style.PAPER)
    fig.text(0.06, 0.77, NAME, size=58, weight="bold", color=style.INK,
             family="STIXGeneral")  # fmt: skip
    fig.text(0.06, 0.67, "Every idea, built small, measured honestly, and alive.",
             size=25, color=style.MUTED, family="STIXGeneral")  # fmt: skip
    colors = (style.NOISE, style.MODEL)
    for row, (ink, said) in enumerate(zip(rows(page), _ROWS, strict=False)):
        bottom = 0.36 - 0.27 * row
        fig.text(0.06, bottom + 0.175, said, size=19, color=colors[row],
                 family="STIXGeneral")  # fmt: skip
        ax = fig.add_axes((0.06, bottom, 0.88, 0.16))
        ax.imshow(1 - ink, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_axis_off()
    fig.savefig(path, format="png", dpi="figure", metadata={"Software": None})
