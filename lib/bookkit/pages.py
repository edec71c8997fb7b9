"""What the site adds to a chapter: its head, and finishing touches to the HTML."""

import re
from pathlib import Path
from typing import Any

import nbformat

from bookkit import formulas, icons, styles
from bookkit.paths import to_root


def title(notebook: Any) -> str:
    """Return the text of a notebook's first heading."""
    for cell in notebook.cells:
        for line in cell.source.splitlines():
            if line.startswith("# "):
                return line[2:].strip()
    return ""


def head(notebook: Any) -> str:
    """Return the line under a chapter's title: minutes, level, prerequisites."""
    book = notebook.metadata.get("book", {})
    words = sum(
        len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown"
    )
    facts = [f"{max(1, round(words / 200))} min to read"]
    if seconds := notebook.metadata.get("run", {}).get("seconds"):
        facts.append(f"{seconds:.0f} s to run on a CPU")
    if level := book.get("level"):
        facts.append(str(level))
    if needs := book.get("prerequisites"):
        facts.append("needs " + ", ".join(needs))
    return "```{div} chapter-head\n" + " · ".join(facts) + "\n```"


def add_head(notebook: Any) -> None:
    """Put the head after the title, in a cell of its own for the site alone."""
    cell = nbformat.v4.new_markdown_cell(head(notebook))
    cell["id"] = "chapter-head"
    first = notebook.cells[0]
    lines = first.source.splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith("# ")), None)
    if at is None:
        return
    rest = "\n".join(lines[at + 1 :]).strip()
    first.source = "\n".join(lines[: at + 1])
    after = [cell]
    if rest:
        more = nbformat.v4.new_markdown_cell(rest)
        more["id"] = "chapter-opening"
        after.append(more)
    notebook.cells[1:1] = after


def keep_what_is_shown(notebook: Any) -> None:
    """Take the data meant for other programs out of the outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in [k for k in output.get("data", {}) if "vnd.minigen" in k]:
                del output["data"][kind]


#: The mark of the book in the tab of a browser: pixels that come out of noise.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4' "
    "fill='%234a6fa5'%3E%3Cpath d='M0 0h1v4H0zM1 3h3v1H1z'/%3E"
    "%3Cpath opacity='.6' d='M1 1h1v1H1zM2 2h1v1H2z'/%3E"
    "%3Cpath opacity='.3' d='M2 0h1v1H2zM3 1h1v1H3z'/%3E%3C/svg%3E"
)
#: What the theme leaves to mend in every page: a pattern, and what to put there.
MENDED = [
    # Without an icon of its own a page makes the browser ask for /favicon.ico.
    (r"</head>", f'<link rel="icon" href="{ICON}" />\n</head>'),
    # The footer's own link, from each page's depth.
    (r'href="THIRD-PARTY.txt" data-from-root', r'href="{up}THIRD-PARTY.txt"'),
    # The sidebar is a landmark, and its search button is called what it shows.
    (r'(<div id="pst-primary-sidebar")', r'\1 role="navigation" aria-label="Book"'),
    (r'(<button class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    # An entry of a list has the role that the list calls for.
    (r'(<div class="citation"[^>]*) role="doc-biblioentry"', r'\1 role="listitem"'),
    # A menu offers no source that the site does not carry.
    (r'<li><a href="[^"]*_sources/[^"]*".*?</li>', ""),
    # Formulas are drawn already (see formulas.py).
    (r"\s*<script>window\.MathJax = .*?</script>", ""),
    (r'\s*<script[^>]*src="[^"]*/mathjax/[^>]*></script>', ""),
    # What is only for paper says the title and the contents again, and no page has an
    # advertisement.
    (r'<div id="jb-print-docs-body".*?(?=<div id="searchbox">)', ""),
    (
        r'<div class="sidebar-primary-items__end sidebar-primary__section">\s*<div '
        r'class="sidebar-primary-item">\s*<div id="ethical-ad-placement".*?</div>'
        r"\s*</div>\s*</div>",
        "",
    ),
    # Folded code is called what it shows; a folded solution has a name of its own.
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    (
        r'(<div class="cell tag_solution.*?)Show the code(.*?)Hide the code',
        r"\1Show a solution\2Hide the solution",
    ),
    # The script draws icons that a font draws too (see icons.py).
    (r'\s*<script[^>]*src="[^"]*/fontawesome\.js[^>]*></script>', ""),
]
#: Scripts for a page that has something for them, and how to tell.
_NEEDED = [
    (r"searchtools\.js|language_data\.js|searchindex\.js", r'id="search-results"'),
]


def finished(text: str, up: str) -> str:
    """Return a page's HTML with the theme's faults mended and idle scripts left out.

    `up` leads from the page to the root of the site, such as "../" or "".
    """
    for pattern, instead in MENDED:
        text = re.sub(pattern, instead.replace("{up}", up), text, flags=re.S)
    for script, sign in _NEEDED:
        if not re.search(sign, text):
            text = re.sub(
                rf'\s*<script[^>]*src="[^"]*(?:{script})[^>]*></script>', "", text
            )
    return text


def finish(html: Path, known: dict[str, str]) -> None:
    """Finish the built pages in place, and keep of the theme what they use."""
    formulas.draw(html)
    for path in html.rglob("*.html"):
        text = finished(path.read_text(encoding="utf-8"), to_root(path, html))
        path.write_text(text, encoding="utf-8")
    icons.shrink(html)
    styles.join(html)
