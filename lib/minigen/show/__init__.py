"""Looking at models: every figure of the book goes through this room.

A chapter begins panels with `axes`, draws into them and shows them with `figure`;
`images` shows pictures in one call, `player` puts figures behind a slider, and `live`
puts a trained model under the reader's hand.
"""

from minigen.show.cut import cut
from minigen.show.draw import bars, curves, histograms
from minigen.show.figure import Shown, figure
from minigen.show.images import images, picture, sheet, tiled
from minigen.show.layout import axes
from minigen.show.live import Live, live
from minigen.show.live_controls import Choice, Loop, Noise, Slider, Walk
from minigen.show.live_knobs import Luck, Stops, knobs
from minigen.show.live_looks import Looks
from minigen.show.live_odds import odds
from minigen.show.live_picture import Picture
from minigen.show.live_plane import Plane
from minigen.show.live_rows import Rows
from minigen.show.live_text import Words
from minigen.show.live_tokens import LiveTokens, tokenizer
from minigen.show.plane import contours, points
from minigen.show.player import Player, player
from minigen.show.questions import Questions, questions
from minigen.show.quiz import Quiz, quiz
from minigen.show.quote import Quote, quote
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
from minigen.show.table import Table, table

__all__ = [
    "DATA", "GREEN", "INK", "MODEL", "MUTED", "NOISE", "PLUM", "RULE",
    "Choice", "Live", "LiveTokens", "Looks", "Loop", "Luck", "Noise", "Picture",
    "Plane", "Player", "Questions", "Quiz", "Quote", "Rows", "Shown", "Slider",
    "Stops", "Table", "Walk", "Words",
    "axes", "bars", "contours", "curves", "cut", "figure", "heat", "histograms",
    "images", "knobs", "live", "odds", "picture", "player",
    "points", "questions", "quiz", "quote", "shades", "sheet", "table", "tiled",
    "tokenizer",
]  # fmt: skip
