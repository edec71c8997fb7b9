"""Make a deck of slides of each executed chapter, with reveal.js.

What is on a slide is chosen in deck.py. The decks stand in one folder with everything
that they load; they open as files, without a server or a network.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import nbformat

from bookkit import (
    BookError,
    archive,
    assets,
    deck,
    formulas,
    live,
    one_sentence,
    pages,
    toc,
)
from bookkit.paths import BUILD, ROOT, SOURCE, WEB, relative
from bookkit.printing import print_decks
from bookkit.words import Voice

TARGET = BUILD / "slides"
#: Where the site has the decks.
FOLDER = "slides"
SHOW = ROOT / "lib" / "minigen" / "show"
#: The sheets of a deck, joined into one; the book's own come after reveal's.
SHEETS = ("type.css", "figures.css", "live.css", "live-painter.css", "live-tokens.css",
          "quiz.css", "slides/deck.css")  # fmt: skip
#: A figure's script, and what in a deck asks for it; in the order they need each other.
SCRIPTS = {
    "player.js": "data-player=",
    **dict.fromkeys(
        ("live-controls.js", "live-text.js", "live-outputs.js", "live-model.js",
         "live-decode.js", "live-odds.js", "live-rows.js", "live-tokens.js",
         "live-looks.js", "live-writer.js", "live-caption.js", "live-painter.js",
         "live.js"),
        "show-live",
    ),
    "quiz.js": "data-quiz=",
}  # fmt: skip
_LINE = re.compile(r"^%decks *$", re.MULTILINE)
_PAGE = """\
<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: slides</title>
<meta name="description" content="Slides of the chapter: {title}">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="_static/deck.css">
</head>
<body>
<main class="reveal"><div class="slides">
{slides}
</div></main>
{scripts}
<script src="_static/deck.js"></script>
</body>
</html>
"""
_INDEX = """\
<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="_static/deck.css">
</head>
<body class="list"><main>
<h1>How Generative AI Works: slides</h1>
<p>A deck a chapter. Arrow keys turn the slides, F fills the screen, O shows all of
them, S opens the speaker's view with the chapter's text as notes.</p>
<ol>
{rows}
</ol>
</main></body>
</html>
"""


def run_of(chapter: Path) -> Any:
    """Return an executed chapter; what is on its slides is up to the chapter as it is.

    So a slide is added or left out without another run.
    """
    executed = SOURCE / "chapters" / chapter.name
    if not executed.is_file():
        raise BookError(f"{relative(executed)} is missing: run `make book`")
    notebook = nbformat.read(executed, as_version=4)
    said = {
        cell.id: cell.metadata.get("slideshow")
        for cell in nbformat.read(chapter, as_version=4).cells
    }
    for cell in notebook.cells:
        cell.metadata["slideshow"] = said.get(cell.id) or {}
    return notebook


def titles() -> dict[str, str]:
    """Return the chapters' titles by name."""
    return {
        path.stem: pages.title(nbformat.read(path, as_version=4))
        for path in toc.chapters()
    }


def page(title: str, slides: list[deck.Slide], scripts: str) -> str:
    """Return a deck as a page; `scripts` leads to the folder of its scripts."""
    body = "\n".join(_slide(slide, first=n == 0) for n, slide in enumerate(slides))
    needed = ["reveal/reveal.js", "reveal/notes.js"]
    needed += [name for name, sign in SCRIPTS.items() if sign in body]
    tags = "\n".join(f'<script src="{scripts}{name}"></script>' for name in needed)
    return _PAGE.format(title=escape(title), slides=body, scripts=tags)


def _slide(slide: deck.Slide, *, first: bool) -> str:
    level = "h1" if first else "h2"
    title = f"<{level}>{slide.title}</{level}>"
    kicker = f'<p class="kicker">{slide.kicker}</p>' if slide.kicker else ""
    lead = f'<p class="lead">{slide.lead}</p>' if slide.lead else ""
    head = kicker + lead + title if kicker else title + lead
    notes = f'<aside class="notes">{slide.notes}</aside>' if slide.notes else ""
    return (
        f'<section><div class="slide {slide.kind}">{head}'
        f'<div class="body">{slide.body}</div></div>{notes}</section>'
    )


def write(folder: Path, scripts: str = "_static/") -> dict[str, int]:
    """Write all decks into a folder; return how many slides each has.

    `scripts` leads from a deck to the folder of the figures' scripts, models and fonts.
    """
    known, counted = titles(), {}
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in toc.chapters():
        notebook = run_of(chapter)
        slides = deck.slides(notebook, chapter.stem, Voice(titles=known))
        counted[chapter.stem] = len(slides)
        text = page(known[chapter.stem], slides, scripts)
        (folder / f"{chapter.stem}.html").write_text(text, encoding="utf-8")
    modules = assets.install()
    static = folder / "_static"
    shutil.copytree(modules / "mathjax" / "es5", static / "mathjax")
    formulas.draw(folder)
    fonts = "fonts/" if scripts == "_static/" else f"../{scripts}fonts/"
    reveal = modules / "reveal.js" / "dist"
    sheets = [reveal / "reset.css", reveal / "reveal.css"]
    sheets += [next(p / s for p in (WEB, SHOW) if (p / s).is_file()) for s in SHEETS]
    style = "\n".join(path.read_text(encoding="utf-8") for path in sheets)
    style = style.replace('url("fonts/', f'url("{fonts}')
    (static / "deck.css").write_text(style, encoding="utf-8")
    shutil.copy2(WEB / "slides" / "deck.js", static / "deck.js")
    return counted


def insert(text: str) -> str:
    """Return a page's text with its line `%decks` replaced by links to the decks."""
    return _LINE.sub(lambda _: "\n".join(map(_linked, titles().items())), text)


def _linked(deck: tuple[str, str]) -> str:
    name, title = deck
    return f'- <a href="../slides/{name}.html">{escape(title)}</a>'


def index(counted: Mapping[str, int], printed: bool) -> str:
    """Return a page that lists the decks."""
    known, rows = titles(), []
    for name, count in counted.items():
        paper = f' · <a href="{name}.pdf">PDF</a>' if printed else ""
        rows.append(
            f'<li><a href="{name}.html">{escape(known[name])}</a> '
            f"<small>{count} slides{paper}</small></li>"
        )
    return _INDEX.format(rows="\n".join(rows))


def build(target: Path = TARGET) -> dict[str, int]:
    """Write the decks with all that they load, to be opened as files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "slides"
        counted = write(folder)
        static = folder / "_static"
        assets.copy(assets.install(), static)
        shutil.rmtree(static / "mathjax")
        for script in SHOW.glob("*.js"):
            shutil.copy2(script, static / script.name)
        for chapter in toc.chapters():
            live.place(run_of(chapter), chapter.stem, static)
        text = assets.notice(assets.install())
        (folder / "THIRD-PARTY.txt").write_text(text, encoding="utf-8")
        (folder / "index.html").write_text(index(counted, False), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        for name, content in archive.contents(folder):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
    return counted


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Make the decks from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.slides", description=__doc__
    )
    parser.add_argument("--no-pdf", action="store_true", help="no PDF of each deck")
    options = parser.parse_args(arguments)
    counted = build()
    told = f"open {relative(TARGET / 'index.html')}"
    if not options.no_pdf:
        print_decks(TARGET, list(counted))
        text = index(counted, True)
        (TARGET / "index.html").write_text(text, encoding="utf-8")
        told += "; each deck is there as a PDF too"
    print(f"slides: {sum(counted.values())} in {len(counted)} decks: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
