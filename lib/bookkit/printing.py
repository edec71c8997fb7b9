"""Print decks of slides to PDF with the Chromium on PATH."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

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


def print_decks(folder: Path, names: list[str], jobs: int = 2) -> None:
    """Write NAME.pdf beside NAME.html for each deck in a folder."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        raise BookError(
            f"the decks are made, but their PDFs need a browser on PATH "
            f"({', '.join(CHROMIUMS)}): install Chromium, or leave them out with "
            "`python -m bookkit.slides --no-pdf`"
        )
    with ThreadPoolExecutor(jobs) as pool:  # a browser for each
        shares = (names[n::jobs] for n in range(jobs))
        list(pool.map(lambda share: _print(found, folder, share), shares))


def _print(chromium: str, folder: Path, names: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
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
        browser.close()
