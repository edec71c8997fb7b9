"""What the site adds to a chapter: its head, and finishing touches to the HTML."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from bookkit import card, formulas, icons, meta, styles
from bookkit.paths import to_root

#: How fast one reads prose with formulas and code in it.
WORDS_A_MINUTE = 150


def title(notebook: Any) -> str:
    """Return the text of a notebook's first heading."""
    for cell in notebook.cells:
        for line in cell.source.splitlines():
            if line.startswith("# "):
                return line[2:].strip()
    return ""


def minutes(notebook: Any) -> int:
    """Return how many minutes a chapter's prose takes to read."""
    words = sum(
        len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown"
    )
    return max(1, round(words / WORDS_A_MINUTE))


def times(notebook: Any) -> list[str]:
    """Return how long a chapter takes a reader, and a CPU."""
    told = [f"{minutes(notebook)} min to read"]
    if seconds := notebook.metadata.get("run", {}).get("seconds"):
        told.append(f"{seconds:.0f} s to run on a CPU")
    return told


def head(notebook: Any, links: Mapping[str, str] | None = None) -> str:
    """Return what stands under a chapter's title: minutes, level, what it needs.

    `links` are its slides, and the places to run it elsewhere (see elsewhere.py).
    """
    book = notebook.metadata.get("book", {})
    facts = times(notebook)
    if level := book.get("level"):
        facts.append(str(level))
    if needs := book.get("prerequisites"):
        facts.append("needs " + ", ".join(f"[]({name}.ipynb)" for name in needs))
    lines = [" · ".join(facts)]
    if links:
        # As HTML: the slides are no document that a link of MyST could find.
        lines.append(" ".join(f'<a href="{u}">{name}</a>' for name, u in links.items()))
    return "```{div} chapter-head\n" + "\n\n".join(lines) + "\n```"


def add_head(notebook: Any, links: Mapping[str, str] | None = None) -> None:
    """Put the head after the title, in a cell of its own for the site alone."""
    cell = nbformat.v4.new_markdown_cell(head(notebook, links))
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


#: Asks for two faces before the style sheet comes. It is a script, because a browser
#: that reads the site from files refuses to preload a font, and complains.
PRELOAD = """<script>
if (location.protocol !== "file:") for (const face of ["source-serif-4", "inter"])
  document.head.append(Object.assign(document.createElement("link"), {rel: "preload",
    as: "font", type: "font/woff2", crossOrigin: "",
    href: `{up}_static/fonts/${face}-latin-wght-normal.woff2`}));
</script>"""
#: What the theme leaves to mend in every page: a pattern, and what to put there.
MENDED = [
    # Without an icon of its own a page makes the browser ask for /favicon.ico.
    (
        r"</head>",
        '<link rel="icon" type="image/svg+xml" href="{up}_static/icon.svg" />\n</head>',
    ),
    # The faces that every page begins with.
    (r"</title>", f"</title>\n{PRELOAD}"),
    # One word on the width of the screen is enough, and no search service reads the
    # theme's own tags.
    (r'<meta name="viewport"[^>]*>\s*(?=<meta name="viewport")', ""),
    (r'\s*<meta name="(?:viewport|docsearch:\w+)" content="[^"]*"/>', ""),
    (r'\s*<meta name="docsearch:\w+"[^>]*/>', ""),
    # The footer's own links, from each page's depth.
    (r'href="([^"]+)" data-from-root', r'href="{up}\1"'),
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
    (r"copybutton\.js|clipboard\.min\.js", r'class="highlight"'),
    (r"togglebutton\.js", r'class="(?:[^"]* )?(?:toggle|dropdown)[ "]'),
    (r"design-tabs\.js", r'class="[^"]*\bsd-tab'),
    (r"player\.js", r"\bdata-player="),
    (r"live(?!-tokens)(?:-\w+)?\.js", r"\bdata-live="),
    (r"live-tokens\.js", r"\bdata-tokens="),
    (r"quiz\.js", r"\bdata-quiz="),
    (r"systems\.js", r"\bdata-systems="),
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
    # The theme's templates leave hundreds of empty lines; code keeps its own.
    parts = re.split(r"(<pre.*?</pre>)", text, flags=re.S)
    return "".join(
        part if part.startswith("<pre") else re.sub(r"\n\s*\n", "\n", part)
        for part in parts
    )


def finish(html: Path, known: Mapping[str, str], said: Mapping[str, str]) -> None:
    """Finish the built pages in place, and keep of the theme what they use.

    `known` are the public addresses, and `said` the descriptions of documents.
    """
    formulas.draw(html)
    for path in html.rglob("*.html"):
        text = finished(path.read_text(encoding="utf-8"), to_root(path, html))
        document = path.relative_to(html).with_suffix("").as_posix()
        description = said.get(document) or meta.opening(text)
        tags = meta.tags(text, document, description, known.get("site", ""))
        path.write_text(text.replace("</head>", f"{tags}\n</head>", 1), "utf-8")
    icons.shrink(html)
    styles.join(html)
    home = (html / "index.html").read_text(encoding="utf-8")
    card.draw(home, html / "_static" / "card.png")
