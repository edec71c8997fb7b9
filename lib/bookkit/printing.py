"""The Chromium on PATH prints: decks of slides, and the whole book (pdf.py)."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

from bookkit import BookError

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: Without a word to anybody outside of this machine.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]  # fmt: skip
#: How long a busy machine may take over a deck, in milliseconds.
PATIENCE = 120_000
#: deck.js says so when all slides are laid out for paper.
LAID_OUT = "document.documentElement.dataset.paper === 'ready'"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium on PATH, or say that there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        raise BookError(
            "a PDF is printed by Chromium, and none is on the PATH "
            f"({', '.join(CHROMIUMS)}): install it"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def print_decks(folder: Path, names: list[str], jobs: int = 2) -> None:
    """Write NAME.pdf beside NAME.html for each deck in a folder."""
    with ThreadPoolExecutor(jobs) as pool:  # a browser for each
        shares = (names[n::jobs] for n in range(jobs))
        list(pool.map(lambda share: _print(folder, share), shares))


def _print(folder: Path, names: list[str]) -> None:
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        tab.set_default_timeout(PATIENCE)
        for name in names:
            address = (folder / f"{name}.html").resolve().as_uri()
            try:
                tab.goto(f"{address}?print-pdf")
                tab.wait_for_function(LAID_OUT)
                tab.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True,
                        print_background=True)  # fmt: skip
            except Error as error:
                raise BookError(f"{name}.pdf was not printed: {error}") from error
