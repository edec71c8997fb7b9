"""The pages of claims, systems and terms, written from the data."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
import yaml

from bookkit import BookError, pages, scores, systems
from bookkit.paths import CHAPTERS, PAGES
from minigen import facts
from minigen.references import BOOK, FactError, reference

PLANNED = BOOK / "data" / "planned.yml"

_LABEL = re.compile(r"^\(([^()\s]+)\)=\s*$", re.MULTILINE)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$@^!&])")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August",
    "September", "October", "November", "December",
)  # fmt: skip


def labels(root: Path = BOOK.parent) -> set[str]:
    """Return the explicit labels of all hand-written pages and chapters."""
    # Those with an underscore are the beginnings of generated pages.
    texts = [
        path.read_text(encoding="utf-8")
        for path in (root / PAGES.name).rglob("[!.]*.md")
    ]
    for path in (root / CHAPTERS.name).glob("[!_.]*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts += ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    return {label for text in texts for label in _LABEL.findall(text)}


def written(root: Path = BOOK.parent) -> dict[str, str]:
    """Return the chapters that exist: file name and title."""
    return {
        path.stem: pages.title(nbformat.read(path, as_version=4)) or path.stem
        for path in sorted((root / CHAPTERS.name).glob("[!_.]*.ipynb"))
    }


def planned() -> dict[str, str]:
    """Return the working titles of the chapters that rows may name beforehand."""
    return dict(yaml.safe_load(PLANNED.read_text(encoding="utf-8")) or {})


def problems() -> list[str]:
    """Return what the rows say of chapters and sections that does not hold."""
    try:
        rows: list[facts.Claim | facts.System | facts.Term] = [
            *facts.claims(),
            *facts.systems(),
            *facts.terms(),
        ]
    except FactError as error:
        return [str(error)]
    known, sections = {**planned(), **written()}, labels()
    found = []
    for row in rows:
        shown = getattr(row, "shown_in", facts.NOT_YET)
        if row.chapter and row.chapter not in known:
            found.append(
                f"{row.id} names the chapter {row.chapter!r}: there is no such "
                "notebook, and planned.yml does not announce it"
            )
        if shown != facts.NOT_YET and shown not in sections:
            found.append(
                f"{row.id} is shown in {shown!r}: no page or chapter has the label "
                f"({shown})="
            )
    return found


def check() -> None:
    """Stop the build, by name, at a row that points to nothing."""
    if found := problems():
        raise BookError("the facts in book/data need mending: " + "; ".join(found))


def all_pages(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the pages that are made of the data: file name and text.

    `rows` are those of the scoreboard, from which verdicts take their numbers.
    """
    return {
        "claims.md": claims_page(rows),
        "systems.md": systems_page(),
        "glossary.md": glossary_page(),
    }


def claims_page(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of checked claims in MyST."""
    text = [_intro("_claims_intro.md"), "", _verdicts()]
    for group, rows in groupby(facts.claims(), key=lambda row: row.group):
        text += [f"\n({_slug('claims', group)})=\n## {plain(group)}"]
        for row in rows:
            mark = f"[{row.verdict}]{{.verdict .verdict-{row.verdict}}}"
            text += [
                f"\n(claim-{row.id})=\n### {plain(row.claim.rstrip('.'))}\n",
                f"**Verdict: {mark}.** {plain(row.why)}\n",
                *_measured(row, records),
                *_fields(row, row.sources),
            ]
    return "\n".join(text) + "\n"


def systems_page() -> str:
    """Return the page of systems in MyST."""
    text = [_intro("_systems_intro.md"), "", systems.timeline(facts.systems())]
    for row in facts.systems():
        text += [
            f"\n(system-{row.id})=\n## {plain(row.name)}\n",
            f"{plain(row.made_of)}\n",
            f":Year: {row.year}",
            f":Maker: {plain(row.maker)}",
            f":Family: {plain(row.family)}",
            f":Size: {plain(row.size)}",
            *_fields(row, row.sources),
        ]
    return "\n".join(text) + "\n"


def glossary_page() -> str:
    """Return the glossary in MyST; each term is a heading, so that search finds it."""
    names = {row.id: row.term for row in facts.terms()}
    known = written()
    text = [_intro("_glossary_intro.md")]
    for letter, rows in groupby(facts.terms(), key=lambda row: row.term[0].upper()):
        text += [f"\n(glossary-{letter.lower()})=\n## {letter}"]
        for row in rows:
            more = f" Written ${row.symbol}$." if row.symbol else ""
            if row.chapter in known:
                more += f" Introduced in {_link_chapter(row.chapter, known)}."
            if row.see:
                others = (f"[{plain(names[i])}](#term-{i})" for i in row.see)
                more += f" See {', '.join(others)}."
            if row.sources:
                more += f" {_sources(row.sources)}."
            text += [
                f"\n(term-{row.id})=\n### {plain(row.term)}\n",
                f"{plain(row.definition)}{more}",
            ]
    return "\n".join(text) + "\n"


def plain(text: str) -> str:
    """Return text with everything escaped that MyST or HTML would read as markup."""
    return _MARKUP.sub(r"\\\1", text)


def _verdicts() -> str:
    """Return the list of verdicts, each with its meaning and its count."""
    given = [row.verdict for row in facts.claims()]
    return "\n".join(
        f"- **{verdict}**: {meaning} ({given.count(verdict)})"
        for verdict, meaning in facts.VERDICTS.items()
    )


def _measured(row: facts.Claim, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the numbers on which a verdict rests, as the chapter's run gave them."""
    if not row.measured:
        return []
    return [
        "In the book's own run:\n",
        *(f"- {scores.line(scores.find(records, row.chapter, name))}"
          for name in row.measured),
        "",
    ]  # fmt: skip


def _fields(row: facts.Claim | facts.System, keys: tuple[str, ...]) -> list[str]:
    """Return the lines that claims and systems share."""
    lines = []
    if keys:
        lines.append(f":Sources: {_sources(keys)}")
    if row.chapter:
        lines.append(f":Shown in: {_shown(row)}")
    lines.append(f":Checked: {_month(row.checked)} ({plain(row.how)})")
    return lines


def _shown(row: facts.Claim | facts.System) -> str:
    known = written()
    title = {**planned(), **known}[row.chapter]
    if row.shown_in != facts.NOT_YET:
        return f"[{plain(title)}](#{row.shown_in})"
    return f"{plain(title)} (not yet)"


def _link_chapter(chapter: str, known: dict[str, str]) -> str:
    return f"[{plain(known[chapter])}](chapters/{chapter}.ipynb)"


def _sources(keys: tuple[str, ...]) -> str:
    found = (reference(key) for key in keys)
    return "; ".join(f"[{plain(source.short)}]({source.url})" for source in found)


def _month(checked: str) -> str:
    year, _, month = checked.partition("-")
    return f"{_MONTHS[int(month) - 1]} {year}"


def _slug(kind: str, text: str) -> str:
    return f"{kind}-" + "-".join(re.findall(r"[a-z0-9]+", text.lower()))


def _intro(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8").rstrip()
