"""Put a figure of a chapter's own run into a page of `book/`.

A line `%figure chapter name` (a comment to MyST) is replaced by the figure that the
chapter showed under that name, so that a page never carries a picture of its own.
"""

import re
from pathlib import Path

import nbformat

from bookkit import BookError, live

_LINE = re.compile(r"^%figure +(\S+) +(\S+) *$", re.MULTILINE)


def figure(executed: Path, name: str) -> str:
    """Return the HTML of a figure in an executed chapter."""
    if not executed.is_file():
        raise BookError(f"chapter {executed.stem} has not been run: run `make book`")
    for cell in nbformat.read(executed, as_version=4).cells:
        for output in cell.get("outputs", []):
            markup = live.markup(output.get("data", {}), executed.stem)
            if f'id="fig-{name}"' in markup:
                return markup
    raise BookError(
        f"a page asks for figure {name!r} of {executed.stem}, which shows none of that "
        "name: correct the %figure line"
    )


def insert(text: str, chapters: Path) -> str:
    """Return a page's text with every %figure line replaced by its figure."""

    def replaced(match: re.Match[str]) -> str:
        markup = figure(chapters / f"{match[1]}.ipynb", match[2])
        return f"````{{raw}} html\n{markup}\n````"

    return _LINE.sub(replaced, text)
