"""What the pages of the teacher's guide take from data: a line `%…` is replaced by it.

`%outcomes`, `%misconceptions`, `%syllabus one-day`, `%rates` and `%minutes vae` are
comments to MyST. What they bring is read by `teaching` and measured by `pace`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import nbformat

from bookkit import pace, pages, teaching
from bookkit.facts import plain
from minigen.facts import Claim, claims

#: What a page asks for.
LINE = re.compile(
    r"^%(outcomes|misconceptions|syllabus|rates|minutes)(?: +(\S+))? *$", re.MULTILINE
)


def insert(text: str, runs: Path) -> str:
    """Return a page's text with what its `%` lines ask for.

    `runs` is the folder of executed chapters, which know how long the machine took.
    """
    makers: dict[str, Callable[[str], Iterable[str]]] = {
        "outcomes": lambda _: outcomes(),
        "misconceptions": lambda _: misconceptions(),
        "syllabus": syllabus,
        "rates": lambda _: rates(),
        "minutes": lambda name: [minutes(name, runs)],
    }
    return LINE.sub(lambda found: "\n".join(makers[found[1]](found[2] or "")), text)


def outcomes() -> Iterator[str]:
    """Yield the outcomes, each with its sections and exercises."""
    for row in teaching.outcomes():
        yield f"(outcome-{row.id})=\n**{row.outcome}**\n"
        yield f": *Taught in* {_links(row.sections)}"
        if row.exercises:
            shown = [teaching.exercise(id).label for id in row.exercises]
            yield f"\n  *Shown in* {_links(shown)}"
        yield ""


def misconceptions() -> Iterator[str]:
    """Yield the misconceptions by chapter, with what holds and what to do in class."""
    known = {row.id: row for row in claims()}
    for name, chapter in pace.chapters().items():
        slug = name.replace("_", "-")
        yield f"\n(misconceptions-in-{slug})=\n## {plain(chapter.title)}"
        for row in teaching.misconceptions():
            if row.chapter == name:
                yield f"\n(misconception-{row.id})=\n{_believed(row, known)}"
                yield f"\n*In class.* {row.in_class} Met in [](#{row.shown_in})."


def _believed(row: teaching.Misconception, known: dict[str, Claim]) -> str:
    if not row.claim:
        return f"**“{row.misconception}”** {row.holds}"
    said = known[row.claim]
    verdict = f"[{said.verdict}](#claim-{said.id})"
    return f"**“{plain(said.claim)}”** Verdict: {verdict}. {plain(said.why)}"


def syllabus(id: str) -> Iterator[str]:
    """Yield a course, session by session."""
    (course,) = (each for each in teaching.syllabi() if each.id == id)
    total = sum(map(course.given, course.sessions))
    yield f"{course.about} {len(course.sessions)} sessions, {total / 60:.0f} hours."
    for number, session in enumerate(course.sessions, 1):
        yield f"\n(syllabus-{id}-{number})=\n### {number} · {session.title}\n"
        yield f"{session.say}\n"
        yield from _agenda(session)
        parts = [f"{each:.0f} {name}" for name, each in session.parts.items()]
        given = course.given(session)
        told = f"about {session.planned:.0f} of {given} minutes"
        yield f"- *Time:* {told}: {', '.join(parts)}."


def _agenda(session: teaching.Session) -> Iterator[str]:
    chapters = pace.chapters()
    if session.read:
        told = [f"[](#{chapters[n].label}) ({chapters[n].read:.0f} min)"
                for n in session.read]  # fmt: skip
        yield f"- *Before:* read {', '.join(told)}."
    shown = [*(chapters[name].label for name in session.chapters), *session.show]
    if shown:
        skipped = f". *Left out:* {_links(session.skip)}" if session.skip else ""
        yield f"- *Show:* {_links(shown)}{skipped}"
    for word, ids in (("In class", session.exercises), ("After", session.home)):
        if ids:
            yield f"- *{word}:* {', '.join(map(_timed, ids))}."
    if session.discuss:
        yield f"- *Discuss:* {_links(session.discuss)}"


def _timed(id: str) -> str:
    exercise = teaching.exercise(id)
    return f"[](#{exercise.label}) ({exercise.minutes:.0f} min)"


def _links(labels: Iterable[str]) -> str:
    return "; ".join(f"[](#{label})" for label in labels)


def rates() -> Iterator[str]:
    """Yield the rates of the estimate as a table."""
    yield "| what | minutes |\n|---|---|"
    yield f"| {pages.WORDS_A_MINUTE} words of a chapter, read or said | 1 |"
    for what, each in (
        ("a figure, looked at together", pace.FIGURE),
        ("a live figure, under everybody’s hands", pace.PLAY),
        ("a cell of code that is not folded away", pace.CELL),
        ("a guess to which everybody commits", pace.GUESS),
        ("a question that is discussed", pace.DISCUSSION),
        ("to begin a session and to end it", pace.FRAME),
    ):
        yield f"| {what} | {each:g} |"
    for kind, line in pace.LINE.items():
        tries = pace.TRIES[kind]
        yield (
            f"| an exercise to *{kind}*: its text twice, {line:g} for each line of the "
            f"solution, and the tries | {tries} and more |"
        )


def minutes(name: str, runs: Path) -> str:
    """Return how long a chapter takes a reader, a class, a student and the machine."""
    chapter = pace.chapters()[name]
    notebook = nbformat.read(runs / f"{name}.ipynb", as_version=4)
    shown = sum(each.minutes for each in chapter.sections.values() if not each.aside)
    *first, last = (f"{each.minutes:.0f}" for each in chapter.exercises.values())
    read, *machine = pages.times(notebook)
    exercises = f"exercises {', '.join(first)} and {last} min"
    told = [read, f"all of it in class {shown:.0f} min", exercises, *machine]
    return f"[](#{chapter.label}): {' · '.join(told)}."
