"""Every quiz of the site asks, judges and counts; only its pages load its script."""

import pytest
import visit
from playwright.sync_api import Browser

from bookkit import toc
from bookkit.paths import SITE

PLAY = """figure => {
  const {quiz} = figure;
  for (let n = 0; n < quiz.rounds; n += 1) {
    quiz.answer(quiz.who ? "made" : "real");
    quiz.go();
  }
  return [quiz.score.right, quiz.rounds, quiz.result.hidden];
}"""


def pages() -> list[str]:
    names = [f"chapters/{chapter.stem}.html" for chapter in toc.chapters()]
    made = [name for name in names if (SITE / name).is_file()]
    return [n for n in made if "data-quiz=" in (SITE / n).read_text("utf-8")]


@pytest.mark.parametrize("name", pages())
def test_it_can_be_played_to_its_end(browser: Browser, address: str, name: str) -> None:
    with visit.opened(browser, address, name) as (tab, seen):
        for figure in tab.locator("figure[data-quiz]").all():
            right, rounds, hidden = figure.evaluate(PLAY)
            assert right == rounds
            assert not hidden
        visit.expect_usable(tab)  # as it stands at the end, and again
        for figure in tab.locator("figure[data-quiz]").all():
            figure.locator("[data-do=again]").click()
        visit.expect_usable(tab)
    assert not seen.foreign
    assert not seen.complaints


def test_only_pages_with_a_quiz_load_its_script(page: str, soup) -> None:
    scripts = [tag["src"] for tag in soup(page).find_all("script", src=True)]
    loads = any("quiz.js" in address for address in scripts)
    assert loads == bool(soup(page).select("figure[data-quiz]"))
