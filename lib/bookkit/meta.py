"""What a page says of itself to search engines and to those who share it."""

import html
import re
from pathlib import Path

import nbformat
import yaml

NAME = "How Generative AI Works"
#: Of pages that no file of the book describes.
MADE = {"search": f"Search {NAME}: chapters, claims, systems, questions and terms."}
#: The longest description that is made of a page's own first words.
LONGEST = 200
_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_PARAGRAPH = re.compile(
    r'<article.*?</h1>(?:\s*<div class="chapter-head.*?</div>)?.*?<p>(.*?)</p>',
    re.DOTALL,
)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def described(source: Path) -> dict[str, str]:
    """Return the descriptions that pages and chapters bring, by name of document."""
    found = {}
    for path in source.rglob("*.md"):
        if matter := _MATTER.match(path.read_text(encoding="utf-8")):
            said = yaml.safe_load(matter[1]) or {}
            found[path.relative_to(source).with_suffix("").as_posix()] = said
    for path in (source / "chapters").glob("*.ipynb"):
        book = nbformat.read(path, as_version=4).metadata.get("book", {})
        found[f"chapters/{path.stem}"] = book
    return MADE | {
        name: str(said["description"])
        for name, said in found.items()
        if said.get("description")
    }


def opening(page: str) -> str:
    """Return a page's first words, up to the end of a sentence or of a word."""
    paragraph = _PARAGRAPH.search(page)
    if not paragraph:
        return ""
    text = html.unescape(re.sub(r"<[^>]+>", "", paragraph[1]))
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    cut = text[:LONGEST]
    sentence = cut.rfind(". ")
    return cut[: sentence + 1] if sentence > 0 else cut.rpartition(" ")[0] + " …"


def tags(page: str, document: str, description: str, site: str) -> str:
    """Return the tags for a page's head.

    `site` is the public address of the site; while it is "", nothing absolute is said,
    and so no picture either, which services ask for by its whole address.
    """
    title = html.unescape((_TITLE.search(page) or ("", NAME))[1])
    said = {
        "og:type": "website" if document == "index" else "article",
        "og:site_name": NAME,
        "og:title": title.partition(" — ")[0].strip(),
        "og:description": description,
        "twitter:card": "summary_large_image" if site else "summary",
    }
    if site:
        said["og:url"] = f"{site}/{document}.html"
        said["og:image"] = f"{site}/_static/card.png"
        said["og:image:alt"] = "Ten digits, drawn by two models: noise, and digits."
    if not description:
        return ""
    lines = [f'<meta name="description" content="{html.escape(description)}" />']
    for name, text in said.items():
        kind = "property" if name.startswith("og:") else "name"
        lines.append(f'<meta {kind}="{name}" content="{html.escape(text)}" />')
    return "\n".join(lines)
