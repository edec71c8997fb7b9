"""The timeline of systems: a list by year, which the page's script can narrow down."""

import html
from collections.abc import Sequence
from itertools import groupby

from minigen import facts

#: What the filter says; {n} and {all} are counts of systems.
WORDS = {
    "kind": "How it generates",
    "media": "What it generates",
    "any": "any",
    "count": "{n} of {all} systems",
}


def timeline(rows: Sequence[facts.System]) -> str:
    """Return the systems by year in raw HTML for MyST, under a filter.

    The filter is hidden until the script shows it; every entry leads to the system's
    section, by which the script finds what to hide (web/systems.js).
    """
    ordered = sorted(rows, key=lambda row: row.year)
    lines = [
        "````{raw} html",
        f'<div class="systems" data-systems="{html.escape(WORDS["count"])}">',
        '<form class="systems-filter" hidden>',
        _choice("kind", facts.KINDS, {row.kind for row in rows}),
        _choice("media", facts.MEDIA, {one for row in rows for one in row.media}),
        '<output aria-live="polite"></output>',
        "</form>",
        '<ol class="timeline">',
    ]
    for year, made in groupby(ordered, key=lambda row: row.year):
        lines += [f"<li><b>{year}</b><ul>", *map(_entry, made), "</ul></li>"]
    return "\n".join([*lines, "</ol>", "</div>", "````"])


def _choice(name: str, known: Sequence[str], used: set[str]) -> str:
    options = "".join(
        f"<option>{html.escape(value)}</option>" for value in known if value in used
    )
    return (
        f'<label>{WORDS[name]} <select name="{name}"><option value="">{WORDS["any"]}'
        f"</option>{options}</select></label>"
    )


def _entry(row: facts.System) -> str:
    kind, media = html.escape(row.kind), html.escape(" ".join(row.media))
    return (
        f'<li data-kind="{kind}" data-media="{media}"><a href="#system-{row.id}">'
        f"{html.escape(row.name)}</a> <span>{', '.join(row.media)}, {kind}</span></li>"
    )
