"""What the book's own pages do: the filter of systems, the map, the way to report."""

import pytest
import visit
from playwright.sync_api import Browser

from bookkit import toc
from minigen import facts


def test_the_filter_of_systems_hides_what_was_not_asked_for(
    browser: Browser, address: str
) -> None:
    wanted = {row.id for row in facts.systems() if row.kind == "diffusion"}
    with visit.opened(browser, address, "systems.html") as (tab, seen):
        tab.get_by_label("How it generates").select_option("diffusion")
        links = tab.locator(".timeline a:visible").all()
        assert {link.get_attribute("href") for link in links} == {
            f"#system-{id}" for id in wanted
        }
        assert tab.locator("h2:visible").count() == len(wanted)
        count = tab.locator(".systems output").inner_text()
        assert count == f"{len(wanted)} of {len(facts.systems())} systems"
        visit.expect_usable(tab)
        # A link to a hidden system shows it again.
        tab.evaluate("location.hash = '#system-gpt-3'")
        tab.locator("#gpt-3 h2").wait_for(state="visible")
        assert tab.locator("h2:visible").count() == len(facts.systems())
    assert not seen.foreign
    assert not seen.complaints


def test_the_map_leads_to_every_chapter(browser: Browser, address: str) -> None:
    with visit.opened(browser, address, "next.html") as (tab, seen):
        links = tab.locator(".map a").all()
        assert [link.get_attribute("href") for link in links] == [
            f"chapters/{chapter.stem}.html" for chapter in toc.chapters()
        ]
        before = tab.locator(".map path.to-vae").evaluate(
            "path => getComputedStyle(path).stroke"
        )
        tab.locator(".map a.at-vae").focus()
        assert before != tab.locator(".map path.to-vae").evaluate(
            "path => getComputedStyle(path).stroke"
        )
    assert not seen.complaints


@pytest.mark.parametrize("name", ["index.html", "chapters/vae.html"])
def test_every_page_says_how_to_report_a_mistake(name: str, soup) -> None:
    link = soup(name).find("a", string="Report a mistake")
    assert link["href"].endswith(("how-to-use.html#use-report", "/issues/new"))
