"""Looking at models: every figure of the book goes through this room.

A chapter begins panels with `axes`, draws into them and shows them with `figure`;
`images` shows pictures in one call and `player` puts figures behind a slider.
"""

from minigen.show.draw import bars, curves, histograms
from minigen.show.figure import Shown, figure
from minigen.show.images import images, picture, sheet, tiled
from minigen.show.layout import axes
from minigen.show.plane import contours, points
from minigen.show.player import Player, player
from minigen.show.style import (
    DATA,
    GREEN,
    INK,
    MODEL,
    MUTED,
    NOISE,
    PLUM,
    RULE,
    heat,
    shades,
)

__all__ = [
    "DATA", "GREEN", "INK", "MODEL", "MUTED", "NOISE", "PLUM", "RULE",
    "Player", "Shown",
    "axes", "bars", "contours", "curves", "figure", "heat", "histograms", "images",
    "picture", "player", "points", "shades", "sheet", "tiled",
]  # fmt: skip
