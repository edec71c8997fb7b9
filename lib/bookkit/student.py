"""Make student notebooks, and a teacher's with the solutions, from the chapters.

An exercise is three cells: its text (tag `exercise`), a solution (tag `solution`) and a
check (tag `check`). The student's stub is the solution without its bodies, so that it
cannot drift from it. Each archive holds the chapters and what they import and read, so
that a class needs nothing else of the repository.
"""

import ast
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat

from bookkit import archive, elsewhere, toc
from bookkit.paths import BUILD, ROOT, write_whole
from minigen.questions import for_jupyterquiz

_FIRST = """\
# Run this first: it finds the book's library, wherever this notebook runs.
import sys
from pathlib import Path

if "google.colab" in sys.modules:
    %cd /content
{bring}
    %pip install --quiet {packages}
    %cd {folder}/chapters
if Path("../lib/minigen").is_dir():
    sys.path.insert(0, str(Path("../lib").resolve()))
"""
_CLONED = "    !git clone --quiet --depth 1 {repository}.git {folder}"
_UPLOADED = (
    "    # First put {folder}.zip among Colab's files: the folder at the left.\n"
    "    !unzip -q -n {folder}.zip"
)
_README = """\
How Generative AI Works: the notebooks of the course.

You need Python 3.11, 3.12 or 3.13. In this folder:

    python3 -m venv .venv
    .venv/bin/pip install -r requirements.txt
    .venv/bin/jupyter lab chapters

On Windows it is .venv\\Scripts\\ in place of .venv/bin/. Run each notebook from its
first cell on; its exercises stand at its end.
"""
#: What the chapters import and read, beside themselves.
_PARTS = ("lib/minigen", "book/data", "book/references.bib", "studies")
_KINDS = (".py", ".typed", ".safetensors", ".css", ".js", ".json", ".yml", ".bib")
_WHOLE = ("constraints.txt", "LICENSE", "LICENSE-TEXT")


def stub(solution: str) -> str:
    """Return what a student starts from: signatures and docstrings, nothing solved.

    A function keeps its signature and docstring; an assigned value becomes `...`;
    imports stay; every other statement goes.
    """
    kept: list[ast.stmt] = []
    for node in ast.parse(solution).body:
        if isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node, clean=False)
            doc: list[ast.stmt] = [] if text is None else [node.body[0]]
            node.body = [*doc, ast.Expr(ast.Constant(...))]
            kept.append(node)
        elif isinstance(node, ast.Assign):
            node.value = ast.Constant(...)
            kept.append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            kept.append(node)
    return "\n\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in kept)


def exercises(notebook: Any) -> list[tuple[Any, Any, Any]]:
    """Return the (text, solution, check) cells of each exercise."""
    cells = notebook.cells
    return [
        (cell, cells[n + 1], cells[n + 2])
        for n, cell in enumerate(cells)
        if "exercise" in cell.metadata.get("tags", [])
    ]


def student_notebook(chapter: Path) -> Any:
    """Return the chapter with every solution replaced by its stub."""
    notebook = solved_notebook(chapter, folder="how-generative-ai-works-student")
    for _, solution, _ in exercises(notebook):
        solution.source = stub(solution.source)
    return notebook


def solved_notebook(
    chapter: Path, *, folder: str = "how-generative-ai-works-solutions"
) -> Any:
    """Return the chapter with its solutions unfolded, after a cell that sets it up."""
    notebook = nbformat.read(chapter, as_version=4)
    for _, solution, check in exercises(notebook):
        solution.metadata = nbformat.from_dict({})  # unfolded
        check.metadata = nbformat.from_dict({})  # a wrong answer stops nothing
    first = nbformat.v4.new_code_cell(first_cell(folder))
    first["id"] = "find-the-library"
    notebook.cells.insert(0, first)
    return notebook


def first_cell(folder: str) -> str:
    """Return the cell that finds the library on any machine, in Colab and in Binder."""
    repository = elsewhere.addresses()["repository"]
    bring = (_CLONED if repository else _UPLOADED).format(
        repository=repository, folder=folder
    )
    return _FIRST.format(bring=bring, packages=elsewhere.PACKAGES, folder=folder)


def requirements() -> str:
    """Return what the notebooks need, at the versions that the book was tested with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], "jupyterlab", "ipykernel"]
    return "\n".join(["-c constraints.txt", *needed]) + "\n"


def contents(notebooks: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of each file of an archive with these notebooks."""
    yield "README.txt", _README.encode()
    yield "requirements.txt", requirements().encode()
    for name, text in notebooks.items():
        yield f"chapters/{name}", text.encode()
    for path in sorted((ROOT / "book/data/questions").glob("*.yml")):
        quiz = for_jupyterquiz(path.stem)
        yield f"quizzes/{path.stem}.quiz.json", quiz.encode()
    for part in (*_PARTS, *_WHOLE):
        place = ROOT / part
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            study = part == "studies" and path.suffix != ".json"
            if (
                path.is_file()
                and not study
                and (part in _WHOLE or path.suffix in _KINDS)
            ):
                yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def build(
    name: str,
    make: Callable[[Path], Any],
    target: Path = BUILD,
    *,
    more: Mapping[str, str] | None = None,
) -> Path:
    """Write every chapter's notebook of a kind, and all of them as an archive.

    `more` are other texts of the archive, by their path in it.
    """
    made = {
        chapter.name: nbformat.writes(make(chapter)) + "\n"
        for chapter in toc.chapters()
    }
    for path, text in made.items():
        write_whole(target / name / path, text)
    folder = f"how-generative-ai-works-{name}"
    files = [(path, text.encode()) for path, text in (more or {}).items()]
    return archive.write(target / f"{folder}.zip", folder, chain(contents(made), files))
