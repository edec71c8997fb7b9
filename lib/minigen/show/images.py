"""Pictures on a sheet, pixel by pixel, and one picture in a panel."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from minigen.show import style
from minigen.show.draw import Numbers, array
from minigen.show.figure import Shown, figure
from minigen.show.layout import BookFigure

_TILE, _GAP, _LINE, _HEADING = 64, 6, 18, 24


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
        width] of red, green and blue; values beyond are clipped.
    labels: a short text under each picture.
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
    look = (labels, rows, color, negative)
    fig = _lay(pictures, columns, style.WIDTHS["column"], *look)
    narrow = _phone_columns(columns, labels, rows)
    if narrow != columns or labels or rows:
        fig.phone = _lay(pictures, narrow, style.PHONE, *look)
    return fig


def picture(
    ax: Axes, x: Numbers, *, color: str = style.INK, negative: str | None = None
) -> None:
    """Draw one picture ([1 or 3, height, width], or [height, width]) into a panel."""
    given = array(x)
    pixels = _pictures(given[None, None] if given.ndim == 2 else given[None])[0]
    height, width, channels = pixels.shape
    _paint(ax, pixels, 0, color, negative)
    if channels == 1:
        _tint(ax, np.zeros((1, 2)), width, height)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()


def tiled(x: Numbers, *, columns: int = 5) -> np.ndarray:
    """Return several grey pictures side by side as one, [1, height, width].

    For a panel that `picture` draws; a sheet of its own is drawn by `sheet`.
    """
    block, _ = _block(_pictures(x)[..., :1], columns, 1)
    return block.transpose(2, 0, 1)


def _pictures(x: Numbers) -> np.ndarray:
    """Return pictures as [n, height, width, channel], checked."""
    pictures = array(x)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise ValueError(
            "pictures must have the shape [n, 1 or 3, height, width], "
            f"not {list(pictures.shape)}"
        )
    if not np.isfinite(pictures).all():
        raise ValueError("pictures must be finite, and some pixels are NaN or infinite")
    return pictures.transpose(0, 2, 3, 1)


def _phone_columns(
    columns: int, labels: Sequence[str] | None, rows: Sequence[str] | None
) -> int:
    """Return how many pictures stand side by side on a telephone.

    Rows with a heading stay whole. Otherwise a row is cut into equal parts when there
    is one that keeps pictures and labels readable.
    """
    most = 6 if labels else 12
    if rows or columns <= most:
        return columns
    divisors = [k for k in range(3, most + 1) if columns % k == 0]
    return divisors[-1] if divisors else most


def _lay(
    pictures: np.ndarray,
    columns: int,
    width: int,
    labels: Sequence[str] | None,
    rows: Sequence[str] | None,
    color: str,
    negative: str | None,
) -> BookFigure:
    count, high, wide, _ = pictures.shape
    # Whole screen pixels for each pixel of a picture keep them all alike.
    scale: float = min(_TILE, (width + _GAP) / columns - _GAP) / wide
    scale = int(scale) if scale >= 1 else scale
    gap = max(1, round(_GAP / scale))  # in pixels of the pictures, as all below
    head = _HEADING / scale if rows else 0
    foot = _LINE / scale if labels else 0
    step = head + high + foot + gap
    lines = -(-count // columns)
    size = (columns * (wide + gap) - gap, lines * step - gap)
    style.use()
    fig = BookFigure(figsize=(size[0] * scale / 72, size[1] * scale / 72))
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    at_once = 1 if head or foot else lines
    for line in range(0, lines, at_once):
        part = pictures[line * columns : (line + at_once) * columns]
        block, tiles = _block(part, min(columns, len(part)), gap)
        top = line * step + head
        _paint(ax, block, top, color, negative)
        if block.shape[2] == 1:
            _tint(ax, tiles + np.array([0, top]), wide, high)
    ax.set(xlim=(0, size[0]), ylim=(size[1], 0), aspect="auto")
    for index, text in enumerate(labels or ()):
        line, column = divmod(index, columns)
        place = column * (wide + gap) + wide / 2, line * step + head + high + 13 / scale
        ax.text(*place, text, ha="center", size=12, color=style.MUTED)
    for line, text in enumerate(rows or ()):
        ax.text(0, line * step + head - 8 / scale, text, color=style.INK)
    return fig


def _block(
    pictures: np.ndarray, columns: int, gap: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return one picture of many with gaps between, and where each has its corner."""
    count, high, wide, channels = pictures.shape
    lines = -(-count // columns)
    shape = (lines * (high + gap) - gap, columns * (wide + gap) - gap)
    # A fourth channel leaves the gaps between coloured pictures open.
    block = np.zeros((*shape, 4 if channels == 3 else 1))
    corners = []
    for index, pixels in enumerate(np.clip(pictures, -1, 1)):
        line, column = divmod(index, columns)
        y, x = line * (high + gap), column * (wide + gap)
        block[y : y + high, x : x + wide, :channels] = pixels
        block[y : y + high, x : x + wide, channels:] = 1
        corners.append((x, y))
    return block, np.array(corners, dtype=float)


def _paint(
    ax: Axes, block: np.ndarray, top: float, color: str, negative: str | None
) -> None:
    height, width, channels = block.shape
    extent = (0, width, top + height, top)
    if channels > 1:
        ax.imshow(np.clip(block, 0, 1), extent=extent)
        return
    for sign, shade in ((1, color), (-1, negative)):
        if shade is not None:
            values = np.clip(sign * block[..., 0], 0, 1)
            ax.imshow(values, extent=extent, cmap=style.heat(shade), vmin=0, vmax=1)


def _tint(ax: Axes, corners: np.ndarray, width: float, height: float) -> None:
    """Lay a tint under pictures, all as one shape, so that their edges show."""
    square = Path.unit_rectangle()
    assert square.codes is not None
    paths = [
        Path(np.asarray(square.vertices) * (width, height) + corner, square.codes)
        for corner in corners
    ]
    shape = PathPatch(Path.make_compound_path(*paths), facecolor=style.TILE, zorder=-1)
    ax.add_patch(shape)
