"""The browser that tests open pages in, and how it is started."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: `make check` does not skip: it stops and says what to install.
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on PATH")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)
