"""The data of the teacher's guide: what they say, and that all of it exists.

Outcomes, misconceptions and syllabi stand in `book/data` and point to sections,
exercises and claims by id. `problems` says what points to nothing and what is reached
by nothing; `guide.py` writes the pages.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import yaml

from bookkit import BookError, facts, pace
from bookkit.paths import PAGES
from minigen.facts import claims

DATA = PAGES / "data"


@dataclass(frozen=True)
class Outcome:
    """Something that a student can do after the course."""

    id: str
    outcome: str
    sections: tuple[str, ...]
    exercises: tuple[str, ...] = ()


@dataclass(frozen=True)
class Misconception:
    """What learners believe, what holds, and how to meet it in class."""

    id: str
    chapter: str
    shown_in: str
    in_class: str
    misconception: str = ""
    holds: str = ""
    #: The checked claim that says both, where there is one.
    claim: str = ""


@dataclass(frozen=True)
class Session:
    """A meeting of a class: what is shown, done and discussed."""

    title: str
    say: str
    chapters: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    discuss: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    minutes: int = 0
    keep: int = 0

    @property
    def sections(self) -> list[pace.Section]:
        """Return the sections that are shown: of a chapter, all that teach."""
        found = [
            each
            for name in self.chapters
            for each in pace.chapters()[name].sections.values()
            if not each.aside and each.label not in self.skip
        ]
        return found + [section(label) for label in self.show]

    @property
    def parts(self) -> dict[str, float]:
        """Return the minutes of each part of the session."""
        minutes = {
            "to show": sum(each.minutes for each in self.sections),
            "for exercises": sum(exercise(each).minutes for each in self.exercises),
            "to discuss": pace.DISCUSSION * len(self.discuss),
            "for the projects": self.keep,
            "to begin and to end": pace.FRAME,
        }
        return {name: each for name, each in minutes.items() if each}

    @property
    def planned(self) -> float:
        """Return the minutes that the session is estimated to take."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Syllabus:
    """A course: its sessions, and how many minutes the timetable gives each."""

    id: str
    title: str
    about: str
    minutes: int
    sessions: tuple[Session, ...]

    def given(self, session: Session) -> int:
        """Return the minutes that the timetable gives a session."""
        return session.minutes or self.minutes


Row = TypeVar("Row", Outcome, Misconception, Session, Syllabus)


def made(kind: Callable[..., Row], values: dict[str, Any], place: str) -> Row:
    """Return a row of data; say what is missing or unknown in it."""
    kept = {
        name: tuple(each) if isinstance(each, list) else _line(each)
        for name, each in values.items()
    }
    try:
        return kind(**kept)
    except TypeError as error:
        raise BookError(f"{place}: {str(error).partition(' ')[2]}") from None


def _line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def _rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((DATA / name).read_text("utf-8"))
    return found


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Return what a student can do after the course."""
    rows = _rows("outcomes.yml")
    return tuple(made(Outcome, row, f"outcomes.yml, {row.get('id')}") for row in rows)


@cache
def misconceptions() -> tuple[Misconception, ...]:
    """Return what learners believe, in the order of the chapters."""
    name = "misconceptions.yml"
    return tuple(made(Misconception, r, f"{name}, {r.get('id')}") for r in _rows(name))


@cache
def syllabi() -> tuple[Syllabus, ...]:
    """Return the courses."""
    found = []
    for row in _rows("syllabi.yml"):
        place = f"syllabi.yml, {row.get('id')}"
        sessions = [made(Session, each, place) for each in row["sessions"]]
        found.append(made(Syllabus, row | {"sessions": sessions}, place))
    return tuple(found)


def section(label: str) -> pace.Section:
    """Return a section of any chapter by its label."""
    for each in pace.chapters().values():
        if label in each.sections:
            return each.sections[label]
    raise BookError(f"no chapter has a section ({label})=")


def exercise(id: str) -> pace.Exercise:
    """Return an exercise by its id."""
    chapter = pace.chapters().get(id.partition(".")[0])
    if chapter and id in chapter.exercises:
        return chapter.exercises[id]
    raise BookError(f"there is no exercise {id}")


def problems() -> list[str]:
    """Return what the data of the guide name that is not there, or leave out."""
    try:
        return [*_twice(), *_lost(), *_unreached(), *_unclear()]
    except BookError as error:
        return [str(error)]


def check() -> None:
    """Stop the build at data of the guide that point to nothing."""
    if found := problems():
        raise BookError("the teacher's guide needs mending: " + "; ".join(found))


def _twice() -> Iterator[str]:
    for rows in (outcomes(), misconceptions(), syllabi()):
        ids = [row.id for row in rows]
        yield from (f"the id {i} stands twice" for i in {*ids} if ids.count(i) > 1)


def _lost() -> Iterator[str]:
    """Say which labels, chapters, exercises and claims are not there."""
    labels, known = facts.labels(), pace.chapters()
    exercises = {id for each in known.values() for id in each.exercises}
    for row in outcomes():
        yield from _missing(row.id, row.sections, labels, "label")
        yield from _missing(row.id, row.exercises, exercises, "exercise")
    claimed = {row.id for row in claims()}
    for each in misconceptions():
        yield from _missing(each.id, [each.shown_in], labels, "label")
        yield from _missing(each.id, [each.chapter], known, "chapter")
        yield from _missing(each.id, [each.claim] * bool(each.claim), claimed, "claim")
    for course in syllabi():
        for session in course.sessions:
            place = f"{course.id}, {session.title}"
            for group in (session.show, session.skip, session.discuss):
                yield from _missing(place, group, labels, "label")
            for group in (session.chapters, session.read):
                yield from _missing(place, group, known, "chapter")
            done = (*session.exercises, *session.home)
            yield from _missing(place, done, exercises, "exercise")


def _missing(place: str, named: Any, there: Any, kind: str) -> Iterator[str]:
    yield from (f"{place}: there is no {kind} {n!r}" for n in named if n not in there)


def _unreached() -> Iterator[str]:
    """Say which chapters, exercises and sessions no outcome or minute reaches."""
    shown = {id for row in outcomes() for id in row.exercises}
    taught = {label for row in outcomes() for label in row.sections}
    for name, chapter in pace.chapters().items():
        if not taught & set(chapter.sections):
            yield f"no outcome reaches the chapter {name}"
        if not any(row.chapter == name for row in misconceptions()):
            yield f"no misconception is met in the chapter {name}"
        for id in sorted(set(chapter.exercises) - shown):
            yield f"no outcome reaches the exercise {id}"
    for course in syllabi():
        for session in course.sessions:
            given = course.given(session)
            if not 0.7 * given <= session.planned <= given:
                yield (
                    f"{course.id}, {session.title}: about {session.planned:.0f} "
                    f"minutes are planned in a session of {given}"
                )


def _unclear() -> Iterator[str]:
    """Say where a belief stands twice, or nowhere."""
    for row in misconceptions():
        if bool(row.claim) == bool(row.misconception and row.holds):
            yield f"{row.id} needs a claim, or a misconception and what holds"
