"""The look of the book's figures: colours with one meaning each, sizes, settings.

A colour is written in a plot by its value on a light page (`color=DATA`). The drawing
names its role, so that the page shows the role's other value when it is dark.
"""

from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.colors import ListedColormap, to_rgb


@dataclass(frozen=True)
class Role:
    """What a colour stands for, and its value on a light and on a dark page."""

    name: str
    light: str
    dark: str


# Every colour that text may have keeps 4.5:1 on the page and on a tile, and the five
# that lines have stay apart for readers with any of the common colour deficiencies.
ROLES = (
    Role("data", "#1f6fb5", "#6cb2f5"),
    Role("model", "#c2410c", "#fb923c"),
    Role("noise", "#646b77", "#9aa3af"),
    Role("green", "#0d4f38", "#4be39a"),
    Role("plum", "#6d1a78", "#f2c0ea"),
    Role("ink", "#1c1f24", "#e6e6e3"),
    Role("muted", "#565c65", "#a8adb5"),
    Role("rule", "#b9bcc2", "#4b5159"),
    Role("grid", "#e7e7e4", "#2a2e33"),
    Role("tile", "#f3f2ee", "#1e2126"),
    Role("paper", "#ffffff", "#121212"),
)
(
    DATA, MODEL, NOISE, GREEN, PLUM, INK, MUTED, RULE, GRID, TILE, PAPER,
) = (role.light for role in ROLES)  # fmt: skip

#: The order in which series without a colour of their own take one.
CYCLE = (MODEL, DATA, GREEN, PLUM, NOISE)

#: Widths in pixels: the text column, and a figure that needs less, such as a square.
WIDTHS = {"column": 720, "small": 440}
#: The width for which the version for telephones is laid out.
PHONE = 340

# One unit is one pixel at 72 dots an inch, so that font sizes here are pixels too.
SETTINGS: dict[str, Any] = {
    "figure.dpi": 72,
    "savefig.dpi": 72,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 12.5,
    "text.color": INK,
    "axes.titlesize": 13.5,
    "axes.titleweight": 700,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titlepad": 9,
    "axes.labelsize": 12.5,
    "axes.labelcolor": MUTED,
    "axes.labelpad": 5,
    "axes.edgecolor": RULE,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.xmargin": 0.02,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.formatter.use_mathtext": False,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 1,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "xtick.major.pad": 6,
    "ytick.major.pad": 6,
    "lines.linewidth": 2,
    "lines.markersize": 5,
    "lines.markeredgewidth": 0,
    "lines.solid_capstyle": "round",
    "lines.dash_capstyle": "butt",
    "patch.linewidth": 0,
    "patch.edgecolor": "none",
    "image.interpolation": "none",
    "image.composite_image": False,
    "legend.frameon": False,
    "legend.fontsize": 12.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "minigen",
}


def use() -> None:
    """Set matplotlib to the book's style, for all that is drawn from here on."""
    for setting, value in SETTINGS.items():
        matplotlib.rcParams[setting] = value  # type: ignore[index]


def shades(color: str, count: int) -> list[tuple[float, float, float, float]]:
    """Return one colour in `count` strengths, from faint to full."""
    red, green, blue = to_rgb(color)
    return [(red, green, blue, alpha) for alpha in np.linspace(1 / count, 1, count)]


def heat(color: str) -> ListedColormap:
    """Return the colour map from nothing (the page shows through) to a colour."""
    ramp = np.ones((256, 4))
    ramp[:, :3] = to_rgb(color)
    ramp[:, 3] = np.linspace(0, 1, 256)
    return ListedColormap(ramp, name=f"minigen{color}")


def role_of(color: str) -> Role:
    """Return the role of a colour given as "#rrggbb"; black counts as ink."""
    wanted = {"#000000": INK}.get(color.lower(), color.lower())
    for role in ROLES:
        if role.light == wanted:
            return role
    raise ValueError(
        f"the colour {color} is not in the book's palette: use show.DATA, MODEL, "
        "NOISE, GREEN, PLUM, INK, MUTED or RULE, with alpha= for a lighter tone"
    )
