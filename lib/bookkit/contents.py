"""The book's chapters on a page of `book/`: a list that grows with `_toc.yml`.

A line `%chapters` (a comment to MyST) is replaced by the chapters, part by part, each
with what it shows and how long it takes, and after them those that are still to come.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from bookkit import pages

_LINE = re.compile(r"^%chapters *$", re.MULTILINE)


def insert(
    text: str, toc: Mapping[str, Any], runs: Path, planned: Mapping[str, str]
) -> str:
    """Return a page's text with its %chapters line replaced by the list.

    `runs` is the folder of executed chapters, and `planned` names chapters by file.
    """
    return _LINE.sub(lambda _: listed(toc, runs, planned), text)


def listed(toc: Mapping[str, Any], runs: Path, planned: Mapping[str, str]) -> str:
    """Return the list of chapters in MyST."""
    lines, seen = ["````{div} chapters"], set()
    for part in toc.get("parts", []):
        files = [entry["file"] for entry in part["chapters"]]
        chapters = [Path(file).name for file in files if file.startswith("chapters/")]
        if chapters:
            lines += ["", f"{part['caption']}", ""]
        for name in chapters:
            seen.add(name)
            lines += _entry(name, nbformat.read(runs / f"{name}.ipynb", as_version=4))
    coming = [title for name, title in planned.items() if name not in seen]
    if coming:
        lines += ["", f"To come: {', '.join(coming)}."]
    return "\n".join([*lines, "````"])


def _entry(name: str, notebook: Any) -> list[str]:
    """Return a chapter as a term and what is said of it."""
    said = notebook.metadata.get("book", {}).get("description", "")
    times = pages.times(notebook)
    return [f"[](chapters/{name}.ipynb)", f": {said}", "", f"  {' · '.join(times)}", ""]
