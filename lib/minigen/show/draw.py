"""Curves, bars and histograms, with every name where it is needed."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minigen.show import style
from minigen.show.labels import End, Label, Level
from minigen.show.layout import BookFigure

Numbers = Any  # a list, an array or a tensor of numbers


def array(values: Numbers) -> np.ndarray:
    """Return numbers, or a tensor on any device, as an array of floats."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values, dtype=np.float64)


def curves(
    ax: Axes,
    series: Mapping[str, tuple[Numbers, Numbers]],
    *,
    x: str = "",
    y: str = "",
    colors: Mapping[str, str] | None = None,
    bands: Mapping[str, tuple[Numbers, Numbers]] | None = None,
    limits: Mapping[str, float] | None = None,
    log: str = "",
    markers: bool = False,
) -> None:
    """Draw lines, each named at its end.

    Parameters
    ----------
    series: name -> (x values, y values).
    x, y: what the axes measure, with the unit.
    bands: name -> (lower, upper) y values around the line of that name.
    limits: name -> y value of a level line: a floor, a ceiling, chance.
    log: the axes that are logarithmic: "x", "y" or "xy".
    """
    check_names(series, colors=colors, bands=bands)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    _levels(ax, limits)
    for name, color in chosen_colors(series, colors).items():
        xs, ys = (array(values) for values in series[name])
        if xs.shape != ys.shape or xs.ndim != 1 or not len(xs):
            raise ValueError(
                f"curve {name!r} needs as many y as x values in one row, "
                f"not shapes {ys.shape} and {xs.shape}"
            )
        if bands and name in bands:
            low, high = (array(values) for values in bands[name])
            ax.fill_between(xs, low, high, color=color, alpha=0.18, linewidth=0)
        ax.plot(xs, ys, color=color, marker="o" if markers else "")
        seen = np.flatnonzero(np.isfinite(ys))
        if len(seen):
            path = np.stack([xs, ys], axis=1)[seen].astype(float)
            _name_at(ax, name, path, color)
    ax.set(xlabel=x, ylabel=y)


def bars(
    ax: Axes,
    values: Mapping[str, float],
    *,
    x: str = "",
    y: str = "",
    color: str | Mapping[str, str] = style.MODEL,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    limits: Mapping[str, float] | None = None,
    number: str = "",
) -> None:
    """Draw one bar a name.

    Parameters
    ----------
    values: name -> height.
    color: one for all bars, or name -> colour for those that differ from grey.
    intervals: name -> (lower, upper) end of an error bar.
    limits: name -> height of a level line.
    number: how to write each height over its bar (".2f", ".0%"); nothing if empty.
    """
    check_names(values, intervals=intervals)
    _levels(ax, limits)
    names = list(values)
    heights = [float(height) for height in values.values()]
    if isinstance(color, str):
        chosen = [color] * len(names)
    else:
        check_names(values, color=color)
        chosen = [color.get(name, style.NOISE) for name in names]
    ax.bar(range(len(names)), heights, color=chosen, width=0.66)
    tops = list(heights)
    for place, name in enumerate(names):
        if intervals and name in intervals:
            low, high = intervals[name]
            ax.plot([place, place], [low, high], color=style.INK, linewidth=1.5)
            tops[place] = max(high, heights[place])
    for place, (height, top) in enumerate(zip(heights, tops, strict=True)):
        if number:
            # Over a long error bar the number would read as that of its end.
            beside = top - height > 0.08 * max(tops)
            Label(
                ax,
                format(height, number).replace("%", " %"),
                (place, height if beside else top),
                offset=(4 if beside else 0, 3),
                color=style.MUTED,
                size=12,
                ha="left" if beside else "center",
                va="bottom",
            )
    if number:  # the heights are written out: no scale is needed
        ax.set_yticks([])
        ax.margins(y=0.12)
        ax.set_ylim(bottom=min(0, *heights))
    ax.set_xticks(range(len(names)), [textwrap.fill(name, 12) for name in names])
    if isinstance(ax.figure, BookFigure):  # which knows how much room there is
        ax.figure.names[ax] = names
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set(xlabel=x, ylabel=y)


def histograms(
    ax: Axes,
    series: Mapping[str, Numbers],
    *,
    x: str = "",
    y: str = "density",
    colors: Mapping[str, str] | None = None,
    limits: Mapping[str, float] | None = None,
    bins: int = 40,
) -> None:
    """Draw how values are distributed, each sample named over its peak.

    Parameters
    ----------
    series: name -> values; all samples share their bins, and each has area 1.
    limits: name -> x value of an upright line, such as a threshold.
    """
    check_names(series, colors=colors)
    samples = {name: array(values).ravel() for name, values in series.items()}
    for name, values in samples.items():
        if not len(values) or not np.isfinite(values).all():
            raise ValueError(
                f"histogram {name!r} needs finite values, and at least one"
            )
    edges = np.histogram_bin_edges(np.concatenate(list(samples.values())), bins)
    for name, color in chosen_colors(series, colors).items():
        heights, _ = np.histogram(samples[name], edges, density=True)
        ax.stairs(heights, edges, fill=True, color=color, alpha=0.22)
        ax.stairs(heights, edges, color=color, linewidth=1.5, baseline=None)
        peak = int(heights.argmax())
        middle = float(edges[peak] + edges[peak + 1]) / 2
        Label(
            ax,
            name,
            (middle, float(heights[peak])),
            offset=(0, 4),
            color=color,
            ha="center",
            va="bottom",
        )
    for name, value in (limits or {}).items():
        ax.axvline(value, color=style.INK, linewidth=1.2, linestyle=(0, (4, 3)))
        Label(
            ax,
            name,
            (value, 1),
            offset=(5, -2),
            color=style.INK,
            ha="left",
            va="top",
            xycoords=("data", "axes fraction"),
        )
    ax.margins(y=0.16)
    ax.set_ylim(bottom=0)
    ax.set(xlabel=x, ylabel=y)


def check_names(series: Mapping[str, Any], **others: Mapping[str, Any] | None) -> None:
    """Raise a ValueError when nothing is named, or something that is not there."""
    if not series:
        raise ValueError("nothing to draw: give at least one name and its values")
    for what, other in others.items():
        unknown = sorted(set(other or ()) - set(series))
        if unknown:
            raise ValueError(
                f"{what} names {unknown}, which is not among {sorted(series)}"
            )


def chosen_colors(
    series: Mapping[str, Any], colors: Mapping[str, str] | None
) -> dict[str, str]:
    """Return a colour for each name: the given one, else the next of the palette."""
    free = [color for color in style.CYCLE if color not in (colors or {}).values()]
    rest = [name for name in series if name not in (colors or {})]
    if len(rest) > len(free):
        raise ValueError(
            f"{len(series)} series are more than the palette can keep apart: draw at "
            "most five in a panel, or give colors="
        )
    return {
        name: colors[name] if colors and name in colors else free[rest.index(name)]
        for name in series
    }


def _name_at(ax: Axes, name: str, path: np.ndarray, color: str) -> None:
    End(
        ax,
        name,
        path,
        color=color,
        ha="left",
        va="center",
        annotation_clip=False,
    )


def _levels(ax: Axes, limits: Mapping[str, float] | None) -> None:
    for name, value in (limits or {}).items():
        ax.axhline(value, color=style.MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
        Level(ax, name, value, color=style.MUTED, size=12)
