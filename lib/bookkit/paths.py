"""Where things stand in the repository, and how files are written whole."""

import contextlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
CHAPTERS = ROOT / "chapters"
PAGES = ROOT / "book"
WEB = Path(__file__).parent / "web"
SMOKE = BUILD / "smoke"
SOURCE = BUILD / "book"
SITE = BUILD / "site"
GRADING = BUILD / "grading"
SCOREBOARD = BUILD / "scoreboard.json"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is either the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def relative(path: Path) -> str:
    """Return a path as a person in the repository would type it."""
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def to_root(page: Path, site: Path) -> str:
    """Return the way from a page to the root of its site, such as "../" or ""."""
    return "../" * (len(page.relative_to(site).parts) - 1)
