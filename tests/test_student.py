"""Student notebooks and autograders made of a chapter's own exercises."""

import subprocess
import sys

import nbformat
import pytest

from bookkit import BookError, excerpts, notebooks, student, toc
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


def only_exercises(tmp_path, change=lambda source: source):
    """Write the exercises of the first chapter as a small chapter of their own."""
    notebook = notebooks.read(CHAPTER)
    setup = nbformat.v4.new_code_cell(
        "import numpy as np\nimport torch\nfrom minigen.checks import check"
    )
    trios = student.exercises(notebook)
    for _, solution, _ in trios:
        solution.source = change(solution.source)
    notebook.cells = [setup, *(cell for trio in trios for cell in trio)]
    path = tmp_path / "small.ipynb"
    nbformat.write(notebook, path)
    return path


def assign(tmp_path, chapter):
    master = tmp_path / "master" / "small.ipynb"
    master.parent.mkdir()
    nbformat.write(student.otter_notebook(chapter), master)
    command = [sys.executable, "-m", "otter", "assign", "--no-pdfs"]
    return subprocess.run(
        [*command, str(master), str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_otter_assign_makes_both_notebooks_and_the_solutions_earn_full_marks(tmp_path):
    chapter = only_exercises(tmp_path)
    run = assign(tmp_path, chapter)
    assert run.returncode == 0, run.stdout + run.stderr
    handed_out = (tmp_path / "out" / "student" / "small.ipynb").read_text()
    grader = (tmp_path / "out" / "autograder" / "small.ipynb").read_text()
    for _, solution, _ in student.exercises(notebooks.read(chapter)):
        line = next(s for s in solution.source.splitlines() if "return" in s)
        assert line.strip() not in handed_out
        assert line.strip() in grader
    assert "grader.check" in handed_out


def test_otter_assign_refuses_a_solution_that_does_not_pass(tmp_path):
    def spoil(source):
        return source.replace("np.sqrt(temperature)", "temperature")

    run = assign(tmp_path, only_exercises(tmp_path, spoil))
    assert run.returncode != 0


def test_a_check_that_calls_nothing_is_named(tmp_path):
    path = only_exercises(tmp_path)
    notebook = notebooks.read(path)
    notebook.cells[3].source = "x = 1"
    nbformat.write(notebook, path)
    with pytest.raises(BookError, match=r"must end with check\(id, answer\)"):
        student.otter_notebook(path)


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
