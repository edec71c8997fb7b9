"""A figure that moves under the reader's hand, with and without a kernel.

The page gets all frames as one drawing, a native slider and a button, which player.js
brings to life; without it the start frame shows. JupyterLab gets an ipywidget that
does the same.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets

from minigen.show.figure import (
    check_figure,
    check_weight,
    check_words,
    fingerprint,
    frame,
    version,
)
from minigen.show.layout import BookFigure, hold_still
from minigen.show.svg import Drawing, draw, merge

PLAYER_LIMIT = 110_000
#: What the controls say; player.js reads it from the page.
WORDS = {"play": "Play", "pause": "Pause", "slider": "Frame"}
_ICON = (
    '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" '
    'fill="currentColor"><path class="show-at-rest" d="M4 2l10 6-10 6z"/>'
    '<path class="show-playing" d="M3 2h4v12H3zM9 2h4v12H9z"/></svg>'
)


@dataclass(frozen=True)
class Player:
    """Frames as notebooks and pages take them: a widget, HTML, and a hash."""

    name: str
    fingerprint: str
    html: str
    frames: tuple[Drawing, ...]
    labels: tuple[str, ...]
    alts: tuple[str, ...]
    caption: str
    start: int
    interval: int

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = self.widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return data | {
            "text/plain": f"player {self.name}: {self.fingerprint}",
            "text/html": self.html,
        }

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """The player as JupyterLab shows it, moved by the kernel."""
        last = len(self.frames) - 1
        picture = ipywidgets.HTML()
        label = ipywidgets.Label()
        slider = ipywidgets.IntSlider(
            self.start, 0, last, readout=False, description=WORDS["slider"],
            style={"description_width": "initial"},
        )  # fmt: skip
        play = ipywidgets.Play(
            value=self.start, min=0, max=last, interval=self.interval,
            show_repeat=False,
        )  # fmt: skip
        ipywidgets.jslink((play, "value"), (slider, "value"))

        def turn(_: Any = None) -> None:
            index = slider.value
            picture.value = self.frames[index].html(self.alts[index])
            label.value = self.labels[index]

        slider.observe(turn, names="value")
        turn()
        caption = ipywidgets.HTMLMath(f"<p>{html.escape(self.caption)}</p>")
        controls = ipywidgets.HBox([play, slider, label])
        return ipywidgets.VBox([picture, controls, caption])


def player(
    frames: Sequence[BookFigure],
    *,
    name: str,
    labels: Sequence[str],
    alts: Sequence[str],
    caption: str,
    start: int = 0,
    interval: int = 700,
) -> Player:
    """Show figures behind a slider, with a button that plays them once through.

    Parameters
    ----------
    frames: figures begun with equal calls of `show.axes` or `show.sheet`; with equal
        axis limits what does not change is stored once.
    labels: what the slider stands at ("step 40"), one a frame.
    alts: what is seen, in a sentence a frame.
    start: the frame that shows first, and in print: the most telling one.
    interval: milliseconds from frame to frame while playing.
    """
    check_words(name, caption=caption)
    count = len(frames)
    if count < 2:
        raise ValueError(f"player {name!r} needs at least two frames, not {count}")
    for what, texts in (("labels", labels), ("alts", alts)):
        if len(texts) != count:
            raise ValueError(
                f"player {name!r} needs {what}= with a text for each of its {count} "
                f"frames, and has {len(texts)}"
            )
        for text in texts:
            check_words(name, **{what: text})
    if not 0 <= start < count:
        raise ValueError(f"start= must be from 0 to {count - 1}, not {start}")
    if interval < 100:
        raise ValueError(f"interval= must be at least 100 milliseconds, not {interval}")
    for fig in frames:
        check_figure(fig)
    wide = _drawings(frames, name, phone=False)
    narrow = _drawings(frames, name, phone=True)
    body = version(merge(wide, start).html(alts[start]), phone=False)
    if narrow:
        body += version(merge(narrow, start).html(alts[start]), phone=True)
    body += _controls(labels, alts, start)
    texts = json.dumps({"labels": list(labels), "alts": list(alts), **WORDS})
    attributes = (
        f' data-interval="{interval}" data-player="{html.escape(texts, quote=True)}"'
    )
    page = frame(name, body, caption, attributes)
    check_weight(page, PLAYER_LIMIT, name)
    return Player(
        name, fingerprint(list(frames)), page, tuple(wide), tuple(labels), tuple(alts),
        caption, start, interval,
    )  # fmt: skip


def _drawings(frames: Sequence[BookFigure], name: str, phone: bool) -> list[Drawing]:
    """Draw every frame for one kind of screen; nothing where it has no own version."""
    laid = list(frames)
    if all(fig.plan is not None for fig in frames):
        for fig in frames:
            fig.arrange(phone=phone)
        hold_still(frames)
    elif phone:
        laid = [fig.phone for fig in frames if fig.phone is not None]
    return [draw(fig, f"{name}-{'p' if phone else 'w'}") for fig in laid]


def _controls(labels: Sequence[str], alts: Sequence[str], start: int) -> str:
    """Return the controls, hidden until the script is there to serve them."""
    said = html.escape(f"{labels[start]}: {alts[start]}")
    return (
        '<div class="show-controls" hidden>'
        f'<button type="button" aria-label="{WORDS["play"]}">{_ICON}</button>'
        f'<input type="range" min="0" max="{len(labels) - 1}" step="1" '
        f'value="{start}" aria-label="{WORDS["slider"]}" aria-valuetext="{said}" '
        'autocomplete="off">'
        f'<span aria-hidden="true">{html.escape(labels[start])}</span>'
        '<p class="show-said" role="status"></p></div>'
    )
