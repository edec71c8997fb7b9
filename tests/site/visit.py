"""Open a page of the site in Chromium and note everything that the tests ask about."""

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from browsers import findings
from playwright.sync_api import Browser, Page, Request, sync_playwright

from bookkit.paths import SITE

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
DESKTOP, PHONE, NARROW = (1280, 800), (390, 844), (360, 740)
THEMES = ("light", "dark")

#: The theme looks again 0.3 s after a new width which boxes scroll and need focus.
PAUSE = 400
#: Wait until the page stands still: scripts, fonts, formulas, transitions.
SETTLE = """async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (const moving of document.getAnimations()) {
    try { moving.finish(); } catch { moving.cancel(); }  // an endless one has no end
  }
}"""
DRESS = "theme => Object.assign(document.documentElement.dataset, {theme, mode: theme})"
OVERFLOW = """() => {
  const {scrollWidth, clientWidth} = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("main *")]
    .filter(one => one.getBoundingClientRect().right > clientWidth + 1)
    .map(one => `${one.localName}.${one.className}`).slice(0, 8)
    .concat(`the page is ${scrollWidth} px wide`);
}"""
MATHS = """() => ({
  formulas: document.querySelectorAll(".math").length,
  drawn: document.querySelectorAll("mjx-container").length,
  wrong: [...document.querySelectorAll("mjx-merror")].map(
    one => one.getAttribute("data-mjx-error")).concat(
      [...document.querySelectorAll(".mathjax_process")].map(one => one.textContent)
        .filter(text => text.includes("\\\\("))),
})"""


@dataclass
class Visit:
    """What happened when a page was opened, and what it looked like."""

    requests: list[str] = field(default_factory=list)
    #: Those that the page made by itself, before anyone touched it.
    first: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    maths: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, list[str]] = field(default_factory=dict)
    overflow: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        """Return the requests to any other machine."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob", "file")
            and urlsplit(url).hostname != "127.0.0.1"
        ]

    @property
    def weights(self) -> dict[str, int]:
        """Return the compressed bytes of each file that the page asked for at first."""
        paths = {unquote(urlsplit(url).path).lstrip("/") for url in self.first
                 if urlsplit(url).hostname == "127.0.0.1"}  # fmt: skip
        contents = {p: (SITE / p).read_bytes() for p in paths if (SITE / p).is_file()}
        return {p: min(len(c), len(gzip.compress(c, 6))) for p, c in contents.items()}


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the Chromium on PATH, or skip the test with a word on how to get one."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.skip(
            f"no browser on PATH ({', '.join(CHROMIUMS)}): install Chromium, "
            "such as with `apt install chromium` or `brew install --cask chromium`"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, root: str, page: str) -> Iterator[tuple[Page, Visit]]:
    """Load a page in a context of its own, so that no cache hides a request."""
    seen = Visit()
    width, height = DESKTOP
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light",
        reduced_motion="reduce",
    )
    tab = context.new_page()
    waiting: set[Request] = set()
    note = seen.complaints.append

    def ended(request: Request) -> None:
        waiting.discard(request)

    def failed(request: Request) -> None:
        ended(request)
        note(f"request failed: {request.url} ({request.failure})")

    def begun(request: Request) -> None:
        seen.requests.append(request.url)
        waiting.add(request)

    tab.on("request", begun)
    tab.on("requestfinished", ended)
    tab.on("requestfailed", failed)
    tab.on("response", lambda r: note(f"{r.status}: {r.url}") if r.status > 399 else 0)
    tab.on("pageerror", lambda error: note(f"script error: {error}"))
    tab.on("console", lambda message: note(f"console {message.type}: {message.text}")
           if message.type in ("error", "warning") else None)  # fmt: skip
    tab.goto(root + page, wait_until="load")
    tab.evaluate(SETTLE)
    for _ in range(50):
        if not waiting:
            break
        tab.wait_for_timeout(100)
    else:
        note(f"still loading after 5 s: {', '.join(r.url for r in waiting)}")
    seen.first = list(seen.requests)
    yield tab, seen
    context.close()


def load(browser: Browser, root: str, page: str) -> Visit:
    """Open a page and note what it asks for and complains of."""
    with opened(browser, root, page) as (tab, seen):
        seen.maths = tab.evaluate(MATHS)
    return seen


def look(browser: Browser, root: str, page: str) -> Visit:
    """Open a page; examine it in both themes at both widths, and on a narrow phone."""
    with opened(browser, root, page) as (tab, seen):
        seen.maths = tab.evaluate(MATHS)
        for width, height in (DESKTOP, PHONE):
            tab.set_viewport_size({"width": width, "height": height})
            tab.wait_for_timeout(PAUSE)
            for theme in THEMES:
                dress(tab, theme)
                seen.findings[f"{theme}, {width} px"] = [
                    f"{found['id']} ({found['help']}): {node}"
                    for found in findings(tab, theme)
                    for node in found["nodes"]
                ]
        seen.overflow = overflow(tab)
    return seen


def dress(tab: Page, theme: str) -> None:
    """Give a page a theme, and wait until it stands still."""
    tab.evaluate(DRESS, theme)
    tab.evaluate(SETTLE)


def overflow(tab: Page) -> list[str]:
    """Return what a narrow phone cannot show without scrolling sideways."""
    tab.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    tab.evaluate(SETTLE)
    return list(tab.evaluate(OVERFLOW))


def expect_usable(tab: Page) -> None:
    """Fail on what axe finds on a page, as it stands, and on what is too wide."""
    tab.wait_for_timeout(PAUSE)  # after a change of width the theme takes its time
    for theme in THEMES:
        dress(tab, theme)
        assert findings(tab, theme) == []
    assert overflow(tab) == []
