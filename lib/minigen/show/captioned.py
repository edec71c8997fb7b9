"""Pictures with whole sentences over them, which are too long for a sheet's labels."""

import textwrap
from collections.abc import Sequence

import numpy as np

from minigen.show.draw import Numbers, array
from minigen.show.figure import Shown, figure
from minigen.show.images import picture
from minigen.show.layout import axes


def captioned(
    x: Numbers,
    sentences: Sequence[str],
    *,
    name: str,
    alt: str,
    caption: str,
    columns: int = 3,
    letters: int = 24,
) -> Shown:
    """Show pictures in panels, each under its sentence in lines of so many letters."""
    pictures = array(x)
    if len(pictures) != len(sentences):
        raise ValueError(
            f"{len(pictures)} pictures need as many sentences, not {len(sentences)}"
        )
    rows = -(-len(pictures) // columns)
    fig, panels = axes(columns=columns, rows=rows, ratio=1.0)
    panels = np.atleast_1d(panels).ravel()
    for ax, shown, sentence in zip(panels, pictures, sentences, strict=False):
        picture(ax, shown)
        ax.set_title(textwrap.fill(sentence, letters))
    for ax in panels[len(pictures) :]:
        ax.set_axis_off()
    return figure(fig, name=name, alt=alt, caption=caption)
