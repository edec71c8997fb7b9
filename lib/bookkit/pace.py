"""How long the parts of a chapter take a class, estimated from what stands in them.

An estimate, with the rates below and nothing else: words, figures, cells of code that a
reader sees, and the lines of an exercise's solution. The teacher's guide says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from bookkit import BookError, pages, student, toc

#: Minutes to look at a figure together, to play with a live one, to go through a cell
#: of code, and to let everybody commit to a guess.
FIGURE, PLAY, CELL, GUESS = 1.0, 4.0, 0.5, 2.0
#: Minutes for each line of an exercise's solution, by the kind of exercise.
LINE = {"recall": 1.5, "change": 1.5, "extend": 1.5, "open": 2.5}
#: Minutes in which an answer is tried, and its hints are read.
TRIES = {"recall": 4, "change": 6, "extend": 6, "open": 15}
#: Minutes for a question that is discussed, and to begin and to end a session.
DISCUSSION, FRAME = 12, 5

_HEADING = re.compile(r"^\(([^()\s]+)\)=\n#{1,4} (.+)$", re.MULTILINE)
#: Sections that need no time of their own in class.
_ASIDE = re.compile(
    r"(?:what-you-will-be-able-to-do|objectives|questions|exercises|sources)$"
)
_GUESS = re.compile(r"\bGuess\b|\bPredict\b|[Cc]ommit |Before you (?:look|read|run)")
_KIND = re.compile(r"· (\w+):|\((\w+)\)$")
_FIGURE = re.compile(r"\bshow\.(?:figure|images|player|quote|table)\(")
_PLAY = re.compile(r"^(?:show\.)?(?:live\w*|odds|quiz|tokenizer)\(", re.MULTILINE)


@dataclass
class Section:
    """A part of a chapter under one heading, up to the next."""

    label: str
    title: str
    chapter: str
    words: int = 0
    figures: int = 0
    plays: int = 0
    cells: int = 0
    guess: bool = False

    @property
    def aside(self) -> bool:
        """Return whether the section says what is where, and teaches nothing."""
        return bool(_ASIDE.search(self.label))

    def add(self, text: str) -> None:
        """Take a piece of prose in."""
        self.words += len(text.split())
        self.guess |= bool(_GUESS.search(text))

    @property
    def minutes(self) -> float:
        """Return the minutes to go through it with a class."""
        words = self.words / pages.WORDS_A_MINUTE
        looks = FIGURE * self.figures + PLAY * self.plays
        return words + looks + CELL * self.cells + GUESS * self.guess


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter, and what it asks of a student."""

    id: str
    label: str
    title: str
    chapter: str
    kind: str
    words: int
    lines: int

    @property
    def minutes(self) -> float:
        """Return the minutes to read it twice, to solve it and to try the answer."""
        words = 2 * self.words / pages.WORDS_A_MINUTE
        return words + LINE[self.kind] * self.lines + TRIES[self.kind]


def sections(notebook: Any, chapter: str) -> Iterator[Section]:
    """Yield the parts of a chapter, in order, without its exercises."""
    here = Section("", "", chapter)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if {"exercise", "solution", "check"} & set(tags):
            continue
        if cell.cell_type == "code":
            here.figures += bool(_FIGURE.search(cell.source))
            here.plays += bool(_PLAY.search(cell.source))
            here.cells += not {"hide-input", "remove-cell"} & set(tags)
            continue
        before, *parts = _HEADING.split(cell.source)
        here.add(before)
        for label, title, text in zip(*(parts[n::3] for n in range(3)), strict=True):
            if here.label:
                yield here
            here = Section(label, title, chapter)
            here.add(text)
    yield here


def exercises(notebook: Any, chapter: str) -> Iterator[Exercise]:
    """Yield the exercises of a chapter."""
    for text, solution, _ in student.exercises(notebook):
        label, title, task = _HEADING.split(text.source)[-3:]
        found = _KIND.search(title)
        kind = (found[1] or found[2]).lower() if found else ""
        if kind not in LINE:
            raise BookError(f"the exercise {title!r} says none of {', '.join(LINE)}")
        lines = [line for line in solution.source.splitlines() if line.strip()]
        yield Exercise(
            text.metadata["exercise"], label, title, chapter, kind,
            len(task.split()), len(lines),
        )  # fmt: skip


@dataclass(frozen=True)
class Chapter:
    """What a course takes from a chapter."""

    name: str
    title: str
    label: str
    read: float
    sections: dict[str, Section]
    exercises: dict[str, Exercise]


def chapter(path: Path) -> Chapter:
    """Return a chapter's parts, exercises and minutes of reading."""
    notebook = nbformat.read(path, as_version=4)
    parts = {each.label: each for each in sections(notebook, path.stem)}
    words = sum(
        len(cell.source.split()) for cell in notebook.cells
        if cell.cell_type == "markdown"
    )  # fmt: skip
    return Chapter(
        path.stem, pages.title(notebook), next(iter(parts)),
        words / pages.WORDS_A_MINUTE, parts,
        {each.id: each for each in exercises(notebook, path.stem)},
    )  # fmt: skip


@cache
def chapters() -> dict[str, Chapter]:
    """Return every chapter of the book by its name, in reading order."""
    return {path.stem: chapter(path) for path in toc.chapters()}
