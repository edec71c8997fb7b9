"""The site's decks of slides: how many, none too full, and alive in the browser."""

from typing import Any

import pytest
import visit
from live_page import settle
from playwright.sync_api import Browser

from bookkit import live, slides, toc
from bookkit.paths import SITE

DECKS = [f"{slides.FOLDER}/{chapter.stem}.html" for chapter in toc.chapters()]
FEWEST, MOST = 12, 25
#: What is wrong with a deck's slides, when all is shown at the size they are made for.
EXAMINE = """({smallest, least}) => {
  const told = [];
  Reveal.configure({fragments: false});
  for (const [n, section] of Reveal.getSlides().entries()) {
    Reveal.slide(n);
    const slide = section.querySelector(".slide");
    const say = (what) => told.push(`slide ${n + 1}: ${what}`);
    const rest = slide.getBoundingClientRect();
    for (const one of slide.querySelectorAll(":scope > *, .body > *, .stage > *, .said > *, p, li, td, .math, mjx-math")) {
      const box = one.getBoundingClientRect();
      if (!box.width || one.closest(".live-said, .show-said, [hidden], details:not([open])")) continue;
      const name = `${one.localName}.${one.className}: ${one.textContent.slice(0, 40)}`;
      if (box.bottom > rest.bottom - 4 || box.right > rest.right - 4 || box.top < 0 || box.left < 0)
        say(`${name} leaves the slide`);
      const scrolls = one.scrollHeight > one.clientHeight + 2 || one.scrollWidth > one.clientWidth + 2;
      if (one.matches(".body, .stage") && scrolls) say(`${name} is too full`);
      if (one.matches("h1, h2, .slide p, li, td") && !one.closest("figure")
          && parseFloat(getComputedStyle(one).fontSize) < smallest) say(`${name} is small`);
    }
    const drawing = slide.querySelector(".show-figure svg[role=img]");
    if (drawing && !drawing.getAttribute("aria-label")) say("a drawing without a text");
    if (drawing && drawing.getBoundingClientRect().height < least
        && drawing.viewBox.baseVal.width < 5 * drawing.viewBox.baseVal.height)
      say(`its drawing is ${drawing.getBoundingClientRect().height} px high`);
    if (!slide.querySelector("h1, h2").textContent.trim()) say("no headline");
  }
  Reveal.slide(0);
  Reveal.configure({fragments: true});
  return [Reveal.getTotalSlides(), told];
}"""


@pytest.fixture(scope="module", params=DECKS)
def deck(request: Any, browser: Browser) -> Any:
    """Open a deck as a file, at the size that it is made for."""
    root = SITE.resolve().as_uri() + "/"
    with visit.opened(browser, root, request.param) as (tab, seen):
        tab.set_viewport_size({"width": 1280, "height": 720})
        yield tab, seen


def test_its_slides_are_some_twenty_and_none_is_too_full(deck: Any) -> None:
    tab, seen = deck
    count, told = tab.evaluate(EXAMINE, {"smallest": 20, "least": 200})
    assert told == []
    assert FEWEST <= count <= MOST
    assert seen.complaints == []
    assert seen.foreign == []


def test_keys_turn_its_slides_and_stay_with_a_slider(deck: Any) -> None:
    tab, _ = deck
    tab.evaluate("Reveal.slide(0)")
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("Reveal.getIndices().h") == 1
    where = (
        "Reveal.getSlides().findIndex(s => s.querySelector('.show-controls input'))"
    )
    at = tab.evaluate(where)
    if at > 0:
        tab.evaluate("n => Reveal.slide(n)", at)
        slider = tab.locator("section.present .show-controls input")
        before = slider.input_value()
        slider.press("ArrowRight" if before == slider.get_attribute("min") else "Home")
        assert slider.input_value() != before
        assert tab.evaluate("Reveal.getIndices().h") == at


def test_a_live_model_runs_in_its_deck(browser: Browser, address: str) -> None:
    chapter = next(
        path.stem
        for path in (SITE / "_static" / live.FOLDER).glob("*.onnx")
        if path.is_file()
    ).partition("-")[0]
    with visit.opened(browser, address, f"{slides.FOLDER}/{chapter}.html") as (tab, seen):
        figure = tab.locator("figure[data-live]").first
        name = str(figure.get_attribute("id")).removeprefix("fig-")
        tab.evaluate(f"document.querySelector('#fig-{name}').live.change()")
        settle(tab, name)
        assert tab.evaluate(f"document.querySelector('#fig-{name}').live.output.values")
    assert seen.complaints == []
    assert seen.foreign == []
