"""A text cut into tokens, each on a tile of its own."""

from collections.abc import Sequence

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from minigen.show import style
from minigen.show.layout import BookFigure

#: Pixels: a letter's width (a generous guess, for the page has its own typeface), what
#: a tile has on both sides, the gaps between tiles and lines, and a line's height.
_LETTER, _PAD, _GAP, _LEADING, _TILE, _HEADING = 8.2, 7, 3, 6, 25, 24
_TINTS = (style.GREEN, style.PLUM)
_SEEN = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})

Box = tuple[float, int, float, str]  # left, line, width, text


def cut(
    texts: Sequence[Sequence[str]],
    *,
    headings: Sequence[str] | None = None,
    lines: int = 0,
    marks: Sequence[Sequence[bool]] | None = None,
) -> BookFigure:
    """Draw texts, each given as its tokens, with a heading over each where wanted.

    Spaces and line ends are drawn as ␣ and ↵. `lines` leaves room for as many, so that
    the frames of a player are of one size (on a telephone for twice as many). Tiles are
    green and plum in turn, or green where a token is marked.
    """
    if not texts or not all(texts):
        raise ValueError("nothing to cut: give at least one text of one token")
    if headings is not None and len(headings) != len(texts):
        raise ValueError(f"{len(texts)} texts need as many headings")
    if marks is None:
        marks = [[not n % 2 for n in range(len(tokens))] for tokens in texts]
    if [len(row) for row in marks] != [len(tokens) for tokens in texts]:
        raise ValueError("each token of each text needs a mark, True or False")
    fig = _lay(texts, marks, headings, lines, style.WIDTHS["column"])
    fig.phone = _lay(texts, marks, headings, 2 * lines + bool(lines), style.PHONE)
    return fig


def seen(text: str) -> str:
    """Return what is drawn of a token: signs for spaces, numbers for missing glyphs."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    return "".join(
        sign
        if font.get_char_index(ord(sign)) and sign.isprintable()
        else f"U+{ord(sign):04X}"
        for sign in text.translate(_SEEN)
    )


def _flow(tokens: Sequence[str], room: float) -> list[Box]:
    boxes: list[Box] = []
    left, line = 0.0, 0
    for token in tokens:
        text = seen(token)
        width = _LETTER * len(text) + _PAD
        if left and left + width > room:
            left, line = 0.0, line + 1
        boxes.append((left, line, width, text))
        left += width + _GAP
    return boxes


def _lay(
    texts: Sequence[Sequence[str]],
    marks: Sequence[Sequence[bool]],
    headings: Sequence[str] | None,
    lines: int,
    room: float,
) -> BookFigure:
    step = _TILE + _LEADING
    flows = [_flow(tokens, room) for tokens in texts]
    head = _HEADING if headings else 0
    heights = [
        head + step * max(lines, boxes[-1][1] + 1) + (_LEADING if headings else 0)
        for boxes in flows
    ]
    tops = [0.0, *np.cumsum(heights).tolist()]
    style.use()
    fig = BookFigure(figsize=(room / 72, (tops[-1] - _LEADING) / 72))
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set(xlim=(0, room), ylim=(tops[-1] - _LEADING, 0), aspect="auto")
    for number, boxes in enumerate(flows):
        top = tops[number] + head
        if headings:
            ax.text(0, top - 9, headings[number], color=style.MUTED)
        for green, tint in zip((True, False), _TINTS, strict=True):
            tiles = [
                _tile(left, top + line * step, width)
                for (left, line, width, _), mark in zip(
                    boxes, marks[number], strict=True
                )
                if mark == green
            ]
            if tiles:
                shape = Path.make_compound_path(*tiles)
                ax.add_patch(PathPatch(shape, facecolor=tint, alpha=0.2))
        for left, line, width, text in boxes:
            middle = top + line * step + 0.68 * _TILE
            plain = text.replace("$", "\\$")  # no formula
            ax.text(left + width / 2, middle, plain, ha="center", color=style.INK)
    return fig


def _tile(left: float, top: float, width: float) -> Path:
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], dtype=float)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(corners * (width, _TILE) + (left, top), codes)
