"""Student notebooks, and teachers', made of a chapter's own exercises."""

import sys
import zipfile

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from bookkit import (
    BookError,
    archive,
    elsewhere,
    excerpts,
    grading,
    notebooks,
    student,
    toc,
)
from bookkit.paths import CHAPTERS

CHAPTER = CHAPTERS / "predictive_vs_generative.ipynb"


def test_a_stub_keeps_what_is_asked_and_nothing_that_is_solved():
    solution = '''
import numpy as np
secret = 42
def answer(x, *, power=2):
    """Return x to a power."""
    helper = x ** power
    return helper
for _ in range(3):
    secret += 1
'''
    stub = student.stub(solution)
    assert "import numpy as np" in stub
    assert 'def answer(x, *, power=2):\n    """Return x to a power."""\n    ...' in stub
    assert "secret = ..." in stub
    for solved in ("42", "helper", "for", "return"):
        assert solved not in stub
    compile(stub, "stub", "exec")


@pytest.mark.parametrize("chapter", toc.chapters(), ids=lambda path: path.stem)
def test_a_student_notebook_has_the_tasks_and_no_solution(chapter):
    original = notebooks.read(chapter)
    made = student.student_notebook(chapter)
    sources = [cell.source for cell in made.cells]
    assert len(student.exercises(original)) == 4
    for text, solution, check in student.exercises(original):
        assert text.source in sources
        assert check.source in sources
        assert solution.source not in sources
        assert student.stub(solution.source) in sources
    nbformat.validate(made)


@pytest.mark.parametrize("chapter", toc.chapters(), ids=lambda path: path.stem)
def test_a_teachers_notebook_has_the_solutions_unfolded(chapter):
    made = {cell.id: cell for cell in student.solved_notebook(chapter).cells}
    for _, solution, _ in student.exercises(notebooks.read(chapter)):
        assert made[solution.id].source == solution.source
        assert not made[solution.id].metadata


def test_a_change_in_a_chapter_reaches_all_that_is_made_of_it(tmp_path):
    notebook = notebooks.read(CHAPTER)
    text, solution, _ = student.exercises(notebook)[0]
    text.source += "\n\nNow with a word more."
    solution.source = solution.source.replace("posterior(log_joint)", "posterior(odds)")
    changed = tmp_path / CHAPTER.name
    nbformat.write(notebook, changed)
    makers = (student.student_notebook, student.solved_notebook, grading.otter_notebook)
    for make in makers:
        made = "\n".join(cell.source for cell in make(changed).cells)
        assert "Now with a word more." in made
        assert "def posterior(odds)" in made
        assert "def posterior(log_joint)" not in made


def little(tmp_path):
    """Unpack the students' archive, its first chapter cut down to the exercises."""
    notebook = student.student_notebook(CHAPTER)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stubs = [
        cell for cell in code if not cell.metadata.get("tags") and cell is not code[0]
    ]
    report = nbformat.v4.new_code_cell("import minigen.facts\nminigen.facts.__file__")
    notebook.cells = [*code[:2], *stubs[-8:], report]
    made = student.contents({CHAPTER.name: nbformat.writes(notebook)})
    archive.write(tmp_path / "all.zip", "class", made)
    with zipfile.ZipFile(tmp_path / "all.zip") as file:
        file.extractall(tmp_path)
    return tmp_path / "class" / "chapters" / CHAPTER.name


def test_the_archive_runs_by_itself_and_stops_at_the_stubs_alone(tmp_path):
    path = little(tmp_path)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": path.parent}}).execute()
    *cells, report = notebook.cells
    assert str(path.parents[1] / "lib") in report.outputs[0]["data"]["text/plain"]
    told = [
        output["data"]["text/plain"]
        for cell in cells
        if cell.source.startswith("check(")
        for output in cell.outputs
    ]
    assert len(told) == 4
    assert all(text.startswith(("→", "✗")) for text in told)


def test_the_archive_has_what_facts_and_studies_read_and_no_secret(tmp_path):
    root = little(tmp_path).parents[1]
    for part in (
        "book/data/claims.yml",
        "book/data/questions/vae.yml",
        "book/references.bib",
        "quizzes/vae.quiz.json",
        "studies/vae.json",
    ):
        assert (root / part).is_file()
    assert any((root / "lib/minigen/weights").glob("*.safetensors"))
    suffixes = {path.suffix for path in root.rglob("*") if path.is_file()}
    assert ".pyc" not in suffixes
    wanted = student.requirements()
    assert wanted.startswith("-c constraints.txt\ntorch==")


class Shell:
    """Notes what a cell asks of IPython, and does nothing of it."""

    def __init__(self):
        self.asked = []

    def system(self, command):
        self.asked.append(command)

    def run_line_magic(self, name, line):
        self.asked.append(f"{name} {line}")


@pytest.mark.parametrize("repository", ["", "https://github.com/a/b"])
def test_the_first_cell_brings_the_library_to_colab(monkeypatch, tmp_path, repository):
    monkeypatch.setattr(elsewhere, "addresses", lambda: {"repository": repository})
    cell = TransformerManager().transform_cell(student.first_cell("folder"))
    (tmp_path / "lib/minigen").mkdir(parents=True)
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path / "chapters")
    monkeypatch.setattr(sys, "path", list(sys.path))
    shell = Shell()
    exec(cell, {"get_ipython": lambda: shell})
    assert shell.asked == []  # at home
    assert sys.path[0] == str(tmp_path / "lib")
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    exec(cell, {"get_ipython": lambda: shell})
    bring = "git clone --quiet --depth 1 https://github.com/a/b.git folder"
    assert shell.asked == [
        "cd /content",
        bring if repository else "unzip -q -n folder.zip",
        f"pip install --quiet {elsewhere.PACKAGES}",
        "cd folder/chapters",
    ]


def test_in_binder_the_first_cell_leaves_the_library_that_is_there(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", before := list(sys.path))
    cell = TransformerManager().transform_cell(student.first_cell("folder"))
    exec(cell, {"get_ipython": Shell})
    assert sys.path == before


def test_a_page_takes_its_figures_from_the_run(tmp_path):
    output = nbformat.v4.new_output(
        "display_data", {"text/html": '<p id="fig-a">A</p>'}
    )
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "c.ipynb")
    made = excerpts.insert("before\n\n%figure c a\n\nafter", tmp_path)
    assert made == 'before\n\n````{raw} html\n<p id="fig-a">A</p>\n````\n\nafter'
    with pytest.raises(BookError, match="asks for figure 'b' of c"):
        excerpts.insert("%figure c b", tmp_path)
