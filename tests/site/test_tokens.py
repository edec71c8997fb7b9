"""Every tokenizer of the site cuts in the page as it does in Python."""

import json

import pytest
import visit
from playwright.sync_api import Browser

from bookkit import toc
from bookkit.paths import SITE
from minigen.tokens import BYTES, BytePairs

TEXTS = (
    "How many letters r are in strawberry?",
    " Naïve  parrots 🦜\n\n\tsay: 3½ x_1 人 ९ é\u0301\u200d\ufeff",
    "<script>alert(1)</script>",
)
CUT = """texts => [...document.querySelectorAll("figure[data-tokens]")].map(
  ({tokens}) => texts.map(text => tokens.pairs.encode(text)))"""


def pages() -> list[str]:
    names = [f"chapters/{chapter.stem}.html" for chapter in toc.chapters()]
    made = [name for name in names if (SITE / name).is_file()]
    return [n for n in made if "data-tokens=" in (SITE / n).read_text("utf-8")]


def in_python(numbers: list[int]) -> BytePairs:
    """Return the tokenizer whose merges a page holds."""
    vocabulary, merges = list(BYTES), []
    for a, b in zip(numbers[::2], numbers[1::2], strict=True):
        merges.append((vocabulary[a], vocabulary[b]))
        if vocabulary[a] + vocabulary[b] not in vocabulary:
            vocabulary.append(vocabulary[a] + vocabulary[b])
    return BytePairs(tuple(merges))


@pytest.mark.parametrize("name", pages())
def test_it_cuts_as_python_does(
    browser: Browser, address: str, soup, name: str
) -> None:
    figures = soup(name).select("figure[data-tokens]")
    made = [in_python(json.loads(f["data-tokens"])["merges"]) for f in figures]
    with visit.opened(browser, address, name) as (tab, seen):
        found = tab.evaluate(CUT, list(TEXTS))
        assert found == [[pairs.encode(text) for text in TEXTS] for pairs in made]
        tab.locator("figure[data-tokens] textarea").first.fill(TEXTS[1])
        tab.locator(".tokens-list li").first.click()
        visit.expect_usable(tab)
    assert not seen.foreign
    assert not seen.complaints


def test_only_pages_with_a_tokenizer_load_its_script(page: str, soup) -> None:
    scripts = [tag["src"] for tag in soup(page).find_all("script", src=True)]
    loads = any("live-tokens.js" in address for address in scripts)
    assert loads == bool(soup(page).select("figure[data-tokens]"))
