"""The questions of a page: by keys, by finger, on paper, and for everyone."""

import visit
from playwright.sync_api import Browser

PAGE = "chapters/predictive_vs_generative.html"


def test_answers_open_one_at_a_time_and_all_of_them_on_paper(
    browser: Browser, address: str
) -> None:
    with visit.opened(browser, address, PAGE) as (tab, seen):
        answers = tab.locator(".questions > li").first.locator("details")
        words = answers.locator("p")
        assert not words.first.is_visible()
        answers.first.locator("summary").focus()
        tab.keyboard.press("Enter")
        assert words.first.is_visible()
        tab.keyboard.press("Tab")
        tab.keyboard.press("Space")
        assert words.nth(1).is_visible()
        assert not words.first.is_visible()
        tab.emulate_media(media="print")
        said = tab.locator(".questions details p")
        assert all(one.is_visible() for one in said.all())
        tab.emulate_media(media="screen")
        tab.evaluate(
            """for (const one of document.querySelectorAll(".questions details")) {
            one.removeAttribute("name");
            one.open = true;
            }"""
        )
        visit.expect_usable(tab)
        for one in tab.locator(".questions summary").all():  # on a narrow telephone
            assert one.bounding_box()["height"] >= 44
    assert not seen.foreign
    assert not seen.complaints
