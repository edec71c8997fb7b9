"""Pictures on a sheet, pixel by pixel, and one picture in a panel."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from minigen.show import style
from minigen.show.draw import Numbers, array
from minigen.show.figure import Shown, figure
from minigen.show.layout import BookFigure

_TILE, _GAP, _LINE, _HEADING = 64, 6, 18, 24
#: On a telephone fewer pictures stand in a row, and so they may be larger.
_PHONE_TILE = 82
#: Pixels a letter of a label takes, and a line of it.
_LETTER, _LABEL = 6.6, 15


def images(
    x: Numbers,
    *,
    name: str,
    alt: str,
    caption: str,
    columns: int = 10,
    labels: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    color: str = style.INK,
    negative: str | None = None,
) -> Shown:
    """Show pictures on a sheet; see `sheet` and `figure` for what can be given."""
    fig = sheet(
        x, columns=columns, labels=labels, rows=rows, color=color, negative=negative
    )
    return figure(fig, name=name, alt=alt, caption=caption)


def sheet(
    x: Numbers,
    *,
    columns: int = 10,
    labels: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    color: str = style.INK,
    negative: str | None = None,
) -> BookFigure:
    """Draw pictures of values in [0, 1] on a sheet of so many columns.

    Parameters
    ----------
    x: [n, 1, height, width], where 0 is the paper and 1 is ink, or [n, 3, height,
        width] of red, green and blue; values beyond are clipped. A picture of NaN
        alone leaves its place empty.
    labels: a text under each picture; under larger pictures if it is long.
    rows: a heading over each row.
    color: what 1 looks like.
    negative: what −1 looks like, for pictures of weights.
    """
    pictures = _pictures(x)
    count = len(pictures)
    columns = min(columns, count)
    for what, given, needed in (
        ("labels", labels, count),
        ("rows", rows, -(-count // columns)),
    ):
        if given is not None and len(given) != needed:
            raise ValueError(f"{what}= needs {needed} texts, and has {len(given)}")
    look = (labels, color, negative)
    lines = _lines(count, columns, columns, rows)
    fig = _lay(pictures, columns, lines, False, *look)
    few = bool(labels or rows) or count <= 2 * columns
    narrow = _phone_columns(columns, few, bool(rows))
    if _long(labels):
        narrow = min(narrow, 2)
    if narrow != columns or labels or rows:
        lines = _lines(count, columns, narrow, rows)
        fig.phone = _lay(pictures, narrow, lines, True, *look)
    return fig


def picture(
    ax: Axes, x: Numbers, *, color: str = style.INK, negative: str | None = None
) -> None:
    """Draw one picture ([1 or 3, height, width], or [height, width]) into a panel.

    Where it is NaN the page shows through, as between the pictures of `tiled`.
    """
    given = array(x)
    given = given[None, None] if given.ndim == 2 else given[None]
    there = np.isfinite(given).all(axis=(0, 1))
    pixels = _pictures(given if there.any() else np.nan_to_num(given), parts=True)[0]
    height, width, channels = pixels.shape
    _paint(ax, pixels, 0, color, negative)
    if channels == 1 and there.all():
        _tint(ax, np.zeros((1, 2)), width, height)
    elif channels == 1:
        under: dict[str, Any] = {
            "cmap": style.heat(style.TILE), "vmin": 0, "vmax": 1, "zorder": -1
        }  # fmt: skip
        ax.imshow(there, extent=(0, width, height, 0), **under)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()


def tiled(x: Numbers, *, columns: int = 5) -> np.ndarray:
    """Return several pictures side by side as one, [1 or 3, height, width].

    For a panel that `picture` draws; a sheet of its own is drawn by `sheet`. Between
    them it is NaN, and so may be whole pictures that are not there.
    """
    block, _ = _block(_pictures(x), columns, 1)
    return block.transpose(2, 0, 1)


def _pictures(x: Numbers, *, parts: bool = False) -> np.ndarray:
    """Return pictures as [n, height, width, channel], checked.

    Whole pictures may be NaN; with `parts`, so may be parts of them.
    """
    pictures = array(x)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise ValueError(
            "pictures must have the shape [n, 1 or 3, height, width], "
            f"not {list(pictures.shape)}"
        )
    empty = np.isnan(pictures).all(axis=(1, 2, 3))
    known = pictures[np.isfinite(pictures)] if parts else pictures[~empty]
    if not known.size or not np.isfinite(known).all() or np.isinf(pictures).any():
        raise ValueError(
            "pictures must be finite (or NaN as a whole, for an empty place), and some "
            "pixels are NaN or infinite"
        )
    return pictures.transpose(0, 2, 3, 1)


def _phone_columns(columns: int, few: bool, headed: bool) -> int:
    """Return how many pictures stand side by side on a telephone.

    A row is cut into equal parts where there are some that keep pictures and labels
    readable, and below a heading of its own into parts as equal as can be. Many
    pictures without a word between them are one sheet, and may be smaller.
    """
    most = 6 if few else 12
    if columns <= most:
        return columns
    divisors = [k for k in range(3, most + 1) if columns % k == 0]
    if divisors:
        return divisors[-1]
    return -(-columns // -(-columns // most)) if headed else most


def _long(labels: Sequence[str] | None) -> bool:
    """Tell whether labels are sentences, too long for a small picture."""
    return any(len(label) * _LETTER > 2 * _TILE for label in labels or ())


def _broken(labels: Sequence[str] | None, width: float) -> list[str]:
    """Return labels in lines that a picture is wide enough for."""
    letters = max(8, int(width / _LETTER))
    return [textwrap.fill(label, letters) for label in labels or ()]


def _lines(
    count: int, columns: int, narrow: int, rows: Sequence[str] | None
) -> list[tuple[range, str | None]]:
    """Return which pictures stand on each line, and what stands over it, or None.

    Rows of `columns` are cut into lines of `narrow`; one with a heading begins anew.
    """
    if not rows:
        starts = range(0, count, narrow)
        return [(range(at, min(at + narrow, count)), None) for at in starts]
    lines: list[tuple[range, str | None]] = []
    for row, heading in enumerate(rows):
        end = min((row + 1) * columns, count)
        for at in range(row * columns, end, narrow):
            over = heading if at == row * columns else None
            lines.append((range(at, min(at + narrow, end)), over))
    return lines


def _lay(
    pictures: np.ndarray,
    columns: int,
    lines: list[tuple[range, str | None]],
    phone: bool,
    labels: Sequence[str] | None,
    color: str,
    negative: str | None,
) -> BookFigure:
    _, high, wide, _ = pictures.shape
    room = style.PHONE if phone else style.WIDTHS["column"]
    # Five screen pixels show a picture's pixel well, where there is room for them.
    most = max(_PHONE_TILE if phone else _TILE, (10 if _long(labels) else 5) * wide)
    scale: float = min(most, (room + _GAP) / columns - _GAP) / wide
    if not phone and scale >= 1:  # whole screen pixels keep a picture's pixels alike
        scale = int(scale)
    gap = max(1, round(_GAP / scale))  # in pixels of the pictures, as all below
    across = columns * (wide + gap) - gap
    scale = min(scale, room / across) if phone else scale
    texts = _broken(labels, wide * scale) if _long(labels) else list(labels or ())
    most_lines = max((text.count("\n") for text in texts), default=0)
    head = _HEADING / scale
    foot = (_LINE + _LABEL * most_lines) / scale if labels else 0
    tops, down = [], 0.0
    for _, heading in lines:
        tops.append(down + (0 if heading is None else head))
        down = tops[-1] + high + foot + gap
    style.use()
    fig = BookFigure(figsize=(across * scale / 72, (down - gap) * scale / 72))
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    blocks = list(zip(tops, [part for part, _ in lines], strict=True))
    if not foot and all(heading is None for _, heading in lines):
        blocks = [(0.0, range(len(pictures)))]
    for top, part in blocks:
        chosen = pictures[part.start : part.stop]
        block, tiles = _block(chosen, min(columns, len(chosen)), gap)
        _paint(ax, block, top, color, negative)
        if block.shape[2] == 1:
            _tint(ax, tiles + np.array([0, top]), wide, high)
    ax.set(xlim=(0, across), ylim=(down - gap, 0), aspect="auto")
    for top, (part, heading) in zip(tops, lines, strict=True):
        if heading:
            ax.text(0, top - 8 / scale, heading, color=style.INK)
        for column, index in enumerate(part if labels else ()):
            for line, text in enumerate(texts[index].split("\n")):
                x = column * (wide + gap) + wide / 2
                y = top + high + (13 + _LABEL * line) / scale
                ax.text(x, y, text, ha="center", size=12, color=style.MUTED)
    return fig


def _block(
    pictures: np.ndarray, columns: int, gap: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return one picture of many, NaN between them, and where each has its corner."""
    count, high, wide, channels = pictures.shape
    lines = -(-count // columns)
    shape = (lines * (high + gap) - gap, columns * (wide + gap) - gap, channels)
    block = np.full(shape, np.nan)
    corners = []
    for index, pixels in enumerate(pictures):
        line, column = divmod(index, columns)
        y, x = line * (high + gap), column * (wide + gap)
        block[y : y + high, x : x + wide] = pixels
        if not np.isnan(pixels).all():
            corners.append((x, y))
    return block, np.array(corners, dtype=float).reshape(-1, 2)


def _paint(
    ax: Axes, block: np.ndarray, top: float, color: str, negative: str | None
) -> None:
    height, width, channels = block.shape
    extent = (0, width, top + height, top)
    if channels > 1:
        there = np.isfinite(block).all(axis=2, keepdims=True)
        pixels = np.clip(np.nan_to_num(block), 0, 1) * there
        ax.imshow(np.concatenate([pixels, there], axis=2), extent=extent)
        return
    values = np.clip(np.nan_to_num(block[..., 0]), -1, 1)
    for sign, shade in ((1, color), (-1, negative)):
        if shade is not None:
            look: dict[str, Any] = {"cmap": style.heat(shade), "vmin": 0, "vmax": 1}
            ax.imshow(np.clip(sign * values, 0, 1), extent=extent, **look)


def _tint(ax: Axes, corners: np.ndarray, width: float, height: float) -> None:
    """Lay a tint under pictures, all as one shape, so that their edges show."""
    if not len(corners):
        return
    square = Path.unit_rectangle()
    assert square.codes is not None
    paths = [
        Path(np.asarray(square.vertices) * (width, height) + corner, square.codes)
        for corner in corners
    ]
    shape = PathPatch(Path.make_compound_path(*paths), facecolor=style.TILE, zorder=-1)
    ax.add_patch(shape)
