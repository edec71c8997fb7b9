"""The odds of the next token under the reader's hand, with a knob for each strategy.

No model is needed in the page: the logits of a few beginnings are in it, and
live-decode.js turns them as `minigen.decode` does.
"""

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from minigen.show.figure import check_weight, check_words
from minigen.show.live_controls import Choice, Control
from minigen.show.live_knobs import NEUTRAL, TOP_KS, Luck, knobs, turned
from minigen.show.live_widget import both, still_widget
from minigen.show.live_words import WORDS

#: Tokens that have a bar of their own; the others share one.
ROWS = 12
ODDS_LIMIT = 60_000
#: What a full bar can stand for, as in live-odds.js.
FULL = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Bar:
    """A row: a token, its odds before and after the knobs, and whether it was drawn."""

    label: str
    before: float
    after: float
    drawn: bool = False
    #: All others together, without bars, so that those of single tokens compare.
    rest: bool = False


@dataclass(frozen=True)
class Odds:
    """A figure of odds as notebooks and pages take it."""

    name: str
    fingerprint: str
    html: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        plain = f"odds {self.name}: {self.fingerprint}"
        return both(self.widget, plain=plain, page=self.html)

    @cached_property
    def widget(self) -> Any:
        """The same figure for JupyterLab, where no kernel is asked either."""
        return still_widget(self.html, self.caption)


def odds(
    texts: Mapping[str, Float[Tensor, " vocab"]],
    tokens: Sequence[str],
    *,
    seen: Mapping[str, Sequence[int]],
    name: str,
    alt: str,
    caption: str,
    luck: int | None = 0,
    **starts: Any,
) -> Odds:
    """Show the odds of the next token, with a slider for every strategy.

    Parameters
    ----------
    texts: beginning of a text -> the model's logits of what follows.
    tokens: what the reader sees of each token.
    seen: beginning -> its tokens, for the repetition penalty.
    alt: what is shown; `{shown}` stands for what the bars say.
    luck: the first draw of a token; None for a figure that draws none.
    starts: values of knobs at first, such as temperature=0.7.
    """
    check_words(name, alt=alt, caption=caption)
    for text, logits in texts.items():
        if logits.shape != (len(tokens),) or not logits.isfinite().all():
            raise ValueError(
                f"odds {name!r}: {text!r} needs {len(tokens)} finite logits, one a "
                f"token, not shape {list(logits.shape)}"
            )
    controls: dict[str, Any] = {}
    if len(texts) > 1:
        controls["text"] = Choice(list(texts), label=WORDS["text"])
    controls |= knobs(**starts)
    if luck is not None:
        controls["luck"] = Luck(luck)
    first = next(iter(texts))
    drawn = None if luck is None else float(controls["luck"].tensor(luck))
    rows, said, note = _start(texts[first], seen[first], tokens, starts, drawn)
    stored = [
        {"logits": [round(float(x), 4) for x in logits], "seen": list(seen[text])}
        for text, logits in texts.items()
    ]
    spec = {
        "name": name,
        "alt": alt,
        "controls": {key: {"kind": c.kind, "label": c.label, **c.spec()}
                     for key, c in controls.items()},
        "output": {"kind": "odds", "rows": ROWS, "tokens": list(tokens),
                   "texts": stored, "words": WORDS},
        "loop": None,
        "words": WORDS,
    }  # fmt: skip
    page = _page(
        name, alt.replace("{shown}", said), caption, controls, rows, note, spec
    )
    check_weight(page, ODDS_LIMIT, name)
    mark = hashlib.sha256(
        np.round([[float(x) for x in one] for one in texts.values()], 3).tobytes()
    )
    return Odds(name, mark.hexdigest()[:8], page, caption)


def bars_markup(rows: Sequence[Bar], note: str = "") -> str:
    """Return the rows that live-odds.js draws, for the still; a note by the scale."""
    most = max(max(bar.before, bar.after) for bar in rows if not bar.rest)
    full = next((one for one in FULL if most <= one + 1e-9), 1.0)
    lines = ""
    for bar in rows:
        kind = (" live-out" if not bar.after else "") + " live-drawn" * bar.drawn
        tracks = "".join(
            f'<div class="live-{which}"{" hidden" * bar.rest} '
            f'style="inline-size:{100 * share / full:.3g}%"></div>'
            for which, share in (("before", bar.before), ("after", bar.after))
        )
        said = percent(bar.after) if bar.after else WORDS["out"]
        lines += (
            f'<div class="live-bar{kind}"><div class="live-token">'
            f'{html.escape(bar.label)}</div><div class="live-track">{tracks}</div>'
            f'<div class="live-share">{html.escape(said)}</div></div>'
        )
    scale = WORDS["full"].replace("{}", percent(full))
    if note:
        scale = f"{scale} · {html.escape(note)}"
    return f'{lines}<div class="live-scale">{scale}</div>'


def percent(share: float) -> str:
    """Write a share as live-odds.js does."""
    if share == 0:
        return "0 %"
    digits = 0 if share >= 0.1 else 1 if share >= 0.001 else 2
    text = f"{100 * share:.{digits}f}"
    return "< 0.01 %" if float(text) == 0 else f"{text} %"


def pick(logits: Float[Tensor, " vocab"], u: float) -> int:
    """Return the token that a number from 0 to 1 falls on, as live-decode.js does."""
    possible = logits.double().softmax(-1)
    passed = possible.cumsum(-1) > u
    last = int(possible.nonzero().max())
    return min(int(passed.int().argmax()), last) if bool(passed.any()) else last


def _start(
    logits: Tensor,
    seen: Sequence[int],
    tokens: Sequence[str],
    starts: Mapping[str, float],
    luck: float | None,
) -> tuple[list[Bar], str, str]:
    """Return the rows before anyone has touched a knob, what they say, and the draw."""
    logits = logits.double()
    after_all = turned(logits, seen, **starts)
    before, after = logits.softmax(-1), after_all.softmax(-1)
    drawn = None if luck is None else pick(after_all, luck)
    order = before.argsort(descending=True, stable=True)
    rows = [
        Bar(tokens[i], float(before[i]), float(after[i]), i == drawn)
        for i in order[:ROWS].tolist()
    ]
    if len(rest := order[ROWS:]):
        label = WORDS["others"].replace("{}", str(len(rest)))
        row = Bar(label, float(before[rest].sum()), float(after[rest].sum()),
                  drawn in rest.tolist(), rest=True)  # fmt: skip
        rows.append(row)
    first = int(after.argmax())
    said = WORDS["left"].format(
        int((after > 0).sum()), len(tokens), tokens[first], percent(float(after[first]))
    )
    note = "" if drawn is None else WORDS["drawn"].format(tokens[drawn])
    return rows, f"{said} {note}".strip(), note


def _page(
    name: str,
    alt: str,
    caption: str,
    controls: Mapping[str, Control],
    rows: Sequence[Bar],
    note: str,
    spec: dict[str, Any],
) -> str:
    """Return the figure: the bars at the start, and knobs that wait for the script."""
    below = "".join(control.markup(key) for key, control in controls.items())
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    page = (
        f'<figure class="show-live" id="fig-{name}" style="margin-inline:0" '
        f'data-live="{html.escape(text)}"><div class="live-stage">'
        f'<div class="live-odds"><div class="show live-bars" role="img" '
        f'aria-label="{html.escape(alt)}">{bars_markup(rows, note)}</div>'
        '<div class="live-bars" role="img" hidden></div></div>'
        f'<div class="live-controls" hidden>{below}</div></div>'
        '<p class="live-note" role="status"></p><p class="live-said" role="status"></p>'
        f'<figcaption class="tex2jax_process mathjax_process">{html.escape(caption)}'
        "</figcaption></figure>"
    )
    return page.replace("{id}", f"live-{name}")


__all__ = ["NEUTRAL", "TOP_KS", "Bar", "Luck", "Odds", "bars_markup", "knobs", "odds",
           "turned"]  # fmt: skip
