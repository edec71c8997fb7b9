"""The order of chapters and pages, as `_toc.yml` declares it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bookkit import BookError
from bookkit.paths import CHAPTERS, PAGES, ROOT, relative


def read(path: Path = ROOT / "_toc.yml") -> dict[str, Any]:
    """Return the table of contents as data."""
    try:
        toc = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BookError(f"{relative(path)} cannot be read: {error}") from error
    if not isinstance(toc, dict) or "root" not in toc:
        raise BookError(f"{relative(path)} needs a `root:` line and `parts:`")
    return toc


def entries(toc: dict[str, Any]) -> list[str]:
    """Return every document of the table of contents, in reading order."""

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "root" in node:
                yield node["root"]
            if "file" in node:
                yield node["file"]
            for key in ("parts", "chapters", "sections"):
                yield from walk(node.get(key, []))
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    return list(walk(toc))


def chapters(path: Path = ROOT / "_toc.yml") -> list[Path]:
    """Return the notebooks of the book in reading order; each must exist."""
    found = []
    for entry in entries(read(path)):
        if entry.startswith("chapters/"):
            notebook = path.parent / f"{entry}.ipynb"
            if not notebook.is_file():
                raise BookError(
                    f"_toc.yml names {entry}, but there is no {relative(notebook)}: "
                    "write it or take the line out"
                )
            found.append(notebook)
    return found


def problems(root: Path = ROOT) -> list[str]:
    """Return what is wrong between `_toc.yml` and the files it should list."""
    listed = entries(read(root / "_toc.yml"))
    found = [
        f"_toc.yml lists {e} twice" for e in {e for e in listed if listed.count(e) > 1}
    ]
    notebooks = {
        f"chapters/{path.stem}"
        for path in (root / CHAPTERS.name).glob("*.ipynb")
        if not path.name.startswith("_")
    }
    pages = {
        str(path.relative_to(root / PAGES.name).with_suffix(""))
        for path in (root / PAGES.name).rglob("*.md")
        if not path.name.startswith("_")
    }
    for missing in sorted(notebooks - set(listed)):
        found.append(f"{missing}.ipynb is not in _toc.yml: add it or remove it")
    for missing in sorted(pages - set(listed)):
        found.append(f"book/{missing}.md is not in _toc.yml: add it or remove it")
    known = notebooks | pages | {"next", "scoreboard", "claims", "systems", "glossary"}
    for entry in sorted(set(listed) - known):
        found.append(f"_toc.yml lists {entry}, which does not exist")
    return found
