"""A live model in JupyterLab: the page's own controls, and torch in the kernel."""

import html
import re
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets
from torch import Tensor, nn

from minigen.show.live_export import call

_ROOM = Path(__file__).parent
_CAPTION = re.compile(r"<figcaption.*?</figcaption>", re.DOTALL)
_NUMBERS = {"float32": np.float32, "int64": np.int64}


@cache
def script() -> str:
    """Return the page's scripts as the module that a widget is made of."""
    parts = [path.read_text("utf-8") for path in sorted(_ROOM.glob("live*.js"))]
    end = "export default { render: globalThis.minigenLive.render };\n"
    return "\n".join([*parts, end])


class LiveWidget(anywidget.AnyWidget):
    """Shows a live model's figure, and runs the model for it."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    markup = traitlets.Unicode().tag(sync=True)

    def __init__(self, model: nn.Module, page: str) -> None:
        css = [(_ROOM / f"{name}.css").read_text("utf-8")
               for name in ("live", "live-painter")]  # fmt: skip
        super().__init__(
            _esm=script(), _css="\n".join(css), markup=_CAPTION.sub("", page)
        )
        self._model = model
        self.on_msg(self._called)

    def _called(self, _: Any, asked: dict[str, Any], buffers: list[Any]) -> None:
        reply, sent = answer(self._model, asked, buffers)
        self.send(reply, buffers=sent)


def answer(
    model: nn.Module, asked: dict[str, Any], buffers: list[Any]
) -> tuple[dict[str, Any], list[bytes]]:
    """Call the model as the page asks: {id, inputs: [[name, type, shape], …]}."""
    try:
        feeds = {
            name: _tensor(kind, shape, data)
            for (name, kind, shape), data in zip(asked["inputs"], buffers, strict=True)
        }
        made = call(model, feeds)
    except Exception as error:
        return {"id": asked.get("id"), "error": f"{type(error).__name__}: {error}"}, []
    names = ["picture"] if len(made) == 1 else ["next", "picture"]
    told = [[name, list(x.shape)] for name, x in zip(names, made, strict=True)]
    sent = [x.contiguous().numpy().tobytes() for x in made]
    return {"id": asked["id"], "outputs": told}, sent


def _tensor(kind: str, shape: list[int], data: Any) -> Tensor:
    values = np.frombuffer(bytes(data), dtype=_NUMBERS[kind]).copy()
    return torch.from_numpy(values).reshape(shape)


def both(widget: ipywidgets.Widget, *, plain: str, page: str) -> dict[str, Any]:
    """Return a widget's formats, and text and HTML for where no widget lives."""
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return data | {"text/plain": plain, "text/html": page}


def still_widget(page: str, caption: str) -> ipywidgets.Widget:
    """Return a figure that needs no model, and its caption."""
    return widget(nn.Identity(), page, caption)


def widget(model: nn.Module, page: str, caption: str) -> ipywidgets.Widget:
    """Return the figure and its caption, in which JupyterLab draws formulas."""
    below = ipywidgets.HTMLMath(f"<p>{html.escape(caption)}</p>")
    return ipywidgets.VBox([LiveWidget(model, page), below])
