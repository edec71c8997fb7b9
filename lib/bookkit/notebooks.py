"""The normal form of a chapter's notebook, and the rules that every chapter keeps."""

import argparse
import ast
import itertools
import json
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from bookkit import BookError
from bookkit.paths import CHAPTERS, relative, write_whole

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
BOOK_KEYS = {"level", "prerequisites", "objectives", "description", "studies"}
CELL_KEYS = {"tags", "slideshow", "exercise"}
TAGS = {
    "parameters", "exercise", "solution", "check", "hide-input", "hide-cell",
    "remove-cell", "remove-input",
}  # fmt: skip
LONGEST_CELL, MEDIAN_CELL, WIDEST_LINE = 25, 10, 88
_HEADING = re.compile(r"#{1,6} ")
_LABEL = re.compile(r"\([a-z0-9-]+\)=")
_CELL_ID = re.compile(r"[a-z][a-z0-9-]{2,40}")
_RANDOM_ID = re.compile(
    r"(?=.*\d)[0-9a-f-]{8,}"
)  # as nbformat and JupyterLab make them
_PICTURE_WITHOUT_ALT = re.compile(
    r"!\[\s*\]\(|<img(?![^>]*\balt=)[^>]*>", re.IGNORECASE
)
_FORBIDDEN = {
    r"^\s*[!%]": "runs a shell or a magic command; a chapter is plain Python",
    r"^\s*from .* import \*": "imports *; name what it uses",
    r"filterwarnings|simplefilter": "silences warnings; mend their cause",
    r"plt\.(show|figure|subplots)|matplotlib": "plots by hand; use minigen.show",
    r"^\s*print\(": "prints; let the last expression, a record or a figure speak",
}


def read(path: Path) -> Any:
    """Return a notebook, or say that the file is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        raise BookError(
            f"{relative(path)} is not a readable notebook ({str(error)[:80]}): restore "
            "it from git or save it again in JupyterLab"
        ) from error


def normal(notebook: Any) -> str:
    """Return the notebook's text in normal form: no outputs, only our metadata."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    book = notebook.metadata.get("book", {})
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}, "book": book}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        kept = {k: v for k, v in cell.metadata.items() if k in CELL_KEYS and v}
        if {"hide-input", "hide-cell"} & set(kept.get("tags", [])):
            kept["jupyter"] = {"source_hidden": True}  # folded in JupyterLab too
        cell.metadata = nbformat.from_dict(kept)
        cell.source = "\n".join(line.rstrip() for line in cell.source.splitlines())
        cell.setdefault("id", f"cell-{number}")
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook, indent=1, sort_keys=True) + "\n"


def normalise(path: Path) -> bool:
    """Put a notebook into normal form; return whether that changed it."""
    wanted = normal(read(path))
    if path.read_text(encoding="utf-8") == wanted:
        return False
    write_whole(path, wanted)
    return True


def problems(path: Path) -> list[str]:
    """Return what a chapter breaks of the book's rules, a sentence each."""
    notebook = read(path)
    found = [f"{path.name}: {what}" for what in _of_notebook(notebook)]
    if path.read_text(encoding="utf-8") != normal(notebook):
        found.append(f"{path.name}: not in normal form; run `make format`")
    for cell in notebook.cells:
        check = _of_code if cell.cell_type == "code" else _of_prose
        found += [f"{path.name}, cell {cell.id}: {what}" for what in check(cell)]
    return found


def _of_notebook(notebook: Any) -> Iterator[str]:
    cells, book = notebook.cells, notebook.metadata.get("book", {})
    code = [c for c in cells if c.cell_type == "code"]
    for key in BOOK_KEYS - {"studies"} - set(book):
        yield f"the notebook's metadata `book` lacks {key!r}"
    if unknown := set(book) - BOOK_KEYS:
        yield f"the notebook's metadata `book` has unknown {sorted(unknown)}"
    first = cells[0].source.splitlines() if cells else []
    if (
        len(first) < 2
        or not _LABEL.fullmatch(first[0])
        or not first[1].startswith("# ")
    ):
        yield "it must open with its label and its title: (label)= and then # Title"
    parameters = [c for c in code if "parameters" in c.metadata.get("tags", [])]
    if len(parameters) != 1:
        yield f"it needs one cell tagged `parameters`, not {len(parameters)}"
    elif missing := {"seed", "budget"} - _assigned(parameters[0].source):
        yield f"its parameters cell does not set {sorted(missing)}"
    lengths = [len(c.source.splitlines()) for c in code]
    if lengths and statistics.median(lengths) > MEDIAN_CELL:
        yield f"its code cells have a median of {statistics.median(lengths):.0f} lines"
    for before, cell in itertools.pairwise(cells):
        if before.cell_type == cell.cell_type == "code" and not {
            "check",
            "solution",
        } & set(cell.metadata.get("tags", [])):
            yield f"no prose between the code cells {before.id} and {cell.id}"
    yield from _of_exercises(cells)


def _of_exercises(cells: list[Any]) -> Iterator[str]:
    """Each exercise: a text with an id, then a solution, then a check of that id."""
    names = []
    for number, cell in enumerate(cells):
        tags = cell.metadata.get("tags", [])
        if "exercise" not in tags:
            continue
        name = cell.metadata.get("exercise", "")
        names.append(name)
        if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", name):
            yield f"cell {cell.id} needs `exercise: chapter.name` in its metadata"
        after = [c.metadata.get("tags", []) for c in cells[number + 1 : number + 3]]
        if len(after) < 2 or "solution" not in after[0] or "check" not in after[1]:
            yield f"exercise {name} is not followed by a solution and a check"
        elif f'"{name}"' not in cells[number + 2].source:
            yield f"the check after exercise {name} does not name it"
    for name in {n for n in names if names.count(n) > 1}:
        yield f"two exercises are called {name}"


def _assigned(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic command, say: another rule names it
        return set()
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def _of_code(cell: Any) -> Iterator[str]:
    lines = cell.source.splitlines()
    if len(lines) > LONGEST_CELL:
        yield f"{len(lines)} lines; at most {LONGEST_CELL} (one idea a cell)"
    if wide := [n for n, line in enumerate(lines, 1) if len(line) > WIDEST_LINE]:
        yield f"line {wide[0]} is wider than {WIDEST_LINE} columns"
    for pattern, what in _FORBIDDEN.items():
        if re.search(pattern, cell.source, re.MULTILINE):
            yield what
    yield from _of_cell(cell)


def _of_prose(cell: Any) -> Iterator[str]:
    lines, fenced = cell.source.splitlines(), False
    for number, line in enumerate(lines):
        fenced ^= line.startswith(("```", ":::"))
        if not fenced and _HEADING.match(line):
            before = lines[number - 1] if number else ""
            if not _LABEL.fullmatch(before):
                yield f"the heading {line!r} has no (label)= on the line before it"
    if _PICTURE_WITHOUT_ALT.search(cell.source):
        yield "a picture has no alternative text"
    yield from _of_cell(cell)


def _of_cell(cell: Any) -> Iterator[str]:
    if unknown := set(cell.metadata.get("tags", [])) - TAGS:
        yield f"unknown tags {sorted(unknown)}; known are {sorted(TAGS)}"
    if not _CELL_ID.fullmatch(cell.id) or _RANDOM_ID.fullmatch(cell.id):
        yield "its id should be a few words in small letters, such as train-loop"


def main(arguments: list[str] | None = None) -> int:
    """Examine or mend notebooks; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.notebooks", description=__doc__
    )
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--fix", action="store_true", help="put them into normal form")
    options = parser.parse_args(arguments)
    status = 0
    for path in options.notebooks or sorted(CHAPTERS.glob("*.ipynb")):
        try:
            if options.fix and normalise(path):
                print(f"{relative(path)}: put into normal form")
                status = 1
            told = problems(path)
        except BookError as error:
            told = [str(error)]
        for line in told:
            print(line, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
