"""Make student notebooks and autograders from a chapter's own exercises.

An exercise is three cells: its text (tag `exercise`), a solution (tag `solution`) and a
check (tag `check`). The student's stub is the solution without its bodies, so that it
cannot drift from it; the grader's test is the chapter's own checker.
"""

import ast
import sys
from pathlib import Path
from typing import Any

import nbformat

from bookkit import toc
from bookkit.paths import BUILD, relative, write_whole

OTTER = {"init_cell": False, "check_all_cell": False, "export_cell": False}


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
    notebook = nbformat.read(chapter, as_version=4)
    for _, solution, check in exercises(notebook):
        solution.source = stub(solution.source)
        solution.metadata = nbformat.from_dict({})  # open, and no solution
        check.metadata = nbformat.from_dict({})
    return notebook


def main() -> int:
    """Write every chapter's student and otter notebooks; return the exit status."""
    for folder, make in (("student", student_notebook),):
        for chapter in toc.chapters():
            path = BUILD / folder / chapter.name
            write_whole(path, nbformat.writes(make(chapter)) + "\n")
        print(f"{folder} notebooks: {relative(BUILD / folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
