"""Panels in the book's two widths, and their second layout for narrow screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox, ScaledTranslation, Transform

from minigen.show import style
from minigen.show.labels import Label, choose_places, spread, wrap_names

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Sparse(MaxNLocator):
    """Where numbers stand on an x axis: as many as its panel has room for."""


@dataclass(frozen=True)
class Plan:
    """How many panels stand in a row, how wide they are in all, and their shape."""

    rows: int
    columns: int
    width: int
    ratio: float
    phone_columns: int

    def grid(self, phone: bool) -> tuple[int, int]:
        """Return rows and columns."""
        if not phone:
            return self.rows, self.columns
        return -(-self.rows * self.columns // self.phone_columns), self.phone_columns

    def size(self, phone: bool) -> tuple[float, float]:
        """Return width and, roughly, height in inches of 72 pixels."""
        rows, columns = self.grid(phone)
        width = style.PHONE if phone else self.width
        return width / 72, rows * width / columns / self.shape(phone) / 72

    def shape(self, phone: bool) -> float:
        """Return a panel's width divided by its height, titles and labels apart."""
        return max(min(self.ratio, 1.4), self.ratio / 2) if phone else self.ratio


class BookFigure(Figure):
    """A figure of the book, which can be laid out again for a narrow screen."""

    def __init__(self, plan: Plan | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.plan = plan
        #: The narrow version of a figure that was drawn without a plan.
        self.phone: BookFigure | None = None
        #: What stands under the bars of a panel, to be broken into lines that fit.
        self.names: dict[Axes, list[str]] = {}

    def arrange(self, *, phone: bool) -> None:
        """Lay the panels out for the text column or for a telephone."""
        if self.plan is None:
            return
        width, height = self.plan.size(phone)
        self.set_size_inches(width, height)
        grid = self.add_gridspec(*self.plan.grid(phone))
        engine = self.get_layout_engine()
        if engine is not None:
            # Stacked panels need room, or a title joins the wrong one.
            down = 14 if phone and grid.nrows > 1 else 6
            beside = grid.ncols * 16 / 72 / width
            engine.set(w_pad=1 / 72, h_pad=down / 72, wspace=beside)  # type: ignore[call-arg]
        for index, ax in enumerate(self.axes):
            ax.set_subplotspec(grid[divmod(index, grid.ncols)])
            ax.set_in_layout(True)
            ax.set_anchor(self._anchor(ax))
            for axis in (ax.xaxis, ax.yaxis):
                _plain_numbers(axis)
            for label in ax.texts:
                if isinstance(label, Label):
                    label.fit(phone)
        _stack_headings(self.axes, width * 72 / grid.ncols)
        grid.set_height_ratios(self._heights(grid, phone))
        self.draw_without_rendering()
        for ax, names in self.names.items():
            wrap_names(ax, names)
        self.draw_without_rendering()
        # Only now is known what titles and labels take, and so how high panels are.
        wanted = self._heights(grid, phone)
        grid.set_height_ratios(wanted)
        now = [ax.get_position(original=True).height for ax in self._firsts(grid)]
        self.set_figheight(height + sum(wanted) - sum(now) * height)
        self.draw_without_rendering()
        for ax in self.axes:
            _thin(ax)
            choose_places([ax])
            spread(ax)

    def _firsts(self, grid: GridSpec) -> list[Axes]:
        """Return the first panel of each row."""
        return self.axes[:: grid.ncols]

    def _heights(self, grid: GridSpec, phone: bool) -> list[float]:
        """Return how high each row of panels should be, in inches.

        Names at the ends of lines make panels narrow on a telephone, not flat. A
        picture that has a row of its own there needs what its shape needs.
        """
        assert self.plan is not None
        width = self.get_figwidth()
        heights = []
        for ax in self._firsts(grid):
            across = ax.get_position(original=True).width * width
            wanted = across / self.plan.shape(phone)
            if phone:
                wanted = max(wanted, 0.84 * width / self.plan.shape(phone) / grid.ncols)
            if phone and grid.ncols == 1 and _is_picture(ax):
                wanted = across * abs(np.ptp(ax.get_ylim()) / np.ptp(ax.get_xlim()))
            heights.append(wanted)
        return heights

    def _anchor(self, ax: Axes) -> str:
        """Return where in its place a panel of fixed shape stands.

        Titles stand on one level; a picture without one keeps the middle of a chart.
        """
        beside_chart = any(not _is_picture(other) for other in self.axes)
        untitled = _is_picture(ax) and not ax.get_title("left")
        return "W" if untitled and beside_chart else "NW"


def axes(
    *,
    columns: int = 1,
    rows: int = 1,
    width: str = "column",
    ratio: float = 2.2,
    phone_columns: int | None = None,
) -> tuple[BookFigure, Any]:
    """Begin a figure: return it and its axes (an array, row by row, when several).

    Parameters
    ----------
    width: "column" (720 pixels, as wide as the text) or "small" (440 pixels).
    ratio: a panel's width divided by its height, titles and labels apart; 1 for a
        square.
    phone_columns: panels in a row on a narrow screen (1, or 2 for three and more).
    """
    if width not in style.WIDTHS:
        raise ValueError(f'width must be "column" or "small", not {width!r}')
    if phone_columns is None:
        phone_columns = 2 if columns > 2 and ratio <= 1.3 else 1
    style.use()
    plan = Plan(rows, columns, style.WIDTHS[width], ratio, phone_columns)
    figure = BookFigure(plan, layout="constrained", figsize=plan.size(False))
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(hspace=0.04)  # type: ignore[call-arg]
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in panels:
        ax.xaxis.set_major_locator(Sparse(7, steps=[1, 2, 5, 10]))
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    return figure, panels[0] if panels.size == 1 else panels


def tick_text(value: float) -> str:
    """Write an axis number: 1,500, 0.25, −3, and 10⁻⁵ where zeros would be many."""
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        exponent = int(np.floor(np.log10(abs(value)) + 1e-9))
        lead = value / 10.0**exponent
        power = "10" + str(exponent).translate(_SUPERSCRIPTS)
        text = power if np.isclose(lead, 1) else f"{lead:.3g}×{power}"
    else:
        text = f"{value:,.10g}"
    return text.replace("-", "−")


def hold_still(figures: Sequence[BookFigure]) -> None:
    """Give the panels of equal figures the same places, so that frames do not shake.

    A panel gets what none of the figures needs for titles, numbers and names.
    """
    height = max(figure.get_figheight() for figure in figures)
    boxes = [
        [ax.get_position(original=True).extents for ax in figure.axes]
        for figure in figures
    ]
    if len({len(panels) for panels in boxes}) > 1:
        raise ValueError("the frames of a player must have equally many panels")
    (left, bottom), (right, top) = (
        np.max(boxes, axis=0)[:, :2].T,
        np.min(boxes, axis=0)[:, 2:].T,
    )
    for figure in figures:
        figure.set_figheight(height)
        for ax, x, y, width, tall in zip(
            figure.axes, left, bottom, right - left, top - bottom, strict=True
        ):
            ax.set_position((x, y, width, tall))
    for panels in zip(*(figure.axes for figure in figures), strict=True):
        choose_places(panels)
        for ax in panels:
            spread(ax)


def _is_picture(ax: Axes) -> bool:
    return not ax.axison and bool(ax.images)


def draw_key(ax: Axes, columns: int) -> None:
    """Draw the names of a panel's points in a line, or in lines of so many."""
    ax.legend(
        loc="lower left", ncols=columns, labelcolor="linecolor", borderaxespad=0,
        borderpad=0, handlelength=0.6, handletextpad=0.5, columnspacing=1.4,
    )  # fmt: skip


def _lines_of_key(ax: Axes, room: float) -> int:
    """Break a panel's key into lines that fit its room; return how many there are."""
    legend = ax.get_legend()
    if legend is None:
        return 0
    names = [text.get_text() for text in legend.get_texts()]
    across = sum(7 * len(name) + 28 for name in names)
    lines = int(np.ceil(across / max(room - 40, 1)))
    draw_key(ax, -(-len(names) // lines))
    return lines


def _stack_headings(panels: Sequence[Axes], room: float) -> None:
    """Put the y axis's name, the key and the title above panels, one on the other.

    A name that stands level above its axis reads faster than one turned by 90°.
    """
    names = any(ax.yaxis.label.get_text() for ax in panels)
    lines = max(_lines_of_key(ax, room) for ax in panels)
    for ax in panels:
        name, legend = ax.yaxis.label, ax.get_legend()
        if name.get_text():
            name.set(rotation=0, horizontalalignment="left", verticalalignment="bottom")
            ax.yaxis.set_label_coords(0, 1, transform=_above(ax, 8))
        if legend is not None:
            legend.set_bbox_to_anchor((0, 1), transform=_above(ax, 8 + 17 * names))
        ax.set_title(ax.get_title("left"), loc="left", pad=9 + 17 * names + 20 * lines)


def _above(ax: Axes, pixels: float) -> Transform:
    return ax.transAxes + ScaledTranslation(0, pixels / 72, ax.figure.dpi_scale_trans)


def _thin(ax: Axes) -> None:
    """Write fewer numbers under a panel that is too narrow for those there are."""
    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, Sparse):
        for most in (7, 5, 4, 3):
            locator.set_params(nbins=most)
            low, high = sorted(ax.get_xlim())
            ticks = [
                t for t in ax.xaxis.get_major_ticks() if low <= t.get_loc() <= high
            ]
            boxes = [t.label1.get_window_extent() for t in ticks if t.label1.get_text()]
            if all(a.x1 + 6 <= b.x0 for a, b in pairwise(sorted(boxes, key=_left))):
                return


def _left(box: Bbox) -> float:
    return float(box.x0)


def _plain_numbers(axis: Axis) -> None:
    if axis.get_scale() == "log" and axis.isDefault_majloc:
        low, high = axis.get_view_interval()
        if high / low < 100:  # with few powers of ten in sight, 2 and 5 count too
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    if axis.isDefault_majfmt:
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
    axis.set_minor_formatter(NullFormatter())  # within a decade they would be formulas
