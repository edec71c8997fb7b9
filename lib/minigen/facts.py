"""Claims, systems, terms and sources: facts that are kept once, as data with ids.

A chapter shows one with a line of code, such as `facts.claim("king-man-woman")`. The
rows stand in `book/data/*.yml`, the sources in `book/references.bib`.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from minigen.references import (
    BOOK,
    FactError,
    Reference,
    read,
    reference,
    references,
)

#: What can be said of a claim: a closed list, so that the words keep their meaning.
VERDICTS = {
    "true": "right as it stands",
    "imprecise": "right in part, and misleading without the rest",
    "understated": "right in direction, and too small",
    "outdated": "was right once",
    "contested": "the evidence points both ways",
    "unproven": "no evidence that would settle it was found",
    "false": "the sources or the run say otherwise",
}
#: How a system generates, for the timeline and the filter; and in what it does so.
KINDS = ("token by token", "diffusion", "not disclosed")
MEDIA = ("text", "pictures", "sound", "video")
NOT_YET = "not yet"

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

Row = TypeVar("Row", "Claim", "System", "Term")


@dataclass(frozen=True)
class Claim:
    """Something that is often said, and what holds of it."""

    id: str
    group: str
    claim: str
    verdict: str
    why: str
    checked: str
    how: str
    sources: tuple[str, ...] = ()
    chapter: str = ""
    shown_in: str = NOT_YET
    #: Names of the chapter's records on which the verdict rests.
    measured: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """A system that people have heard of, and what its maker has published about it."""

    id: str
    name: str
    year: int
    maker: str
    kind: str
    media: tuple[str, ...]
    family: str
    size: str
    made_of: str
    checked: str
    how: str
    sources: tuple[str, ...]
    chapter: str = ""
    shown_in: str = NOT_YET


@dataclass(frozen=True)
class Term:
    """A term of the field, defined once."""

    id: str
    term: str
    definition: str
    #: Other forms under which running text has it, as "memorised" for memorisation.
    also: tuple[str, ...] = ()
    symbol: str = ""
    chapter: str = ""
    see: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """What a notebook shows of a fact: labelled lines, then the sources."""

    lines: tuple[tuple[str, str], ...]
    sources: tuple[Reference, ...] = ()
    in_full: bool = False

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Return the card as plain text and as HTML."""
        return {"text/plain": self.plain(), "text/html": self.html()}

    def plain(self) -> str:
        """Return the card as text."""
        lines = [f"{label}: {text}" for label, text in self.lines]
        if self.in_full:
            lines += [f"{r.short}. {r.title}. {r.venue} {r.url}" for r in self.sources]
        elif self.sources:
            lines.append("Sources: " + "; ".join(r.short for r in self.sources))
        return "\n".join(lines)

    def html(self) -> str:
        """Return the card as HTML; its look needs no style sheet."""
        lines = [
            f"<strong>{html.escape(label)}:</strong> {html.escape(text)}"
            for label, text in self.lines
        ]
        if self.in_full:
            lines += map(_entry, self.sources)
        elif self.sources:
            links = (_link(r, r.short) for r in self.sources)
            lines.append("Sources: " + "; ".join(links))
        body = "".join(f'<p style="margin:.3em 0">{line}</p>' for line in lines)
        style = "border-left:.25em solid currentColor;padding-left:1em;margin:1em 0"
        return f'<div class="fact-card" style="{style}">{body}</div>'


def claim(id: str, *, book: Path = BOOK) -> Card:
    """Return a card with a claim, its verdict, the reason and the sources."""
    row = _find(claims(book), id, "claim")
    lines = (
        ("Claim, checked", row.claim),
        (f"Verdict: {row.verdict}", row.why),
    )
    return Card(lines, _cited(row.sources, book))


def system(id: str, *, book: Path = BOOK) -> Card:
    """Return a card with what is published about a system."""
    row = _find(systems(book), id, "system")
    lines = (
        (f"{row.name} ({row.maker}, {row.year})", row.made_of),
        ("Family", row.family),
        ("Size", row.size),
    )
    return Card(lines, _cited(row.sources, book))


def sources(*keys: str, book: Path = BOOK) -> Card:
    """Return a card that lists sources of the bibliography in full, in this order."""
    return Card((), _cited(keys, book), in_full=True)


@cache
def claims(book: Path = BOOK) -> tuple[Claim, ...]:
    """Return the checked claims in the order of `claims.yml`."""
    rows = _rows("claims", Claim, book)
    for row in rows:
        if row.verdict not in VERDICTS:
            raise FactError(
                f"claims.yml, {row.id}: the verdict is one of {', '.join(VERDICTS)}, "
                f"not {row.verdict!r}"
            )
        if not row.sources and row.verdict != "unproven":
            raise FactError(
                f"claims.yml, {row.id}: a verdict other than unproven needs a source"
            )
    return rows


@cache
def systems(book: Path = BOOK) -> tuple[System, ...]:
    """Return the systems in the order of `systems.yml`."""
    rows = _rows("systems", System, book)
    for row in rows:
        if not row.sources:
            raise FactError(f"systems.yml, {row.id}: a system needs a primary source")
        for name, given, allowed in (
            ("kind", {row.kind}, KINDS),
            ("media", set(row.media), MEDIA),
        ):
            if not given <= set(allowed):
                raise FactError(
                    f"systems.yml, {row.id}: {name} may be {', '.join(allowed)}, not "
                    f"{', '.join(sorted(given - set(allowed)))}"
                )
    return rows


@cache
def terms(book: Path = BOOK) -> tuple[Term, ...]:
    """Return the glossary, sorted by term."""
    rows = _rows("glossary", Term, book)
    known = {row.id for row in rows}
    for row in rows:
        for other in row.see:
            if other not in known or other == row.id:
                raise FactError(
                    f"glossary.yml, {row.id}: `see` names {other!r}, which is no other "
                    "term of the glossary"
                )
    return tuple(sorted(rows, key=lambda row: row.term.casefold()))


def _rows(name: str, kind: type[Row], book: Path) -> tuple[Row, ...]:
    """Read one file of rows and hold each against the fields of its dataclass."""
    file = f"{name}.yml"
    given = yaml.safe_load(read(book / "data" / file))
    if not isinstance(given, list):
        raise FactError(f"{file} must be a list of rows, each beginning `- id: …`")
    rows: list[Row] = []
    known = references(book)
    for number, values in enumerate(given, start=1):
        row = kind(**_checked(f"{file}, row {number}", values, kind))
        if any(row.id == other.id for other in rows):
            raise FactError(f"{file} has the id {row.id} twice: an id names one row")
        for key in row.sources:
            if key not in known:
                raise FactError(
                    f"{file}, {row.id}: the source {key!r} is not in references.bib"
                )
        rows.append(row)
    return tuple(rows)


def _checked(place: str, values: Any, kind: type[Row]) -> dict[str, Any]:
    if not isinstance(values, dict) or not _ID.fullmatch(str(values.get("id", ""))):
        raise FactError(f"{place}: a row begins with an id such as `id: latent-space`")
    place = f"{place} ({values['id']})"
    allowed = {f.name: f for f in fields(kind)}
    for name in values:
        if name not in allowed:
            raise FactError(
                f"{place}: there is no field {name!r}; it may be {', '.join(allowed)}"
            )
    row: dict[str, Any] = {}
    for name, known in allowed.items():
        if values.get(name) in (None, "", []):
            if known.default is MISSING:
                raise FactError(f"{place}: the field {name!r} is missing or empty")
        elif known.type == tuple[str, ...]:
            row[name] = tuple(_listed(f"{place}, {name}", values[name]))
        elif known.type is int:
            row[name] = _year(f"{place}, {name}", values[name])
        else:
            row[name] = _text(values[name])
    return row


def _listed(place: str, value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        raise FactError(f"{place}: a list such as [ho2020denoising] is needed")
    yield from map(_text, value)


def _year(place: str, value: Any) -> int:
    if not isinstance(value, int) or not 1900 <= value <= 2100:
        raise FactError(f"{place}: a year such as 2020 is needed, not {value!r}")
    return value


def _text(value: Any) -> str:
    """Return a value as one line of text; YAML reads a bare true as a truth value."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return " ".join(text.split())


def _find(rows: tuple[Row, ...], id: str, kind: str) -> Row:
    for row in rows:
        if row.id == id:
            return row
    raise KeyError(f"there is no {kind} {id!r}; there are {_near(id, rows)}")


def _near(id: str, rows: tuple[Row, ...]) -> str:
    """Return the ids that share a word with the one asked for, or all of them."""
    words = set(id.split("-"))
    ids = [row.id for row in rows]
    return ", ".join([i for i in ids if words & set(i.split("-"))] or ids)


def _cited(keys: tuple[str, ...], book: Path) -> tuple[Reference, ...]:
    return tuple(reference(key, book=book) for key in keys)


def _link(source: Reference, text: str) -> str:
    return f'<a href="{html.escape(source.url)}">{html.escape(text)}</a>'


def _entry(source: Reference) -> str:
    venue = f". {html.escape(source.venue)}." if source.venue else ""
    return f"{html.escape(source.short)}. {_link(source, source.title)}{venue}"
