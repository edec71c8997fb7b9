"""Fold away what a reader of the site comes for last, in a copy of a chapter.

A chapter begins with its imports and its parameters, which a learner in JupyterLab
needs and which keep a reader of the site from the first picture: there they are one
folded line. Code that only quotes the book's facts (`facts.claim(…)`) is left out.
"""

import re
from typing import Any

import nbformat

#: What the folded line is called.
SETUP = "Setup and parameters"
_OPEN = (
    '<div class="cell container setup"><details class="hide above-input"><summary>'
    '<p class="admonition-title">{name}</p></summary>'
)
_QUOTES_FACTS = re.compile(r"facts\.\w+\(")


def fold(notebook: Any) -> None:
    """Fold a chapter's setup, and leave out the code that only quotes facts."""
    fold_setup(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and _QUOTES_FACTS.match(cell.source):
            cell.metadata["tags"] = ["remove-input"]


def fold_setup(notebook: Any) -> None:
    """Put all from the first code cell to the parameters into one folded cell.

    Where one of them shows something, all stay as they are.
    """
    cells = notebook.cells
    code = [n for n, cell in enumerate(cells) if cell.cell_type == "code"]
    last = next((n for n in code if "parameters" in _tags(cells[n])), None)
    if last is None or any(cells[n].get("outputs") for n in code if n <= last):
        return
    end = last + 1
    while end < len(cells) and "remove-cell" in _tags(cells[end]):
        end += 1  # papermill's own cell of parameters, which no page shows
    folded = [_raw(_OPEN.format(name=SETUP))]
    for cell in cells[code[0] : last + 1]:
        source = cell.source.strip()
        shown = cell.cell_type != "code"
        folded.append(source if shown else f"```python\n{source}\n```")
    folded.append(_raw("</details></div>"))
    made = nbformat.v4.new_markdown_cell("\n\n".join(folded))
    made["id"] = "folded-setup"
    cells[code[0] : end] = [made]


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _raw(markup: str) -> str:
    return f"```{{raw}} html\n{markup}\n```"
