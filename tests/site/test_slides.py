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
  const parts = ":scope > *, .body > *, .stage > *, .said > *," +
    " p, li, td, .math, mjx-math";
  const hidden = ".live-said, .show-said, [hidden], details:not([open])";
  Reveal.configure({fragments: false});
  for (const [n, section] of Reveal.getSlides().entries()) {
    Reveal.slide(n);
    const slide = section.querySelector(".slide");
    const rest = slide.getBoundingClientRect();
    const say = (what) => told.push(`slide ${n + 1}: ${what}`);
    for (const one of slide.querySelectorAll(parts)) {
      const box = one.getBoundingClientRect();
      if (!box.width || one.closest(hidden)) continue;
      const name = `${one.localName}.${one.className}: ${one.textContent.slice(0, 40)}`;
      const out = Math.max(box.bottom - rest.bottom, box.right - rest.right,
        rest.top - box.top, rest.left - box.left);
      if (out > -4) say(`${name} leaves the slide`);
      const over = Math.max(one.scrollHeight - one.clientHeight,
        one.scrollWidth - one.clientWidth);
      if (one.matches(".body, .stage") && over > 2) say(`${name} is too full`);
      const size = parseFloat(getComputedStyle(one).fontSize);
      if (one.matches("h1, h2, p, li, td") && !one.closest("figure") && size < smallest)
        say(`${name} is small`);
    }
    const drawing = slide.querySelector(".show-figure svg[role=img]");
    if (drawing && !drawing.getAttribute("aria-label")) say("a drawing without a text");
    const {width, height} = drawing?.viewBox.baseVal ?? {};
    const high = drawing?.getBoundingClientRect().height;
    if (high < least && width < 5 * height) say(`its drawing is ${high} px high`);
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
    where = "Reveal.getSlides().findIndex(s => s.querySelector('.show-controls input'))"
    at = tab.evaluate(where)
    if at > 0:
        tab.evaluate("n => Reveal.slide(n)", at)
        slider = tab.locator("section.present .show-controls input")
        before = slider.input_value()
        slider.press("ArrowRight" if before == slider.get_attribute("min") else "Home")
        assert slider.input_value() != before
        assert tab.evaluate("Reveal.getIndices().h") == at


def test_a_live_model_runs_in_its_deck(browser: Browser, address: str) -> None:
    models = (SITE / "_static" / live.FOLDER).glob("*.onnx")
    chapter = next(models).name.partition("-")[0]
    page = f"{slides.FOLDER}/{chapter}.html"
    with visit.opened(browser, address, page) as (tab, seen):
        figure = tab.locator("figure[data-live]").first
        name = str(figure.get_attribute("id")).removeprefix("fig-")
        tab.evaluate(f"document.querySelector('#fig-{name}').live.change()")
        settle(tab, name)
        assert tab.evaluate(f"document.querySelector('#fig-{name}').live.output.values")
    assert seen.complaints == []
    assert seen.foreign == []
