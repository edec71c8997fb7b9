"""No test may leave this machine, and each has one thread: they run side by side.

The fixtures open a page in a browser: `visit` goes to `address`, which serves `folder`.
"""

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from browsers import CHROMIUM, FLAGS

from bookkit import offline

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start
torch.set_num_threads(1)
offline.refuse()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the terminal for the tests."""


@pytest.fixture(scope="module")
def address(folder):
    """Serve the folder of a test file, and return where its page is."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests of a file."""
    playwright_api = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright"
    )
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, address):
    """Open the page as a visitor with such a machine; fail on what it complains of."""
    contexts, errors, foreign = [], [], []

    def noted(request):
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:", "file:")):
            foreign.append(request.url)
        opened.asked.append(request.url.rpartition("/")[2])

    def opened(url=address, *, before=None, trouble=False, **machine):
        size = {"width": 1000, "height": 900}
        context = browser.new_context(**({"viewport": size} | machine))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        opened.asked = []
        page.on("request", noted)
        if not trouble:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text))
        if before:
            before(page)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors
    assert not foreign
