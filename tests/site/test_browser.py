"""What a reader's browser finds on the site, in both themes, on a desk and a phone."""

from collections.abc import Callable

import pytest
import visit
from playwright.sync_api import Browser
from visit import Visit

from bookkit import toc

Look = Callable[[str], Visit]
MOST_BYTES = 600_000
CHAPTERS = [f"chapters/{path.stem}.html" for path in toc.chapters()]


def test_it_asks_no_other_host(page: str, visited: Look) -> None:
    assert not visited(page).foreign


def test_nothing_goes_wrong(page: str, visited: Look) -> None:
    complaints = visited(page).complaints
    assert not complaints, f"{page}: " + "\n".join(complaints)


def test_everyone_can_use_it(page: str, visited: Look) -> None:
    found = {look: rows for look, rows in visited(page).findings.items() if rows}
    told = [f"{look}: {row}" for look, rows in found.items() for row in rows]
    assert not told, f"{page}, as axe sees it:\n" + "\n".join(told)


def test_a_narrow_phone_needs_no_sideways_scrolling(page: str, visited: Look) -> None:
    wide = visited(page).overflow
    assert not wide, f"{page} at 360 px: {', '.join(wide)}"


def test_formulas_are_drawn(page: str, visited: Look) -> None:
    maths = visited(page).maths
    assert maths["drawn"] >= maths["formulas"], (
        f"{page} draws {maths['drawn']} of its {maths['formulas']} formulas"
    )
    assert not maths["wrong"], f"{page}: {', '.join(maths['wrong'])}"


@pytest.mark.parametrize("light_page", ["index.html", *CHAPTERS])
def test_a_page_is_light(light_page: str, visited: Look) -> None:
    weights = visited(light_page).weights
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:8]
    assert sum(weights.values()) <= MOST_BYTES, (
        f"{light_page} weighs {sum(weights.values()):,} bytes before a reader touches "
        f"it: {', '.join(f'{name} {size:,}' for name, size in heaviest)}"
    )


@pytest.mark.parametrize("file_page", ["index.html", CHAPTERS[0]])
def test_it_reads_without_a_server(file_page: str, opened: Look) -> None:
    seen = opened(file_page)
    assert not seen.foreign
    assert not seen.complaints
    assert seen.maths["drawn"] >= seen.maths["formulas"]


def test_a_reader_finds_a_page_by_its_words(browser: Browser, address: str) -> None:
    with visit.opened(browser, address, "index.html") as (tab, seen):
        tab.keyboard.press("Control+k")
        tab.keyboard.type("notation")
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#search-results li a[href*='notation.html']")
    assert not seen.foreign
    assert not seen.complaints


def test_a_reader_chooses_the_theme(browser: Browser, address: str) -> None:
    def background() -> str:
        return tab.evaluate("getComputedStyle(document.body).backgroundColor")

    with visit.opened(browser, address, "index.html") as (tab, _):
        colours = {background()}
        for _ in visit.THEMES:  # the third press is back at the reader's system
            tab.locator(".theme-switch-button:visible").first.click()
            tab.evaluate(visit.SETTLE)
            colours.add(background())
        assert len(colours) == 2, f"the page stays as it is: {colours}"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("figure_page", ["index.html", *CHAPTERS])
def test_every_figure_shows_one_drawing(
    browser: Browser, address: str, figure_page: str, width: int
) -> None:
    with visit.opened(browser, address, figure_page) as (tab, _):
        tab.set_viewport_size({"width": width, "height": 800})
        drawn = tab.evaluate(
            """() => [...document.querySelectorAll("figure.show-figure")].map(f => [
                f.id,
                [...f.querySelectorAll(":scope > div > .show")].filter(drawing => {
                    const box = drawing.getBoundingClientRect()
                    return box.width > 100 && box.height > 50
                }).length,
            ])"""
        )
    assert drawn, f"{figure_page} has no figure"
    wrong = [f"{name} shows {count}" for name, count in drawn if count != 1]
    assert not wrong, f"{figure_page} at {width} px: {', '.join(wrong)}"
