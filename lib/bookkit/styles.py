"""One style sheet for the site: the theme's in a layer below, the book's own above.

The theme and its extensions bring eight sheets. In a cascade layer they give way to
every rule of the book, however specific theirs are, save what they mark as important;
and all together are one request.
"""

import posixpath
import re
from pathlib import Path

from bookkit import finer
from bookkit.paths import to_root

#: Sheets of the book itself, which stand above the layer, in this order.
OWN = (
    "type.css", "figures.css", "live.css", "live-painter.css", "live-tokens.css",
    "quiz.css", "book.css", "cells.css", "frame.css",
)  # fmt: skip
#: Sheets that the site needs only where something on it has such a class.
SIGNS = {
    "sphinx-design.min.css": r'class="(?:[^"]* )?sd-',
    "togglebutton.css": r'class="(?:[^"]* )?(?:toggle|dropdown)[ "]',
}
#: The sheet that only pages with formulas load.
APART = "formulas.css"
_LINK = re.compile(r'\s*<link\b[^>]*href="[^"]*_static/([\w./-]+\.css)[^"]*"[^>]*/?>')
_IMPORT = re.compile(r'@import "([^"]+)";')
_LOADED = re.compile(r"""url\(["']?(?!data:)([^)"']+)["']?\)""")


def read(static: Path, name: str) -> str:
    """Return a sheet with what it imports, its addresses counted from `static`."""

    def at(address: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))

    text = (static / name).read_text(encoding="utf-8-sig")
    text = re.sub(r"@charset [^;]+;", "", text)
    # In a layer "important" means above all others, so the theme's shadows would stay.
    text = re.sub(r"(box-shadow:[^;}]*?)\s*!important", r"\1", text)
    text = _LOADED.sub(lambda found: f"url({at(found[1])})", text)
    return _IMPORT.sub(lambda found: read(static, at(found[1])), text)


def join(site: Path) -> None:
    """Give the pages of a built site one sheet, and the marks that it sets them by."""
    static = site / "_static"
    pages = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    names = {name for text in pages.values() for name in _LINK.findall(text)} - {APART}
    if not names:
        return
    order = list(dict.fromkeys(n for t in pages.values() for n in _LINK.findall(t)))
    idle = {
        name
        for name, sign in SIGNS.items()
        if not any(re.search(sign, text) for text in pages.values())
    }
    below = [read(static, name) for name in order if name in names - {*OWN} - idle]
    above = [read(static, name) for name in OWN if name in names]
    for name in names:
        (static / name).unlink()
    (static / "site.css").write_text(
        "\n".join(["@layer theme {", *below, "}", *above]), encoding="utf-8"
    )
    for path, text in pages.items():
        link = (
            f'\n  <link rel="stylesheet" href="{to_root(path, site)}_static/site.css">'
        )
        text = _LINK.sub(lambda found: found[0] if found[1] == APART else "", text)
        text = finer.refined(text.replace("</title>", f"</title>{link}", 1))
        path.write_text(text, "utf-8")
