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
import yaml

from bookkit import BookError, toc
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


def otter_notebook(chapter: Path) -> Any:
    """Return the chapter in the form that `otter assign` reads.

    Questions are named by the exercise, worth a point each, and tested by the checker
    that the chapter itself calls (`minigen.checks.passes`).
    """
    notebook = nbformat.read(chapter, as_version=4)
    trios = {cells[0].id: cells for cells in exercises(notebook)}
    within = {cell.id for cells in trios.values() for cell in cells[1:]}
    cells = [
        _raw(f"# ASSIGNMENT CONFIG\n{yaml.safe_dump(OTTER | {'name': chapter.stem})}")
    ]
    for cell in notebook.cells:
        if cell.id in trios:
            cells += _question(*trios[cell.id])
        elif cell.id not in within:
            cells.append(cell)
    notebook.cells = cells
    return notebook


def _question(text: Any, solution: Any, check: Any) -> list[Any]:
    """Return an exercise as otter's blocks: text, stub, solution, hidden test."""
    name = text.metadata["exercise"]
    call = ast.parse(check.source).body[-1]
    if not (isinstance(call, ast.Expr) and isinstance(call.value, ast.Call)):
        raise BookError(f"the check of exercise {name} must end with check(id, answer)")
    answer = ", ".join(ast.unparse(argument) for argument in call.value.args[1:])
    test = (
        "from minigen.checks import passes\n\n"
        f"verdict = passes({name!r}, {answer})\nassert verdict, verdict"
    )
    return [
        _raw(f"# BEGIN QUESTION\nname: {name.replace('.', '_')}\npoints: 1"),
        text,
        *_block("PROMPT", stub(solution.source)),
        *_block("SOLUTION", _hidden(solution.source)),
        *_block("TESTS", test),
        _raw("# END QUESTION"),
    ]


def _hidden(source: str) -> str:
    """Mark every line of a solution: otter hands out what is not marked."""
    return f"# BEGIN SOLUTION NO PROMPT\n{source}\n# END SOLUTION"


def _block(kind: str, source: str) -> list[Any]:
    cell = nbformat.v4.new_code_cell(source)
    return [_raw(f"# BEGIN {kind}"), cell, _raw(f"# END {kind}")]


def _raw(source: str) -> Any:
    return nbformat.v4.new_raw_cell(source)


def main() -> int:
    """Write every chapter's student and otter notebooks; return the exit status."""
    for folder, make in (("student", student_notebook), ("otter", otter_notebook)):
        for chapter in toc.chapters():
            path = BUILD / folder / chapter.name
            write_whole(path, nbformat.writes(make(chapter)) + "\n")
        print(f"{folder} notebooks: {relative(BUILD / folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
