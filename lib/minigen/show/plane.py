"""Points and densities in the plane."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from minigen.show.draw import Numbers, array, check_names, chosen_colors
from minigen.show.layout import draw_key

_MARKERS = ("o", "^", "s", "D", "v")


def points(
    ax: Axes,
    series: Mapping[str, Numbers],
    *,
    x: str = "",
    y: str = "",
    colors: Mapping[str, str] | None = None,
    size: float = 5,
    alpha: float = 0.7,
) -> None:
    """Draw points in the plane, one shape and colour a name, with a key above.

    Parameters
    ----------
    series: name -> numbers of shape [n, 2].
    size: the points' diameter in pixels.
    """
    check_names(series, colors=colors)
    chosen = chosen_colors(series, colors)
    for (name, color), marker in zip(chosen.items(), cycle(_MARKERS), strict=False):
        places = array(series[name])
        if places.ndim != 2 or places.shape[1] != 2:
            raise ValueError(f"points {name!r} need shape [n, 2], not {places.shape}")
        look: dict[str, Any] = {"marker": marker, "linestyle": "", "color": color}
        ax.plot(*places.T, markersize=size, alpha=alpha, **look)
        # The key's mark is full, so that a faint cloud still has a clear name.
        ax.plot([], [], markersize=7, label=name, **look)
    draw_key(ax, len(series))
    ax.grid(True, axis="both")
    ax.set(xlabel=x, ylabel=y)


def contours(
    ax: Axes,
    function: Callable[[np.ndarray], Numbers],
    *,
    color: str,
    levels: Sequence[float] | None = None,
    mass: Sequence[float] = (0.5, 0.8, 0.95),
    filled: bool = True,
    resolution: int = 80,
) -> None:
    """Draw lines of equal value of a function of the plane within the axes' limits.

    Parameters
    ----------
    function: maps places [n, 2] to n values.
    levels: the values to draw; without them `mass` says which share of a density's
        mass each line holds.
    filled: tint what is above each line.
    """
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    xs, ys = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    places = np.stack(np.meshgrid(xs, ys), axis=-1)
    values = array(function(places.reshape(-1, 2)))
    if values.size != resolution**2:
        raise ValueError(
            f"the function must give one value a place, {resolution**2} in all, "
            f"and gave {values.size}"
        )
    values = values.reshape(resolution, resolution)
    chosen = sorted(mass_levels(values, mass) if levels is None else levels)
    if filled:
        tint = to_rgba(color, 0.13)
        for level in chosen:
            ax.contourf(xs, ys, values, [level, np.inf], colors=[tint])
    ax.contour(xs, ys, values, chosen, colors=color, linewidths=1.5, linestyles="solid")
    ax.set(xlim=(left, right), ylim=(bottom, top))


def mass_levels(density: np.ndarray, shares: Sequence[float]) -> list[float]:
    """Return for each share the density above which that share of the mass lies."""
    high_first = np.sort(density.ravel())[::-1]
    held = np.cumsum(high_first) / high_first.sum()
    return [float(high_first[np.searchsorted(held, share)]) for share in shares]
