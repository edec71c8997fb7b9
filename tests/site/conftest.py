"""Examine the finished site: read its files, and open it in a browser.

`make check` runs this folder. The tests that read files run anywhere; those that open
pages need a Chromium on PATH and are skipped without one.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import visit
from bs4 import BeautifulSoup
from playwright.sync_api import Browser

from bookkit import slides, toc
from bookkit.paths import SITE


def pages() -> list[str]:
    """Return the address of every page of the site but decks, below its root."""
    return sorted(
        path.relative_to(SITE).as_posix()
        for path in SITE.rglob("*.html")
        if not {"_static", slides.FOLDER} & set(path.relative_to(SITE).parts)
    )


def pytest_configure(config: pytest.Config) -> None:
    """Stop with one sentence when there is nothing to examine."""
    if not (SITE / "index.html").is_file():
        pytest.exit("there is no site in _build/site: run `make book` first", 1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `page` or `document` one case for each."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", pages())
    if "document" in metafunc.fixturenames:
        metafunc.parametrize("document", toc.entries(toc.read()))


@functools.cache
def _soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="session")
def soup() -> Callable[[str], BeautifulSoup]:
    """Read a page of the site, once in a session."""
    return lambda page: _soup(SITE / page)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the terminal for the tests."""


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Serve the site on this machine; give its address."""
    handler = functools.partial(_Quiet, directory=str(SITE))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests."""
    with visit.browser() as started:
        yield started


@pytest.fixture(scope="session")
def visited(browser: Browser, address: str) -> Callable[[str], visit.Visit]:
    """Open a page in Chromium and look at it in every way, once in a session."""
    return functools.cache(lambda page: visit.look(browser, address, page))


@pytest.fixture(scope="session")
def opened(browser: Browser) -> Callable[[str], visit.Visit]:
    """Open a page as a file, without a server, as from the offline archive."""
    root = SITE.resolve().as_uri() + "/"
    return functools.cache(lambda page: visit.load(browser, root, page))
