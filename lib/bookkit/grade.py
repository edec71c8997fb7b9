"""Grade a class: one notebook from each student, with the autograder of a chapter.

Every submission is graded by Otter in a process of its own, several at a time. The
points go to `grades.csv`, and what each student may read to a file of their own.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bookkit import BookError, one_sentence
from bookkit.paths import GRADING, relative, write_whole
from bookkit.users import separate

#: Seconds after which a submission is given up. Its answers are stopped long before.
SECONDS = 1200


def autograder(chapter: str) -> Path:
    """Return where a chapter's autograder lies."""
    return GRADING / f"{chapter}-autograder.zip"


@dataclass
class Grade:
    """What a submission earned: points and a sentence for each exercise."""

    points: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    #: Why there are no points, where a person must look.
    trouble: str = ""

    @property
    def total(self) -> float:
        return sum(self.points.values())

    @property
    def feedback(self) -> str:
        lines = [f"{name}: {points:g}" for name, points in self.points.items()]
        said = [self.words[name] for name in self.points if name in self.words]
        told = [self.trouble] if self.trouble else []
        return "\n".join([*lines, "", *said, *told]).strip() + "\n"


def grade(submission: Path, grader: Path, *, seconds: float = SECONDS) -> Grade:
    """Grade one notebook with an autograder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "otter", "run", "--no-logo"]
        try:
            run = subprocess.run(
                [*command, "-a", str(grader), "-o", folder, str(submission)],
                capture_output=True, text=True, check=False, timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Grade(trouble=f"not graded: still running after {seconds:g} s")
        results = Path(folder) / "results.json"
        if run.returncode or not results.is_file():
            last = (run.stderr.strip().splitlines() or ["it ended without results"])[-1]
            return Grade(trouble=f"not graded: {last}")
        return _read(json.loads(results.read_text(encoding="utf-8")))


def _read(results: dict) -> Grade:
    made = Grade()
    for test in results["tests"]:
        if "max_score" in test:
            made.points[test["name"]] = float(test["score"])
            if said := re.search(r"AssertionError: (.*)", test["output"]):
                made.words[test["name"]] = said[1]
    if not made.points:
        made.trouble = "not graded: Otter has no results"
    return made


def grade_all(
    submissions: list[Path], grader: Path, target: Path, *, jobs: int = 1
) -> dict[str, Grade]:
    """Grade notebooks side by side; write the points and what students may read."""
    with ThreadPoolExecutor(jobs) as pool:
        graded = pool.map(lambda one: grade(one, grader), submissions)
        grades = {}
        for path, made in zip(submissions, graded, strict=True):
            grades[path.name] = made
            write_whole(target / "feedback" / f"{path.stem}.txt", made.feedback)
            print(f"{path.name}: {made.trouble or format(made.total, 'g')}", flush=True)
    names = sorted({name for made in grades.values() for name in made.points})
    with (target / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", *names, "total", "note"])
        for name, made in grades.items():
            points = [made.points.get(each, "") for each in names]
            total = "" if made.trouble else made.total
            table.writerow([_harmless(name), *points, total, _harmless(made.trouble)])
    return grades


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a file's name for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Grade from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.grade", description=__doc__
    )
    parser.add_argument("chapter", help="such as vae")
    parser.add_argument("submissions", type=Path, help="a folder of notebooks, or one")
    parser.add_argument("--out", type=Path, default=Path("grades"))
    parser.add_argument("--jobs", type=int, default=1, help="how many side by side")
    options = parser.parse_args(arguments)
    given, grader = options.submissions, autograder(options.chapter)
    if not grader.is_file():
        raise BookError(f"there is no {relative(grader)}: run `make grading`")
    paths = [given] if given.is_file() else sorted(given.glob("*.ipynb"))
    if not paths:
        raise BookError(f"there is no notebook in {given}")
    if not separate():
        print("note: submissions run as the user who grades", file=sys.stderr)
    options.out.mkdir(parents=True, exist_ok=True)
    grade_all(paths, grader, options.out, jobs=options.jobs)
    print(f"grades: {options.out / 'grades.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
