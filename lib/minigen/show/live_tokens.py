"""The tokenizer under the reader's hand: byte pairs that run in the page itself.

The page carries the merges and cuts what the reader types (live-tokens.js); without
scripts and on paper it shows a text cut when the book was made. JupyterLab shows the
same, as a widget.
"""

import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from minigen.show.cut import cut
from minigen.show.figure import check_weight, check_words, version, versions
from minigen.show.live_controls import row, slider
from minigen.show.live_widget import both
from minigen.show.live_words import TOKENS
from minigen.show.svg import draw
from minigen.tokens import BytePairs

LIMIT = 60_000
#: Characters that the box takes: more would be slow to draw on a telephone.
MOST = 1000
_ROOM = Path(__file__).parent


@dataclass(frozen=True)
class LiveTokens:
    """A live tokenizer as notebooks and pages take it."""

    name: str
    fingerprint: str
    html: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        plain = f"tokenizer {self.name}: {self.fingerprint}"
        return both(self.widget, plain=plain, page=self.html)

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """The tokenizer as JupyterLab shows it."""
        body = self.html.replace(_caption(self.caption), "")
        below = ipywidgets.HTMLMath(f"<p>{html.escape(self.caption)}</p>")
        return ipywidgets.VBox([TokensWidget(body), below])


class TokensWidget(anywidget.AnyWidget):
    """Shows the figure of a tokenizer; all happens in the browser."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    markup = traitlets.Unicode().tag(sync=True)

    def __init__(self, page: str) -> None:
        end = "\nexport default { render: globalThis.minigenLive.renderTokens };\n"
        css = [(_ROOM / f"{name}.css").read_text("utf-8")
               for name in ("live", "live-tokens")]  # fmt: skip
        script = (_ROOM / "live-tokens.js").read_text("utf-8") + end
        super().__init__(_esm=script, _css="\n".join(css), markup=page)


def tokenizer(
    pairs: BytePairs,
    *,
    name: str,
    alt: str,
    caption: str,
    text: str,
    examples: Mapping[str, str] | None = None,
) -> LiveTokens:
    """Let the reader cut texts of their own into a tokenizer's tokens.

    Parameters
    ----------
    name: lower-case words joined by hyphens, one of its own in the chapter.
    alt: what the drawing for paper shows, in a sentence.
    caption: what to try, and what to see.
    text: what stands in the box at first, and is drawn for paper.
    examples: what a button says -> the text that it puts into the box.
    """
    check_words(name, alt=alt, caption=caption, text=text)
    shown = dict(examples or {})
    for label, example in {name: text, **shown}.items():
        if not example or len(example.encode("utf-16-le")) > 2 * MOST:
            raise ValueError(
                f"tokenizer {name!r}: the text of {label!r} must have 1 to {MOST} "
                "characters"
            )
    page = _page(pairs, name, alt, caption, text, shown)
    check_weight(page, LIMIT, name)
    seen = repr((numbers_of(pairs), pairs.encode(text), text, shown)).encode()
    return LiveTokens(name, hashlib.sha256(seen).hexdigest()[:8], page, caption)


def numbers_of(pairs: BytePairs) -> list[int]:
    """Return the merges as the script takes them: the two tokens of each, in a row."""
    index = {token: i for i, token in enumerate(pairs.vocabulary)}
    return [index[part] for pair in pairs.merges for part in pair]


def _page(
    pairs: BytePairs,
    name: str,
    alt: str,
    caption: str,
    text: str,
    examples: Mapping[str, str],
) -> str:
    still = cut([[pairs.text_of(token) for token in pairs.encode(text)]])
    drawings = "".join(
        version(draw(fig, f"{name}-{'p' if phone else 'w'}").html(alt), phone)
        for phone, fig in versions(still)
    )
    spec = {"merges": numbers_of(pairs), "words": TOKENS,
            "examples": list(examples.values())}  # fmt: skip
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    page = (
        f'<figure class="show-live live-has-still show-tokens" id="fig-{name}" '
        f'style="margin-inline:0" data-tokens="{html.escape(data)}">'
        f'<div class="live-still">{drawings}</div>'
        f'<div class="live-stage">{_controls(len(pairs.merges), text, examples)}'
        f'<p class="tokens-count"></p><ul class="tokens-list" id="{{id}}-list" '
        f'role="listbox" aria-orientation="horizontal" aria-label="{TOKENS["list"]}" '
        'tabindex="0"></ul>'
        '<p class="tokens-about" role="status"></p></div>'
        f'<p class="live-said" role="status"></p>{_caption(caption)}</figure>'
    )
    return page.replace("{id}", f"tokens-{name}")


def _controls(count: int, text: str, examples: Mapping[str, str]) -> str:
    box = (
        f'<textarea id="{{id}}-text" rows="3" maxlength="{MOST}" dir="auto" '
        'spellcheck="false" autocomplete="off" autocapitalize="off">'
        f"\n{html.escape(text)}</textarea>"  # the first line end is not part of it
    )
    buttons = "".join(
        f'<button type="button" data-example="{number}">{html.escape(label)}</button>'
        for number, label in enumerate(examples)
    )
    buttons += (
        f'<button type="button" aria-pressed="false">{TOKENS["numbers"]}</button>'
    )
    return (
        row("text", TOKENS["text"], box, said=False)
        + f'<div class="live-control tokens-buttons"><div class="live-parts">{buttons}'
        "</div></div>"
        + row("merges", TOKENS["merges"], slider("merges", 0, count, 1, count))
    )


def _caption(caption: str) -> str:
    return (
        '<figcaption class="tex2jax_process mathjax_process">'
        f"{html.escape(caption)}</figcaption>"
    )
