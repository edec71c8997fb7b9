"""The page "Which chapter next?": a map of the book, drawn from the chapters' own data.

What a chapter needs stands in its notebook (`book.prerequisites`), the questions that
lead to chapters in `book/data/goals.yml`; nothing else is written by hand.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml

from bookkit import BookError, pages
from bookkit.paths import PAGES

GOALS = PAGES / "data" / "goals.yml"
#: The drawing, in its own units: a chapter's line, the arcs' width, the names'.
LINE, ARCS, NAMES = 34, 96, 260


@dataclass(frozen=True)
class Chapter:
    """A chapter as the map shows it."""

    name: str
    subject: str
    description: str
    minutes: int
    needs: tuple[str, ...]


def read(runs: Sequence[Path], subjects: Mapping[str, str]) -> dict[str, Chapter]:
    """Return the chapters in reading order from their notebooks."""
    found = {}
    for path in runs:
        notebook = nbformat.read(path, as_version=4)
        book = notebook.metadata.get("book", {})
        found[path.stem] = Chapter(
            path.stem,
            subjects.get(path.stem, pages.title(notebook)),
            book.get("description", ""),
            pages.minutes(notebook),
            tuple(book.get("prerequisites", [])),
        )
    return found


def all_needs(name: str, chapters: Mapping[str, Chapter]) -> list[str]:
    """Return all that a chapter rests on, itself last, in reading order."""
    wanted, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one not in wanted:
            wanted.add(one)
            waiting += chapters[one].needs
    return [one for one in chapters if one in wanted]


def direct_needs(name: str, chapters: Mapping[str, Chapter]) -> list[str]:
    """Return a chapter's needs without those that another of them needs anyway."""
    needs = chapters[name].needs
    implied = {
        deep
        for one in needs
        for deep in all_needs(one, chapters)
        if deep != one
    }  # fmt: skip
    return [one for one in chapters if one in needs and one not in implied]


def page(chapters: Mapping[str, Chapter]) -> str:
    """Return the page in MyST: the drawing, ways by question, then every chapter."""
    intro = (PAGES / "_next_intro.md").read_text(encoding="utf-8").rstrip()
    return "\n".join([
        intro, "", drawing(chapters),
        "\n(next-by-question)=\n## By question\n", *_goals(chapters),
        "\n(next-by-chapter)=\n## By chapter\n", *_list(chapters),
    ]) + "\n"  # fmt: skip


def drawing(chapters: Mapping[str, Chapter]) -> str:
    """Return the map as raw HTML: a line a chapter, and arcs from what it needs.

    The arcs of the chapter under the pointer or in focus stand out by CSS alone.
    """
    place = {name: LINE * (i + 0.5) for i, name in enumerate(chapters)}
    arcs, names, rules = [], [], []
    for name, chapter in chapters.items():
        for need in direct_needs(name, chapters):
            top, bottom = place[need], place[name]
            reach = min(ARCS - 12, 14 + 0.3 * (bottom - top))
            arcs.append(
                f'<path class="to-{name}" d="M{ARCS} {top:g}C{ARCS - reach:g} {top:g} '
                f'{ARCS - reach:g} {bottom:g} {ARCS} {bottom:g}"/>'
            )
        names.append(
            f'<a class="at-{name}" href="chapters/{name}.html"><circle cx="{ARCS}" '
            f'cy="{place[name]:g}" r="4"/>'
            f'<text x="{ARCS + 12}" y="{place[name] + 5:g}">'
            f"{html.escape(chapter.subject)}</text></a>"
        )
        rules.append(f".map:has(.at-{name}:is(:hover,:focus)) .to-{name}")
    size = f"0 0 {ARCS + NAMES} {LINE * len(chapters)}"
    return "\n".join([
        "````{raw} html",
        f'<figure class="map"><svg viewBox="{size}" role="group" aria-label="Map of '
        "the book: the chapters in reading order, and arcs from those that each one "
        'needs.">',
        f"<style>{','.join(rules)}{{stroke:var(--model);stroke-width:2.5}}</style>",
        *arcs, *names, "</svg>",
        "<figcaption>An arc leads down from what a chapter needs. Point at a chapter, "
        "or move to it with the keyboard, to see its own.</figcaption></figure>",
        "````",
    ])  # fmt: skip


def _goals(chapters: Mapping[str, Chapter]) -> list[str]:
    """Return for each question the way to the chapter that answers it."""
    lines = []
    for goal in yaml.safe_load(GOALS.read_text(encoding="utf-8")):
        if goal["chapter"] not in chapters:
            raise BookError(
                f"goals.yml leads to the chapter {goal['chapter']!r}, which is not in "
                "_toc.yml"
            )
        way = all_needs(goal["chapter"], chapters)
        minutes = sum(chapters[name].minutes for name in way)
        steps = " → ".join(_link(chapters[name]) for name in way)
        lines += [
            f"**{goal['question']}**",
            f": {steps}. In all about {10 * round(minutes / 10)} minutes to read.",
            "",
        ]
    return lines


def _list(chapters: Mapping[str, Chapter]) -> list[str]:
    """Return what each chapter shows, needs and opens the way to."""
    lines = []
    for name, chapter in chapters.items():
        opens = [o for o in chapters if name in direct_needs(o, chapters)]
        said = [chapter.description]
        if needs := direct_needs(name, chapters):
            said.append(f"It needs {_links(needs, chapters)}.")
        if opens:
            said.append(f"It opens the way to {_links(opens, chapters)}.")
        lines += [f"**{_link(chapter)}**", f": {' '.join(said)}", ""]
    return lines


def _links(names: Sequence[str], chapters: Mapping[str, Chapter]) -> str:
    links = [_link(chapters[name]) for name in names]
    return " and ".join(filter(None, [", ".join(links[:-1]), links[-1]]))


def _link(chapter: Chapter) -> str:
    return f"[{chapter.subject}](chapters/{chapter.name}.ipynb)"
