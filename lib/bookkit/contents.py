"""The book's chapters on a page of `book/`: a list that grows with `_toc.yml`.

A line `%chapters` (a comment to MyST) is replaced by the chapters, part by part, each
with what it shows and how long it takes, and after them those that are still to come.
{chapter}`name` becomes a link to that chapter, or says that it is not written yet.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from bookkit import BookError, pages

_NAMED = re.compile(r"\{chapter\}`(\w+)`")
_LINE = re.compile(r"^%chapters *$", re.MULTILINE)


def insert(
    text: str, toc: Mapping[str, Any], runs: Path, planned: Mapping[str, str]
) -> str:
    """Return a page's text with its list of chapters, and the chapters that it names.

    `runs` is the folder of executed chapters, and `planned` names chapters by file.
    """
    text = _LINE.sub(lambda _: listed(toc, runs, planned), text)
    here = {name for part in toc.get("parts", []) for name in _chapters(part)}
    return _NAMED.sub(lambda found: _mention(found[1], here, planned), text)


def listed(toc: Mapping[str, Any], runs: Path, planned: Mapping[str, str]) -> str:
    """Return the list of chapters in MyST."""
    lines, seen = ["````{div} chapters"], set()
    for part in toc.get("parts", []):
        chapters = _chapters(part)
        if chapters:
            lines += ["", f"{part['caption']}", ""]
        for name in chapters:
            seen.add(name)
            lines += _entry(name, nbformat.read(runs / f"{name}.ipynb", as_version=4))
    coming = [title for name, title in planned.items() if name not in seen]
    if coming:
        lines += ["", f"To come: {', '.join(coming)}."]
    return "\n".join([*lines, "````"])


def _chapters(part: Mapping[str, Any]) -> list[str]:
    files = [entry["file"] for entry in part["chapters"]]
    return [Path(file).name for file in files if file.startswith("chapters/")]


def _mention(name: str, here: set[str], planned: Mapping[str, str]) -> str:
    if name in here:  # under its subject, which stands better in a sentence
        return f"[{planned.get(name, '')}](chapters/{name}.ipynb)"
    if name in planned:
        return f"*{planned[name]}* (not written yet)"
    raise BookError(
        f"a page names the chapter {name!r}: it is neither in _toc.yml nor in "
        "book/data/planned.yml"
    )


def _entry(name: str, notebook: Any) -> list[str]:
    """Return a chapter as a term and what is said of it."""
    said = notebook.metadata.get("book", {}).get("description", "")
    times = pages.times(notebook)
    return [f"[](chapters/{name}.ipynb)", f": {said}", "", f"  {' · '.join(times)}", ""]
