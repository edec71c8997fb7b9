"""Keep of the theme's 2,000 icons the ones that the pages show.

The theme ships every icon three times: as a script that draws them (0.5 MB compressed),
as fonts, and as one CSS rule each. A page needs a few glyphs of one font.
"""

import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

_RULE = re.compile(r'((?:\.fa-[\w-]+::?before,?)+)\{content:"(\\?[^"]+)"\}')
_NAME = re.compile(r"\bfa-[a-z0-9-]+")
_GLYPH = re.compile(r"[\ue000-\uf8ff]|\\[ef][0-9a-f]{3}\b")
_WOFF2 = re.compile(r'url\([^()]*/fa-[\w-]+\.woff2\) format\("woff2"\),')


def shrink(html: Path) -> None:
    """Cut the icon script, fonts and rules of a built site down to what it uses."""
    static = html / "_static"
    theme = static / "styles" / "pydata-sphinx-theme.css"
    (static / "scripts" / "fontawesome.js").unlink()
    for path in static.rglob("*.map"):
        path.unlink()
    style, codes = trimmed(theme.read_text(encoding="utf-8"), names(html))
    theme.write_text(style, encoding="utf-8")
    for path in static.rglob("*.css"):
        codes |= glyphs(path.read_text(encoding="utf-8"))
    for path in (static / "vendor" / "fontawesome" / "webfonts").glob("*.ttf"):
        cut(path, codes)
        path.with_suffix(".woff2").unlink()


def names(html: Path) -> set[str]:
    """Return the names of the icons that pages and scripts mention."""
    found: set[str] = set()
    for path in [*html.rglob("*.html"), *(html / "_static").rglob("*.js")]:
        found.update(_NAME.findall(path.read_text(encoding="utf-8")))
    return found


def glyphs(style: str) -> set[int]:
    """Return the icons that a style sheet writes as characters of an icon font."""
    return {
        int(glyph[1:], 16) if glyph.startswith("\\") else ord(glyph)
        for glyph in _GLYPH.findall(style)
    }


def trimmed(style: str, used: set[str]) -> tuple[str, set[int]]:
    """Return the style without the rules of unused icons, and the icons it has left."""

    def keep(rule: re.Match[str]) -> str:
        return rule[0] if used.intersection(_NAME.findall(rule[1])) else ""

    kept = _WOFF2.sub("", _RULE.sub(keep, style))
    codes = {
        ord(rule[2]) for rule in _RULE.finditer(kept) if not rule[2].startswith("\\")
    }
    return kept, codes | glyphs(kept)


def cut(path: Path, codes: set[int], *, name: str = "Book icons") -> None:
    """Leave in a font file the glyphs of `codes` alone, and call the font `name`.

    A changed font may not carry the name that its licence (OFL) reserves; the
    copyright and the licence stay.
    """
    font = TTFont(path, recalcTimestamp=False)
    options = subset.Options(layout_features=[], name_IDs=[0, 13, 14])
    options.drop_tables += ["FFTM"]  # the time stamps of an editor of fonts
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    for number, called in {1: name, 4: name, 6: name.replace(" ", "")}.items():
        font["name"].setName(called, number, 3, 1, 0x409)
    font.save(path)
