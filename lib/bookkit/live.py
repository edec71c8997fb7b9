"""The files of live models: out of the executed chapters, into the site."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: As minigen.show.live names it; this module does without torch.
LIVE_MIME = "application/vnd.minigen.live+json"
#: Where the site's scripts look for models, from the folder they stand in.
FOLDER = "live"


def outputs(notebook: Any) -> Iterator[Any]:
    """Yield what cells gave that holds a live model."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if LIVE_MIME in output.get("data", {}):
                yield output.data


def file(data: Any) -> bytes:
    """Return the model that an output holds."""
    return base64.b64decode(data[LIVE_MIME]["onnx"])


def address(data: Any, chapter: str) -> str:
    """Return where the site has the model; another model has another address."""
    digest = hashlib.sha256(file(data)).hexdigest()[:8]
    return f"{FOLDER}/{chapter}-{data[LIVE_MIME]['name']}.{digest}.onnx"


def markup(data: Any, chapter: str) -> str:
    """Return an output's HTML, in which a live model knows its file."""
    text: str = data.get("text/html", "")
    if LIVE_MIME not in data:
        return text
    own = f'data-model="{data[LIVE_MIME]["name"]}"'
    return text.replace(own, f'data-model="{address(data, chapter)}"', 1)


def place(notebook: Any, chapter: str, static: Path) -> None:
    """Write a chapter's live models below `static`, and tell its figures where."""
    for data in outputs(notebook):
        path = static / address(data, chapter)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file(data))
        data["text/html"] = markup(data, chapter)
