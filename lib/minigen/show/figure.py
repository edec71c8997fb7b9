"""The one way by which a figure gets onto a page, and what identifies its data."""

import gzip
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.text import Text

from minigen.show import style
from minigen.show.layout import BookFigure
from minigen.show.svg import draw

#: A chapter of fifteen figures and a player stays under 600 KB, so each is weighed.
FIGURE_LIMIT = 40_000
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WIDTH = re.compile(r'<svg [^>]*?width="([\d.]+)"')
_TEX = re.compile(r"(?<!\\)\$.*(?<!\\)\$", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A figure as notebooks and pages take it: its HTML, and its data as a hash."""

    name: str
    fingerprint: str
    html: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {
            "text/plain": f"figure {self.name}: {self.fingerprint}",
            "text/html": self.html,
        }


def figure(fig: BookFigure, *, name: str, alt: str, caption: str) -> Shown:
    """Show a figure that was begun with `show.axes`.

    Parameters
    ----------
    name: lower-case words joined by hyphens, one of its own in the chapter; the page
        can be linked to at `#fig-name`.
    alt: what a reader who does not see the figure must know of it, in a sentence.
    caption: what to see in it; mathematics stands between \\( and \\).
    """
    check_words(name, alt=alt, caption=caption)
    check_figure(fig)
    parts = ""
    for phone, narrow in versions(fig):
        drawing = draw(narrow, f"{name}-{'p' if phone else 'w'}")
        parts += version(drawing.html(alt), phone)
    page = frame(name, parts, caption)
    check_weight(page, FIGURE_LIMIT, name)
    return Shown(name, fingerprint([fig]), page)


def versions(fig: BookFigure) -> Iterator[tuple[bool, BookFigure]]:
    """Lay a figure out for the column, then for a telephone, and leave it as it was."""
    fig.arrange(phone=False)
    yield False, fig
    if fig.plan is not None:
        fig.arrange(phone=True)
        yield True, fig
        fig.arrange(phone=False)
    elif fig.phone is not None:
        yield True, fig.phone


def version(drawing: str, phone: bool) -> str:
    """Wrap a drawing so that the page's style can choose it by the column's width.

    What is laid out for a telephone fills the width of the one there is.
    """
    if not phone:
        return f'<div class="show-wide">{drawing}</div>'
    share = float(_WIDTH.search(drawing)[1]) / style.PHONE  # type: ignore[index]
    drawing = drawing.replace('style="', f'style="width:{100 * share:.4g}%;', 1)
    return f'<div class="show-phone" style="display:none">{drawing}</div>'


def frame(name: str, body: str, caption: str, attributes: str = "") -> str:
    """Return a figure element with its caption."""
    return (
        f'<figure class="show-figure" id="fig-{name}" style="margin-inline:0"'
        f"{attributes}>{body}"
        f'<figcaption class="tex2jax_process mathjax_process">{html.escape(caption)}'
        "</figcaption></figure>"
    )


def check_words(name: str, **words: str) -> None:
    """Raise a ValueError unless the name can be an address and no text is missing."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            "a figure's name is lower-case words joined by hyphens "
            f'("test-loss"), not {name!r}'
        )
    for what, text in words.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError(
                f"figure {name!r} needs {what}= as a sentence for the reader, "
                f"not {text!r}"
            )


def check_figure(fig: Any) -> None:
    """Raise unless the book's style and layout apply to the figure."""
    if not isinstance(fig, BookFigure):
        raise TypeError(
            "a figure must be begun with show.axes(…) or show.sheet(…), "
            f"not as a {type(fig).__name__}"
        )
    for artist in fig.findobj(Text):
        text = artist.get_text()
        if _TEX.search(text):
            raise ValueError(
                f"the text {text!r} in a figure must be plain: write Unicode (σ, ᾱ) "
                "in it and keep mathematics for captions"
            )


def check_weight(page: str, limit: int, name: str) -> None:
    """Raise a ValueError for a figure that is too heavy for its page."""
    weight = len(gzip.compress(page.encode()))
    if weight > limit:
        raise ValueError(
            f"figure {name!r} weighs {weight / 1000:.0f} KB compressed and may weigh "
            f"{limit / 1000:.0f}: draw fewer points, pictures or frames"
        )


def fingerprint(figures: list[BookFigure]) -> str:
    """Return a hash of the data that figures show, to six significant digits."""
    digest = hashlib.sha256()
    for fig in figures:
        for part in _data(fig):
            if isinstance(part, str):
                digest.update(part.encode())
            else:
                digest.update(str(part.shape).encode() + rounded(part).tobytes())
    return digest.hexdigest()[:8]


def _data(fig: BookFigure) -> Iterator[np.ndarray | str]:
    for ax in fig.axes:
        for line in ax.lines:
            yield np.asarray(line.get_xydata())
        for image in ax.images:
            shown = image.get_array()
            assert shown is not None
            yield np.ma.filled(shown, np.nan)
        for patch in ax.patches:
            yield patch.get_patch_transform().transform(patch.get_path().vertices)
        for collection in ax.collections:
            yield np.ma.filled(collection.get_offsets(), np.nan)
            yield from (np.asarray(path.vertices) for path in collection.get_paths())
        yield from (text.get_text() for text in ax.texts)


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to six significant digits; what is negligible beside the rest is zero."""
    values = np.array(values, dtype=np.float64)
    finite = np.isfinite(values)
    size = np.abs(values[finite])
    values[finite] = np.where(size > 1e-9 * size.max(initial=0), values[finite], 0)
    known = finite & (values != 0)
    scale = 10.0 ** (5 - np.floor(np.log10(np.abs(values[known]))))
    values[known] = np.round(values[known] * scale) / scale
    values[~finite & np.isnan(values)] = np.nan
    return values + 0.0  # so that -0 is 0
