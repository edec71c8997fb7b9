"""The questions before a chapter's exercises: data with ids, as claims and terms are.

A row of `book/data/questions/<chapter>.yml` has a question and its answers. One is
right, and each brings feedback: why it tempts, and why it holds or does not. All texts
are plain, without markup. The names are those of jupyterquiz, which takes the rows too.
"""

import html
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minigen.references import BOOK, FactError, read

#: What a question and an answer need.
ROW = {"id", "section", "question", "answers"}
ANSWER = {"answer", "feedback"}
#: And what they may have.
ROW_ALSO = {"misconception"}
ANSWER_ALSO = {"correct"}


@dataclass(frozen=True)
class Answer:
    """One of the answers to choose from, and what is said to who chooses it."""

    answer: str
    feedback: str
    correct: bool = False


@dataclass(frozen=True)
class Question:
    """A question, and the label of the section that answers it.

    `misconception` is the row of `misconceptions.yml` whose belief it meets, if any.
    """

    id: str
    section: str
    question: str
    answers: tuple[Answer, ...]
    misconception: str = ""

    def for_jupyterquiz(self) -> dict[str, Any]:
        """Return the question for `jupyterquiz.display_quiz`, which reads HTML."""
        return {
            "question": html.escape(self.question, quote=False),
            "type": "multiple_choice",
            "answers": [
                {
                    "answer": html.escape(each.answer, quote=False),
                    "correct": each.correct,
                    "feedback": html.escape(each.feedback, quote=False),
                }
                for each in self.answers
            ],
        }


@cache
def questions(chapter: str, *, book: Path = BOOK) -> tuple[Question, ...]:
    """Return the questions of a chapter."""
    file = f"{chapter}.yml"
    rows = yaml.safe_load(read(book / "data" / "questions" / file))
    if not isinstance(rows, list):
        raise FactError(f"{file} must be a list of rows, each beginning `- id: …`")
    return tuple(_question(file, row) for row in rows)


def for_jupyterquiz(chapter: str, *, book: Path = BOOK) -> str:
    """Return the questions of a chapter as a file for `jupyterquiz.display_quiz`."""
    rows = [each.for_jupyterquiz() for each in questions(chapter, book=book)]
    return json.dumps(rows, indent=1) + "\n"


def heading(chapter: str, label: str, *, book: Path = BOOK) -> str:
    """Return the title of a section, or "" where a reader's copy has none such."""
    path = book.parent / "chapters" / f"{chapter}.ipynb"
    if not path.is_file():
        return ""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    found = re.search(rf"^\({re.escape(label)}\)=\n#+ (.+)$", text, re.MULTILINE)
    return found[1].replace("$", "") if found else ""


def _question(file: str, row: Any) -> Question:
    place = f"{file}, {row.get('id') if isinstance(row, dict) else row!r}"
    _check(place, row, ROW, ROW_ALSO)
    if not isinstance(row["answers"], list):
        raise FactError(f"{place}: `answers` must be a list")
    for each in row["answers"]:
        _check(f"{place}, an answer", each, ANSWER, ANSWER_ALSO)
    answers = tuple(
        Answer(_line(a["answer"]), _line(a["feedback"]), a.get("correct") is True)
        for a in row["answers"]
    )
    if sum(each.correct for each in answers) != 1:
        raise FactError(f"{place}: one answer, and no other, has `correct: true`")
    return Question(
        row["id"],
        row["section"],
        _line(row["question"]),
        answers,
        row.get("misconception", ""),
    )


def _check(place: str, row: Any, needed: set[str], also: set[str]) -> None:
    """Raise unless a row has each field that it needs, and no unknown one."""
    given = {name for name in row if row[name]} if isinstance(row, dict) else set()
    if not needed <= given <= needed | also:
        raise FactError(
            f"{place} needs {', '.join(sorted(needed))} and may have "
            f"{', '.join(also)}, not {', '.join(sorted(map(str, given)))}"
        )


def _line(text: Any) -> str:
    return " ".join(str(text).split())
