"""The rules that every chapter keeps, kept by every chapter and caught when broken."""

import json
import subprocess
import sys

import nbformat
import pytest

from bookkit import BookError, notebooks, toc
from bookkit.paths import CHAPTERS, ROOT


@pytest.mark.parametrize("path", sorted(CHAPTERS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_every_chapter_keeps_the_rules(path):
    assert notebooks.problems(path) == []


def test_the_code_of_chapters_is_clean():
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format=concise", "chapters"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout


def test_every_chapter_explains():
    for path in toc.chapters():
        prose = [
            c.source for c in notebooks.read(path).cells if c.cell_type == "markdown"
        ]
        assert len(" ".join(prose).split()) >= 1200, f"{path.name} is not yet a chapter"


def good():
    """Return a notebook that keeps every rule."""

    def cell(kind, name, source, **metadata):
        made = getattr(nbformat.v4, f"new_{kind}_cell")(source, metadata=metadata)
        made["id"] = name
        return made

    text = {
        "level": "first",
        "prerequisites": [],
        "objectives": ["see"],
        "description": "d",
    }
    return nbformat.v4.new_notebook(
        metadata={"book": text},
        cells=[
            cell("markdown", "opening", "(tiny)=\n# Tiny"),
            cell("code", "parameters", "seed = 0\nbudget = 1", tags=["parameters"]),
            cell("markdown", "first-exercise", "(tiny-one)=\n## One", tags=["exercise"],
                 exercise="tiny.one"),
            cell("code", "first-solution", "x = 1", tags=["solution"]),
            cell("code", "first-check", 'check("tiny.one", x)', tags=["check"]),
        ],
    )  # fmt: skip


def told(tmp_path, notebook):
    path = tmp_path / "tiny.ipynb"
    path.write_text(notebooks.normal(notebook), encoding="utf-8")
    return notebooks.problems(path)


def test_a_good_chapter_has_no_problems(tmp_path):
    assert told(tmp_path, good()) == []


def change(index, **parts):
    def broken(notebook):
        for key, value in parts.items():
            notebook.cells[index][key] = value

    return broken


def drop(index):
    return lambda notebook: notebook.cells.pop(index)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (change(0, source="# Tiny"), "open with its label"),
        (change(0, source="(tiny)=\n# Tiny\n\n## Two"), "has no (label)="),
        (change(0, source="(tiny)=\n# Tiny\n\n![](x.png)"), "no alternative text"),
        (change(0, id="cell 1"), "id should be"),
        (drop(1), "one cell tagged `parameters`, not 0"),
        (change(1, source="seed = 0"), "does not set ['budget']"),
        (change(1, source="seed = 0\nbudget = 1\n" + "x = 1\n" * 30), "at most 25"),
        (change(1, source="seed = 0\nbudget = 1 " + "#" * 90), "wider than 88"),
        (change(1, source="!ls\nseed = 0\nbudget = 1"), "shell or a magic"),
        (change(1, source="from x import *\nseed = budget = 1"), "imports *"),
        (change(1, source="seed = budget = 1\nplt.show()"), "plots by hand"),
        (change(1, source="seed = budget = 1\nwarnings.simplefilter(1)"), "silences"),
        (change(1, source="seed = budget = 1\nprint(1)"), "prints"),
        (change(3, metadata={"tags": ["odd", "solution"]}), "unknown tags ['odd']"),
        (change(3, metadata={}), "not followed by a solution and a check"),
        (change(4, source="check('other', x)"), "does not name it"),
        (change(2, metadata={"tags": ["exercise"]}), "needs `exercise: chapter.name`"),
        (change(2, cell_type="code", metadata={}), "no prose between"),
        (lambda n: n.metadata.book.pop("level"), "lacks 'level'"),
        (lambda n: n.metadata.book.update(odd=1), "unknown ['odd']"),
        (change(4, id="e2a60bd6"), "id should be"),
    ],
)
def test_a_broken_rule_is_named(tmp_path, broken, message):
    notebook = good()
    broken(notebook)
    try:
        problems = told(tmp_path, notebook)
    except (nbformat.ValidationError, BookError) as error:
        problems = [str(error)]
    assert any(message in problem for problem in problems), problems


def test_normal_form_takes_outputs_away_and_repeats_nothing(tmp_path, capsys):
    notebook = good()
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]
    notebook.cells[1].execution_count = 3
    notebook.cells[1].metadata["collapsed"] = True
    path = tmp_path / "tiny.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert any("normal form" in p for p in notebooks.problems(path))
    assert notebooks.main([str(path), "--fix"]) == 1  # changed: pre-commit stops once
    assert "put into normal form" in capsys.readouterr().out
    assert notebooks.main([str(path), "--fix"]) == 0
    cell = notebooks.read(path).cells[1]
    assert (cell.outputs, cell.execution_count) == ([], None)
    assert cell.metadata == {"tags": ["parameters"]}


def test_a_file_that_is_no_notebook_is_named(tmp_path, capsys):
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    assert notebooks.main([str(path)]) == 1
    assert "broken.ipynb is not a readable notebook" in capsys.readouterr().err


def test_what_is_folded_on_the_site_is_folded_in_jupyterlab(tmp_path):
    notebook = good()
    notebook.cells[3].metadata["tags"] = ["solution", "hide-cell"]
    path = tmp_path / "tiny.ipynb"
    path.write_text(notebooks.normal(notebook), encoding="utf-8")
    cells = notebooks.read(path).cells
    assert cells[3].metadata["jupyter"] == {"source_hidden": True}
    assert "jupyter" not in cells[1].metadata
    assert notebooks.problems(path) == []
