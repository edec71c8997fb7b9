"""The page of the scoreboard: the book's numbers, each beside what it is held against.

It begins with one line a chapter, and with the models that draw digits on the ruler
that all of them share, so that it can still be read when the chapters are many.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bookkit import BookError
from bookkit.paths import PAGES
from bookkit.scoreboard import aim
from minigen.record import number

LIMITS = ("floor", "ceiling", "baseline")
#: A bar is as long as the page allows from so many floors on: what lies farther off
#: would make the others too short to compare.
FULL = 3.0
#: What the shared ruler measures: see minigen/ruler.py, and how chapters name it.
RULED, RULER_UNIT = "distance of samples", "× floor"
#: A line of a page that stands for a record: `%record chapter name of the record`.
_RECORD = re.compile(r"^%record +(\S+) +(.+?) *$", re.MULTILINE)


def page(rows: list[dict[str, Any]], titles: dict[str, str]) -> str:
    """Return the scoreboard in MyST: a summary, then one table a chapter."""
    text = [(PAGES / "_scoreboard_intro.md").read_text(encoding="utf-8").rstrip(), ""]
    chapters = list(dict.fromkeys(row["chapter"] for row in rows))
    made = {
        chapter: [row for row in rows if row["chapter"] == chapter and "name" in row]
        for chapter in chapters
    }
    runs = {row["chapter"]: row["run"] for row in rows if "run" in row}
    names = {chapter: titles.get(chapter, chapter) for chapter in chapters}
    text += _summary(made, runs, names)
    text += _ruler(made, names)
    for chapter in chapters:
        text += [
            f"\n({_label(chapter)})=\n## {names[chapter]}\n",
            f"[Read the chapter](chapters/{chapter}.ipynb). It ran in "
            f"{runs.get(chapter, {}).get('seconds', 0):.0f} s and took "
            f"{runs.get(chapter, {}).get('peak_mib', 0):,.0f} MiB of memory at most.\n",
            *table(made[chapter]),
        ]
    return "\n".join(text) + "\n"


def _label(chapter: str) -> str:
    return f"scoreboard-{chapter.replace('_', '-')}"


def _summary(
    made: dict[str, list[dict[str, Any]]],
    runs: dict[str, dict[str, Any]],
    names: dict[str, str],
) -> list[str]:
    """Return a line a chapter: how many goals it met, and how long it ran."""
    lines = ["| chapter | goals met | run |", "|---|---:|---:|"]
    for chapter, rows in made.items():
        goals = [row["met"] for row in rows if row["goal"] is not None]
        cells = [
            f"[{names[chapter]}](#{_label(chapter)})",
            f"{sum(goals)} of {len(goals)}" if goals else "none set",
            f"{runs.get(chapter, {}).get('seconds', 0):.0f} s",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _ruler(made: dict[str, list[dict[str, Any]]], names: dict[str, str]) -> list[str]:
    """Return the models that the shared ruler measured, the closest first."""
    ruled = [
        row
        for rows in made.values()
        for row in rows
        if row["name"].startswith(RULED) and row["unit"] == RULER_UNIT
    ]
    if len({row["chapter"] for row in ruled}) < 2:
        return []
    longest = min(FULL, max(row["value"] for row in ruled))
    intro = (PAGES / "_ruler_intro.md").read_text(encoding="utf-8").rstrip()
    lines = ["", intro, "", f"| model | {RULER_UNIT} | drawn |", "|---|---:|---|"]
    for row in sorted(ruled, key=lambda row: row["value"]):
        _, _, model = row["name"].partition(", ")
        share = min(100, 100 * row["value"] / longest)
        cells = [
            f"[{model or names[row['chapter']]}](#{_label(row['chapter'])})",
            _value(row | {"unit": ""}),
            f'<span class="bar" style="--share: {share:.0f}%"></span>',
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def find(rows: Sequence[Mapping[str, Any]], chapter: str, name: str) -> dict[str, Any]:
    """Return a chapter's record of that name."""
    for row in rows:
        if row["chapter"] == chapter and row.get("name") == name:
            return dict(row)
    raise BookError(
        f"a page rests on the record {name!r} of the chapter {chapter}, which shows "
        "none of that name: correct the page or the row in book/data that names it"
    )


def insert(
    text: str, rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]
) -> str:
    """Return a page's text with every %record line replaced by that number."""

    def replaced(match: re.Match[str]) -> str:
        row = find(rows, match[1], match[2])
        return f"- {line(row)} ([{titles[match[1]]}](chapters/{match[1]}.ipynb))"

    return _RECORD.sub(replaced, text)


def line(row: dict[str, Any]) -> str:
    """Return a record in a line: what it measures, its value and what limits it."""
    name = row["name"][0].upper() + row["name"][1:]
    return f"{name}: **{_value(row)}**; {_against(row, ', ')}"


def _against(row: dict[str, Any], between: str = " · ") -> str:
    """Return what a value is held against."""
    return between.join(
        f"{limit}\N{NO-BREAK SPACE}{_plain(row[limit], row['unit'])}"
        for limit in LIMITS
        if row.get(limit) is not None
    )


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return numbers beside what they are held against, as a table's lines."""
    lines = ["| what | value | held against | goal |", "|---|---:|---|---|"]
    for row in rows:
        cells = [row["name"], _value(row), _against(row), _goal(row)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _plain(value: float, unit: str) -> str:
    """Return a limit; its unit stands with the value, but for the sign of a share."""
    return number(value, unit if unit == "%" else "")


def _value(row: dict[str, Any]) -> str:
    text = number(row["value"], row["unit"])
    if row.get("interval"):
        low, high = (_plain(end, row["unit"]) for end in row["interval"])
        text += f" ({low} to {high})"
    return text


def _goal(row: dict[str, Any]) -> str:
    if row["goal"] is None:
        return ""
    bare = row | {"unit": row["unit"] if row["unit"] == "%" else ""}
    return f"{aim(bare)}: {'met' if row['met'] else '**missed**'}"
