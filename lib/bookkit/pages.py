"""What the site adds to a chapter: its head, and finishing touches to the HTML."""

from pathlib import Path
from typing import Any

import nbformat


def title(notebook: Any) -> str:
    """Return the text of a notebook's first heading."""
    for cell in notebook.cells:
        for line in cell.source.splitlines():
            if line.startswith("# "):
                return line[2:].strip()
    return ""


def head(notebook: Any) -> str:
    """Return the line under a chapter's title: minutes, level, prerequisites."""
    book = notebook.metadata.get("book", {})
    words = sum(
        len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown"
    )
    facts = [f"{max(1, round(words / 200))} min to read"]
    if seconds := notebook.metadata.get("run", {}).get("seconds"):
        facts.append(f"{seconds:.0f} s to run on a CPU")
    if level := book.get("level"):
        facts.append(str(level))
    if needs := book.get("prerequisites"):
        facts.append("needs " + ", ".join(needs))
    return "```{div} chapter-head\n" + " · ".join(facts) + "\n```"


def add_head(notebook: Any) -> None:
    """Put the head after the title, in a cell of its own for the site alone."""
    cell = nbformat.v4.new_markdown_cell(head(notebook))
    cell["id"] = "chapter-head"
    first = notebook.cells[0]
    lines = first.source.splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith("# ")), None)
    if at is None:
        return
    rest = "\n".join(lines[at + 1 :]).strip()
    first.source = "\n".join(lines[: at + 1])
    after = [cell]
    if rest:
        more = nbformat.v4.new_markdown_cell(rest)
        more["id"] = "chapter-opening"
        after.append(more)
    notebook.cells[1:1] = after


def keep_what_is_shown(notebook: Any) -> None:
    """Take the data meant for other programs out of the outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in [k for k in output.get("data", {}) if "vnd.minigen" in k]:
                del output["data"][kind]


def finish(html: Path, known: dict[str, str]) -> None:
    """Finish the built pages in place: links of the footer, from each page's depth."""
    for path in html.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        up = "../" * (len(path.relative_to(html).parts) - 1)
        text = text.replace(
            'href="THIRD-PARTY.txt" data-from-root', f'href="{up}THIRD-PARTY.txt"'
        )
        path.write_text(text, encoding="utf-8")
