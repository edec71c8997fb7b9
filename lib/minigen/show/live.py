"""A chapter's own model under the reader's hand: in JupyterLab and in the page.

The page gets the model as ONNX and runs it by itself (live.js), from the first touch
on; until then, without scripts and on paper, it shows what the model gave at the start.
JupyterLab shows the same controls and runs the torch model in the kernel.
"""

import base64
import copy
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor, nn

from minigen.show.figure import (
    check_figure,
    check_weight,
    check_words,
    version,
    versions,
)
from minigen.show.layout import BookFigure
from minigen.show.live_controls import Control, Loop
from minigen.show.live_export import call, check_inputs, export, packed
from minigen.show.live_picture import Output, Picture
from minigen.show.live_words import WORDS
from minigen.show.svg import draw

#: The model's file and the stored cases, for the site and its tests.
LIVE_MIME = "application/vnd.minigen.live+json"
LIVE_LIMIT = 60_000
#: How many of a control's values the page's outputs are compared with torch's for.
CASES = 4


@dataclass(frozen=True)
class Live:
    """A live model as notebooks and pages take it."""

    name: str
    fingerprint: str
    html: str
    caption: str
    onnx: bytes
    #: Inputs and torch's outputs, and the end of the loop from the start on.
    cases: dict[str, Any]
    model: nn.Module

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = self.widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        file = base64.b64encode(self.onnx).decode()
        return data | {
            "text/plain": f"live {self.name}: {self.fingerprint}",
            "text/html": self.html,
            LIVE_MIME: {"name": self.name, "onnx": file, **self.cases},
        }

    @cached_property
    def widget(self) -> Any:
        """The model as JupyterLab shows it, run by the kernel."""
        from minigen.show.live_widget import widget  # what the page never needs

        return widget(self.model, self.html, self.caption)


def live(
    model: nn.Module,
    *,
    name: str,
    alt: str,
    caption: str,
    controls: Mapping[str, Any],
    output: Any = None,
    loop: Loop | None = None,
    still: BookFigure | None = None,
) -> Live:
    """Put a trained model under the reader's hand.

    Parameters
    ----------
    model: its forward takes the controls' values by keyword, each a batch of one, and
        returns a picture [1, 1 or 3, height, width] from 0 to 1; with `loop`, the next
        state and the picture to show. It must hold all the page needs (a sampler's
        step, guidance, scaling), and be at most 2.1 MB as ONNX.
    name: lower-case words joined by hyphens, one of its own in the chapter.
    alt: what the picture is; `{z}` stands for what control "z" says, and without any
        such place all controls' words follow.
    caption: what to try, and what to see.
    controls: input -> show.Plane, Slider, Choice, Noise, Walk or Words.
    loop: calls the model step by step and shows each (see `show.Loop`).
    still: a figure for paper and for pages without scripts; the picture that the model
        gives at the start otherwise.
    """
    check_words(name, alt=alt, caption=caption)
    _check_controls(name, controls, loop)
    if still is not None:
        check_figure(still)
    shown: Output = Picture() if output is None else output
    kept = copy.deepcopy(model).cpu().eval().requires_grad_(False)  # as it is now
    start = {key: control.start for key, control in controls.items()}
    feeds = first_feeds(controls, start, loop)
    check_inputs(kept, list(feeds), name)
    results = _outputs(kept, feeds, loop, name)
    shown.check(results["picture"], name)
    file = export(kept, feeds, results, name)
    last = run_loop(kept, controls, start, loop)[-1] if loop else results["picture"]
    shown.check(last, name)
    cases = [_case(kept, controls, loop, name, number) for number in range(CASES)]
    page = _page(name, alt, caption, controls, shown, loop, still, last)
    check_weight(page, LIVE_LIMIT, name)
    stored = {"cases": cases, "last": packed({"picture": last})["picture"]}
    mark = _fingerprint([last, *results.values()])
    return Live(name, mark, page, caption, file, stored, kept)


def first_feeds(
    controls: Mapping[str, Control], values: Mapping[str, Any], loop: Loop | None
) -> dict[str, Tensor]:
    """Return what the model is fed first, at these values of the controls."""
    feeds = {key: control.tensor(values[key]) for key, control in controls.items()}
    if loop is None:
        return feeds
    assert loop.default is not None
    state = feeds.pop(loop.start)
    return {loop.state: state} | feeds | loop.row(loop.default, 0)


def run_loop(
    model: nn.Module,
    controls: Mapping[str, Control],
    values: Mapping[str, Any],
    loop: Loop,
    count: int | None = None,
) -> list[Tensor]:
    """Return the picture of each step, as the page computes them."""
    steps = count or loop.default
    assert steps is not None
    feeds, pictures = first_feeds(controls, values, loop), []
    for step in range(steps):
        feeds |= loop.row(steps, step)
        feeds[loop.state], picture = call(model, feeds)
        pictures.append(picture)
    return pictures


def _check_controls(name: str, controls: Mapping[str, Any], loop: Loop | None) -> None:
    """Raise unless there are controls, each of a kind that the page knows."""
    if not controls:
        raise ValueError(f"live model {name!r} needs controls=, one for each input")
    for key, control in controls.items():
        if not key.isidentifier():
            raise ValueError(f"live model {name!r}: {key!r} is no name of an input")
        if not all(hasattr(control, part) for part in ("kind", "tensor", "markup")):
            raise TypeError(
                f"live model {name!r}: the control {key!r} must be show.Plane, Slider, "
                f"Choice, Noise, Walk or Words, not a {type(control).__name__}"
            )
    if loop is None:
        return
    if getattr(controls.get(loop.start), "kind", "") != "noise":
        raise ValueError(
            f"live model {name!r}: its loop starts from {loop.start!r}, which must be "
            f"one of the controls and show.Noise; there are {sorted(controls)}"
        )
    columns = set(next(iter(loop.tables.values())))
    if twice := (columns | {loop.state}) & (set(controls) - {loop.start}):
        raise ValueError(
            f"live model {name!r}: {sorted(twice)} are fed by the loop and by controls"
        )


def _outputs(
    model: nn.Module, feeds: Mapping[str, Tensor], loop: Loop | None, name: str
) -> dict[str, Tensor]:
    """Return the model's outputs by name, checked as far as every kind needs."""
    made = call(model, feeds)
    names = ["picture"] if loop is None else ["next", "picture"]
    if len(made) != len(names) or not all(isinstance(x, Tensor) for x in made):
        raise ValueError(
            f"live model {name!r} must return {' and '.join(names)} "
            f"({len(names)} tensors), and returned {len(made)}"
        )
    if loop is not None and made[0].shape != feeds[loop.state].shape:
        raise ValueError(
            f"live model {name!r}: a step must return the next state in the shape "
            f"{list(feeds[loop.state].shape)} of {loop.state!r}, not "
            f"{list(made[0].shape)}"
        )
    return dict(zip(names, made, strict=True))


def _case(
    model: nn.Module,
    controls: Mapping[str, Control],
    loop: Loop | None,
    name: str,
    number: int,
) -> dict[str, Any]:
    """Return one call's inputs and outputs; the first is the start."""
    values = {
        key: control.example(number) if number else control.start
        for key, control in controls.items()
    }
    feeds = first_feeds(controls, values, loop)
    if loop is not None:
        assert loop.default is not None
        feeds |= loop.row(loop.default, number * (loop.default - 1) // (CASES - 1))
    made = _outputs(model, feeds, loop, name)
    return {"inputs": packed(feeds), "outputs": packed(made)}


def _page(
    name: str,
    alt: str,
    caption: str,
    controls: Mapping[str, Control],
    output: Output,
    loop: Loop | None,
    still: BookFigure | None,
    last: Tensor,
) -> str:
    """Return the figure: the still, and controls that wait for the script."""
    maps = [(key, c) for key, c in controls.items() if c.kind == "plane"]
    rows = [(key, c) for key, c in controls.items() if c.kind != "plane"]
    below = "".join(control.markup(key) for key, control in rows)
    below += loop.markup() if loop else ""
    parts = "".join(control.markup(key) for key, control in maps)
    stage = (
        f'<div class="live-stage"><div class="live-maps">{parts}</div>'
        f"{output.markup(last, _plain(alt))}"
        f'<div class="live-controls" hidden>{below}</div></div>'
    ).replace('<div class="live-maps"></div>', "")
    spec = {
        "name": name,
        "alt": alt,
        "controls": {k: {"kind": c.kind, "label": c.label, **c.spec()}
                     for k, c in controls.items()},
        "output": output.spec(last),
        "loop": loop.spec() if loop else None,
        "words": WORDS,
    }  # fmt: skip
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    own = " live-has-still" if still is not None else ""
    page = (
        f'<figure class="show-live{own}" id="fig-{name}" style="margin-inline:0" '
        f'data-live="{html.escape(text)}" data-model="{name}">'
        f'{_still(still, name, alt)}{stage}<p class="live-note" role="status"></p>'
        '<p class="live-said" role="status"></p>'
        f'<figcaption class="tex2jax_process mathjax_process">{html.escape(caption)}'
        "</figcaption></figure>"
    )
    return page.replace("{id}", f"live-{name}")


def _still(still: BookFigure | None, name: str, alt: str) -> str:
    """Return the figure that a chapter gave for paper and for pages without scripts."""
    if still is None:
        return ""
    drawings = "".join(
        version(draw(fig, f"{name}-{'p' if phone else 'w'}").html(_plain(alt)), phone)
        for phone, fig in versions(still)
    )
    return f'<div class="live-still">{drawings}</div>'


def _plain(alt: str) -> str:
    """Return the words of a picture before the script fills in what controls say."""
    return (
        alt
        if "{" not in alt
        else " ".join(alt.replace("{", "").replace("}", "").split())
    )


def _fingerprint(outputs: list[Tensor]) -> str:
    digest = hashlib.sha256()
    for tensor in outputs:
        digest.update(np.round(tensor.numpy().astype("f8"), 4).tobytes())
    return digest.hexdigest()[:8]
