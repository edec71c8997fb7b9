"""Set the formulas of the site when it is built, so that no page needs a script.

MathJax runs once, in Node, for all pages. A page then carries each formula as HTML,
with MathML for screen readers, and loads of MathJax's fonts the few characters in use.
"""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bookkit import BookError, assets, icons
from bookkit.paths import WEB, to_root

#: A formula wider than this, in em, gets a box of its own that scrolls on a telephone.
WIDEST = 15.0

#: The one character of the font that gives a line no height, named in no rule.
_ZERO = 0xEFFC
#: The elements in which a formula may stand: Sphinx's, captions, records.
_PLACE = re.compile(
    r'<(span|div)\b[^>]*\bclass="[^"]*\bmath\b[^"]*"[^>]*>.*?</\1>'
    r'|<(figcaption|p)\b[^>]*\bclass="[^"]*\b(?:mathjax_process|record)\b.*?</\2>',
    re.DOTALL,
)
_FORMULA = re.compile(
    r"\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]+\*?)\}.*\\end\{(?P=name)\})",
    re.DOTALL,
)
_FACE = re.compile(
    r"@font-face[^{]*\{[^}]*family: (\w[\w-]*);[^}]*/([\w-]+\.woff)[^}]*\}"
)
_CONTENT = re.compile(r'content: "((?:\\.|[^"\\])*)"')


@dataclass(frozen=True)
class Formula:
    """A formula in TeX, on a line of its own or within one."""

    tex: str
    display: bool

    @staticmethod
    def of(match: re.Match[str]) -> "Formula":
        """Return the formula that was found in a page."""
        tex = match["inline"] or match["display"] or match["environment"]
        return Formula(html.unescape(tex).strip(), display=not match["inline"])


@dataclass(frozen=True)
class Typeset:
    """Formulas as HTML, and the style sheet that they share."""

    drawn: Mapping[Formula, str]
    style: str


def found(page: str) -> list[Formula]:
    """Return the formulas of a page, in their order."""
    return [
        Formula.of(match)
        for place in _PLACE.finditer(page)
        for match in _FORMULA.finditer(place[0])
    ]


def placed(page: str, drawn: Mapping[Formula, str]) -> str:
    """Return a page with its formulas drawn."""
    return _PLACE.sub(
        lambda place: _FORMULA.sub(lambda match: drawn[Formula.of(match)], place[0]),
        page,
    )


def typeset(wanted: Mapping[Formula, str]) -> Typeset:
    """Return the formulas as HTML; `wanted` says for each on which page it stands."""
    modules = assets.install()
    run = subprocess.run(
        [*assets.command("node"), str(WEB / "typeset.mjs"), str(modules)],
        input=json.dumps([{"tex": f.tex, "display": f.display} for f in wanted]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        raise BookError(
            f"MathJax could not be run by Node: {run.stderr.strip()[-400:]}"
        )
    made = json.loads(run.stdout)
    pairs = list(zip(wanted.items(), made["drawn"], strict=True))
    wrong = [
        f"    {page}: {one['error']} in {formula.tex}"
        for (formula, page), one in pairs
        if "error" in one
    ]
    if wrong:
        listed = "\n".join(wrong)
        raise BookError(f"these formulas do not parse, so mend their TeX:\n{listed}")
    drawn = {
        formula: _boxed(one["html"], formula, one["width"])
        for (formula, _), one in pairs
    }
    return Typeset(drawn, made["style"])


def _boxed(drawn: str, formula: Formula, width: float) -> str:
    """Return a formula in its box, which a keyboard can scroll where it is wide."""
    if width <= WIDEST:
        return f'<span class="formula">{drawn}</span>' if formula.display else drawn
    kind = "formula" if formula.display else "formula formula-in-line"
    label = 'tabindex="0" role="group" aria-label="Formula"'
    return f'<span class="{kind}" {label}>{drawn}</span>'


def characters(style: str) -> set[int]:
    """Return the characters that the rules of a style sheet write."""
    texts = (
        re.sub(
            r"\\([0-9A-Fa-f]+) ?|\\(.)",
            lambda m: chr(int(m[1], 16)) if m[1] else m[2],
            found,
        )
        for found in _CONTENT.findall(style)
    )
    return {ord(character) for text in texts for character in text}


def used_faces(made: Typeset) -> tuple[str, list[str]]:
    """Return the style without the fonts that no formula uses, and the files it has."""
    families = {"ZERO", "TEX", *(f"TEX-S{size}" for size in (1, 2, 3, 4))}
    for drawn in made.drawn.values():
        families.update(re.findall(r"\bTEX-\w+", drawn))
    files = []

    def keep(face: re.Match[str]) -> str:
        if face[1].removeprefix("MJX") not in families:
            return ""
        files.append(face[2])
        return face[0]

    return _FACE.sub(keep, made.style), files


def draw(site: Path) -> None:
    """Draw the formulas of all pages of a built site in place."""
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    wanted: dict[Formula, str] = {}
    for path, text in pages.items():
        for formula in found(text):
            wanted.setdefault(formula, path.relative_to(site).as_posix())
    shipped = site / "_static" / "mathjax"
    if wanted:
        made = typeset(wanted)
        style, files = used_faces(made)
        target = site / "_static" / "formulas"
        target.mkdir(exist_ok=True)
        for name in files:
            shutil.copy2(next(shipped.rglob(name)), target / name)
            icons.cut(target / name, characters(style) | {_ZERO}, name="Book formulas")
        (site / "_static" / "formulas.css").write_text(style.strip(), encoding="utf-8")
        for path, text in pages.items():
            drawn = placed(text, made.drawn)
            if drawn != text:
                root = to_root(path, site)
                link = f'<link rel="stylesheet" href="{root}_static/formulas.css" />\n'
                path.write_text(drawn.replace("</head>", link + "</head>", 1), "utf-8")
    shutil.rmtree(shipped, ignore_errors=True)
