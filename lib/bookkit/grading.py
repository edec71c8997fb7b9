"""Make a chapter's autograder for Otter-Grader, and keep submissions apart from it.

Otter runs a submission and its tests in one process, where a submission can reach the
score. So the autograder carries a plugin, `Separate`: just before Otter runs a
submission, the plugin puts a notebook of ours in its place, which asks another process
for the answers (`submission.py`). Otter's tests are the chapter's own checkers.
"""

import argparse
import ast
import contextlib
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import yaml
from otter.assign import main as assign
from otter.plugins import AbstractOtterPlugin

from bookkit import BookError, elsewhere, one_sentence, toc
from bookkit.grade import autograder
from bookkit.paths import relative
from bookkit.student import exercises, stub
from bookkit.submission import Submission
from bookkit.users import end_all_of, new_user
from minigen import checks
from minigen.checks import passes

#: The most characters of code in a submission.
LONGEST = 2_000_000
#: How much longer than a student's own machine a grader may take (minigen.checks).
PATIENCE = 4
OTTER = {"init_cell": False, "check_all_cell": False, "export_cell": False}
_ASK = """\
import os

os.environ.setdefault("MINIGEN_PATIENCE", "{patience}")
from bookkit.submission import Submission

submission = Submission({cells!r}, user={user})
"""


class Separate(AbstractOtterPlugin):
    """Otter's plugin that lets it grade answers of a process that is not its own."""

    def before_execution(self, submission: Any) -> Any:
        """Return the notebook that is run in the submission's place."""
        cells = [cell.source for cell in submission.cells if cell.cell_type == "code"]
        if sum(map(len, cells)) > LONGEST:
            raise BookError(f"the submission has more than {LONGEST:,} characters")
        self.user = new_user()
        ask = _ASK.format(patience=PATIENCE, cells=cells, user=self.user)
        answers = [
            f"{name} = submission.answer({exercise!r}, {name!r})"
            for exercise, name in self.plugin_config["answers"].items()
        ]
        return _notebook(*map(nbformat.v4.new_code_cell, (ask, *answers)))

    def after_grading(self, results: Any) -> None:
        """End what the submission may have left running."""
        end_all_of(self.user)


def answers(notebook: Any) -> dict[str, str]:
    """Return the name of each exercise's answer, by the exercise."""
    found = {}
    for text, _, check in exercises(notebook):
        exercise = text.metadata["exercise"]
        call = ast.parse(check.source).body[-1]
        if not (
            isinstance(call, ast.Expr)
            and isinstance(call.value, ast.Call)
            and len(call.value.args) == 2
            and isinstance(answer := call.value.args[1], ast.Name)
        ):
            raise BookError(
                f"the check of exercise {exercise} must end with check(id, answer), "
                "and the answer be a name"
            )
        found[exercise] = answer.id
    return found


def otter_notebook(chapter: Path) -> Any:
    """Return the exercises of a chapter in the form that `otter assign` reads.

    It has what an answer can need of the chapter, its imports, and the exercises: each
    is named by its id, worth a point, and tested by the checker that the chapter itself
    calls (`minigen.checks.passes`).
    """
    notebook = nbformat.read(chapter, as_version=4)
    named = answers(notebook)
    plugin = {"bookkit.grading.Separate": {"answers": named}}
    settings = OTTER | {"generate": {"plugins": [plugin]}, "python_version": "3.11"}
    if repository := elsewhere.addresses()["repository"]:
        library = f"how-generative-ai-works[book,test] @ git+{repository}"
        settings["requirements"] = [library]
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cells = [_raw(f"# ASSIGNMENT CONFIG\n{yaml.safe_dump(settings)}"), setup]
    for text, solution, _ in exercises(notebook):
        cells += _question(text, solution, named[text.metadata["exercise"]])
    return _notebook(*cells)


def _question(text: Any, solution: Any, answer: str) -> list[Any]:
    """Return an exercise as otter's blocks: text, stub, solution, test."""
    exercise = text.metadata["exercise"]
    test = (
        "from minigen.checks import passes\n\n"
        f"verdict = passes({exercise!r}, {answer})\nassert verdict, verdict"
    )
    return [
        _raw(f"# BEGIN QUESTION\nname: {exercise.replace('.', '_')}\npoints: 1"),
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


def _notebook(*cells: Any) -> Any:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": kernel})


def make(chapter: Path, target: Path | None = None) -> Path:
    """Write a chapter's autograder, and see that the solutions earn all its points."""
    target = target or autograder(chapter.stem)
    prove(nbformat.read(chapter, as_version=4))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        master = Path(folder) / "master" / chapter.name
        master.parent.mkdir()
        nbformat.write(otter_notebook(chapter), master)
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                assign(str(master), f"{folder}/out", no_pdfs=True, no_run_tests=True)
        except Exception as error:
            raise BookError(
                f"otter cannot make the autograder of {chapter.stem}: {error}\n"
                f"{said.getvalue()[-1500:]}"
            ) from error
        (made,) = (Path(folder) / "out" / "autograder").glob("*.zip")
        part = target.with_name(f".part-{target.name}")
        shutil.move(made, part)
        part.replace(target)
    return target


def prove(notebook: Any) -> None:
    """Put the chapter's own solutions before its checkers, as a submission's are.

    Otter could do it, by running what it has made: in a kernel, which takes longer.
    That it gives the same points is tested for a chapter (tests/test_grading.py).
    """
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    with Submission(sources, user=new_user()) as submission:
        for exercise, name in answers(notebook).items():
            verdict = passes(exercise, submission.answer(exercise, name))
            if not verdict:
                raise BookError(f"the solution of {exercise} does not pass: {verdict}")


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Write autograders from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.grading", description=__doc__
    )
    parser.add_argument("chapters", nargs="*", type=Path, help="all by default")
    checks.PATIENCE = max(checks.PATIENCE, PATIENCE)  # as the graders that are made
    for chapter in parser.parse_args(arguments).chapters or toc.chapters():
        print(f"autograder: {relative(make(chapter.resolve()))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
