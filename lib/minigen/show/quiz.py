"""Real or generated? Questions in the page, and what the reader's score says.

The page holds the pictures or texts and asks about them (quiz.js): for each a coin
chooses between real and generated, so that one half is chance whatever a reader says.
Nothing is stored, and nothing leaves the browser. Without scripts and on paper a few
items stand there with their origin. JupyterLab shows the same, as a widget.
"""

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets
from torch import Tensor

from minigen.show.figure import check_weight, check_words, version, versions
from minigen.show.images import sheet
from minigen.show.live_words import QUIZ
from minigen.show.svg import draw

LIMIT = 60_000
#: Grey levels of a picture in the page: one character each.
LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ROOM = Path(__file__).parent

Items = Tensor | Sequence[str]


@dataclass(frozen=True)
class Quiz:
    """A quiz as notebooks and pages take it."""

    name: str
    fingerprint: str
    html: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = self.widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return data | {
            "text/plain": f"quiz {self.name}: {self.fingerprint}",
            "text/html": self.html,
        }

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """The quiz as JupyterLab shows it."""
        body = self.html.replace(_caption(self.caption), "")
        below = ipywidgets.HTMLMath(f"<p>{html.escape(self.caption)}</p>")
        return ipywidgets.VBox([QuizWidget(body), below])


class QuizWidget(anywidget.AnyWidget):
    """Shows the figure of a quiz; all happens in the browser."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    markup = traitlets.Unicode().tag(sync=True)

    def __init__(self, page: str) -> None:
        end = "\nexport default { render: globalThis.minigenLive.renderQuiz };\n"
        css = [(_ROOM / f"{name}.css").read_text("utf-8") for name in ("live", "quiz")]
        script = (_ROOM / "quiz.js").read_text("utf-8") + end
        super().__init__(_esm=script, _css="\n".join(css), markup=page)


def quiz(
    real: Items,
    made: Mapping[str, Items],
    *,
    name: str,
    alt: str,
    caption: str,
    rounds: int = 20,
) -> Quiz:
    """Ask the reader which of these were real, and say what the score means.

    Parameters
    ----------
    real: pictures [n, 1 or 3, height, width] from 0 to 1, or texts.
    made: who made them -> pictures of the same shape, or texts.
    name: lower-case words joined by hyphens, one of its own in the chapter.
    alt: what the items for paper show, in a sentence.
    caption: what to try, and what to see.
    rounds: questions until the score is shown; a reader may go on after that. Give as
        many real items, so that none comes twice.
    """
    check_words(name, alt=alt, caption=caption)
    if not made:
        raise ValueError(f"quiz {name!r} needs made=, a name and its items or more")
    sets = {"real": real, **{f"made, {who}": items for who, items in made.items()}}
    _check(sets, name, rounds)
    spec: dict[str, Any] = {"rounds": rounds, "words": QUIZ}
    if isinstance(real, Tensor):
        spec["shape"] = list(real.shape[1:])
    spec["real"] = _packed(real)
    spec["made"] = {who: _packed(items) for who, items in made.items()}
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    page = (
        f'<figure class="show-live live-has-still show-quiz" id="fig-{name}" '
        f'style="margin-inline:0" data-quiz="{html.escape(data)}">'
        f'<div class="live-still">{_still(real, made, name, alt)}</div>{_stage()}'
        f"{_caption(caption)}</figure>"
    )
    check_weight(page, LIMIT, name)
    mark = hashlib.sha256(repr((spec["real"], spec["made"])).encode()).hexdigest()[:8]
    return Quiz(name, mark, page, caption)


def _check(sets: Mapping[str, Items], name: str, rounds: int) -> None:
    """Raise a ValueError unless all sets hold items of one kind, and enough of them."""
    kinds = {_kind(items) for items in sets.values()}
    if len(kinds) > 1:
        raise ValueError(
            f"quiz {name!r}: all items must be texts, or pictures of one shape from 0 "
            f"to 1, and there are {', '.join(sorted(map(str, kinds)))}"
        )
    for which, items in sets.items():
        needed = rounds if which == "real" else 2
        if rounds < 1 or len(items) < needed:
            raise ValueError(
                f"quiz {name!r}: {rounds} rounds need {needed} items of {which!r} or "
                f"more, not {len(items)}"
            )


def _kind(items: Items) -> Any:
    if not isinstance(items, Tensor):
        if all(isinstance(one, str) and one.strip() for one in items):
            return "texts"
        return "things that are neither texts nor a tensor"
    right = items.ndim == 4 and items.shape[1] in (1, 3)
    if right and bool(((items >= -1e-4) & (items <= 1 + 1e-4)).all()):
        return tuple(items.shape[1:])
    return f"pictures of the shape {list(items.shape)} or not from 0 to 1"


def _packed(items: Items) -> list[str]:
    """Return texts as they are, and pictures with a character for each value."""
    if not isinstance(items, Tensor):
        return [" ".join(one.split(" ")).strip() for one in items]
    levels = (items.detach().cpu() * (len(LEVELS) - 1)).round().long()
    signs = np.array(list(LEVELS))
    return ["".join(signs[one.flatten().numpy()]) for one in levels]


def _still(real: Items, made: Mapping[str, Items], name: str, alt: str) -> str:
    """Return items with their origin: all that paper can show."""
    told = [(QUIZ["real"], real[0])]
    for n, (who, items) in enumerate(made.items()):
        told += [(who, items[0]), (QUIZ["real"], real[n + 1])]
    if not isinstance(real, Tensor):
        return "".join(
            f'<blockquote class="written"><p>{html.escape(str(text))}</p>'
            f"<footer>{html.escape(who)}</footer></blockquote>"
            for who, text in told[:3]
        )
    told = told[:-1] if len(told) % 2 else told
    pictures = torch.stack([torch.as_tensor(one).detach().cpu() for _, one in told])
    fig = sheet(pictures, labels=[who for who, _ in told], columns=len(told))
    return "".join(
        version(draw(drawn, f"{name}-{'p' if phone else 'w'}").html(alt), phone)
        for phone, drawn in versions(fig)
    )


def _stage() -> str:
    """Return what the script fills: an item, the answers, and the score."""
    answers = "".join(
        f'<button type="button" data-says="{says}" aria-pressed="false">'
        f"{html.escape(QUIZ[says])}</button>"
        for says in ("real", "made")
    )
    after = "".join(
        f'<button type="button" data-do="{what}">{html.escape(QUIZ[what])}</button>'
        for what in ("more", "again")
    )
    return (
        '<div class="live-stage">'
        '<div class="quiz-item" role="group" tabindex="-1"></div>'
        '<div class="quiz-side"><p><span class="quiz-count"></span> '
        f'<span class="quiz-hint">{html.escape(QUIZ["hint"])}</span></p>'
        f'<div class="live-parts quiz-answers" role="group" '
        f'aria-label="{html.escape(QUIZ["question"])}">{answers}'
        f'<button type="button" data-do="next">{html.escape(QUIZ["next"])}</button>'
        '</div><p class="quiz-verdict" role="status"></p></div>'
        '<div class="quiz-result" tabindex="-1" hidden><p class="quiz-score"></p>'
        '<div class="quiz-scale" role="img"><span class="quiz-band"></span>'
        '<span class="quiz-chance"></span><span class="quiz-dot"></span></div>'
        '<p class="quiz-meaning"></p><p class="quiz-dprime"></p>'
        '<ul class="quiz-sources"></ul>'
        f'<div class="live-parts">{after}</div></div></div>'
    )


def _caption(caption: str) -> str:
    return (
        '<figcaption class="tex2jax_process mathjax_process">'
        f"{html.escape(caption)}</figcaption>"
    )
