"""What the files of the site promise, without a browser: links, words, figures."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import pages

from bookkit import anchors
from bookkit.paths import SITE

Soup = Callable[[str], BeautifulSoup]
LEAST_WORDS = 30
#: Tags that make a browser load something, and the attribute that says what.
LOADING = {
    "script": "src", "img": "src", "source": "src", "iframe": "src", "embed": "src",
    "video": "src", "audio": "src", "track": "src", "object": "data", "link": "href",
}  # fmt: skip
#: A link of these kinds is an address for a machine to know, not a file to load.
NOT_LOADED = {"canonical", "index", "search", "next", "prev", "author", "license"}
URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


def loaded(soup: BeautifulSoup) -> Iterator[str]:
    """Yield every address that the page loads by itself."""
    for tag in soup.find_all(list(LOADING)):
        if tag.name != "link" or not NOT_LOADED.intersection(tag.get("rel", [])):
            yield from filter(None, [tag.get(LOADING[tag.name]), tag.get("poster")])
            for part in tag.get("srcset", "").split(","):
                yield from part.split()[:1]
    styles = [tag.get_text() for tag in soup.find_all("style")]
    styles += [tag["style"] for tag in soup.find_all(style=True)]
    for style in styles:
        yield from addresses_in(style)


def addresses_in(style: str) -> Iterator[str]:
    """Yield the addresses that a piece of CSS loads."""
    for found in URL.finditer(style):
        yield found[1] or found[2]


def is_foreign(address: str) -> bool:
    """Tell whether an address names another host."""
    return bool(urlsplit(address).netloc)


def target(base: str, address: str) -> str:
    """Return the file of the site that an address means, below the site's root."""
    path = unquote(urlsplit(urljoin(f"/{base}", address)).path).lstrip("/")
    return path + "index.html" if path == "" or path.endswith("/") else path


def names(soup: BeautifulSoup) -> set[str]:
    """Return the anchors of a page."""
    return {tag["id"] for tag in soup.find_all(id=True)} | {
        tag["name"] for tag in soup.find_all("a", attrs={"name": True})
    }


def test_every_link_leads_somewhere(page: str, soup: Soup) -> None:
    dead = []
    for tag in soup(page).find_all("a", href=True):
        address, fragment = urldefrag(tag["href"])
        if urlsplit(address).scheme or is_foreign(address):
            continue
        file = target(page, address) if address else page
        if not (SITE / file).is_file():
            dead.append(f"{tag['href']} (no such file)")
        elif (
            fragment
            and file.endswith(".html")
            and unquote(fragment) not in names(soup(file))
        ):
            dead.append(f"{tag['href']} (no such anchor)")
    assert not dead, f"{page} has dead links: {', '.join(dead)}"


def test_everything_loaded_is_in_the_site(page: str, soup: Soup) -> None:
    wrong = [
        address
        for address in loaded(soup(page))
        if is_foreign(address)
        or (
            not urlsplit(address).scheme and not (SITE / target(page, address)).exists()
        )
    ]
    assert not wrong, f"{page} loads what the site does not have: {', '.join(wrong)}"


def test_styles_load_nothing_foreign() -> None:
    wrong = [
        f"{path.relative_to(SITE)}: {address}"
        for path in SITE.rglob("*.css")
        for address in addresses_in(path.read_text(encoding="utf-8"))
        if is_foreign(address)
    ]
    assert not wrong, f"these styles ask another host: {', '.join(wrong)}"


def test_no_anchor_stands_twice(page: str, soup: Soup) -> None:
    ids = [tag["id"] for tag in soup(page).find_all(id=True)]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    assert not twice, f"{page} has the same id more than once: {', '.join(twice)}"


def test_every_page_has_something_to_read(document: str, soup: Soup) -> None:
    assert (SITE / f"{document}.html").is_file(), f"{document} is in _toc.yml alone"
    article = soup(f"{document}.html").find("article")
    words = len(article.get_text(" ").split())
    assert words >= LEAST_WORDS, f"{document} has only {words} words"


def test_every_page_says_what_it_is(document: str, soup: Soup) -> None:
    page = soup(f"{document}.html")
    assert [tag.get_text(strip=True) for tag in page.head.find_all("title")] != [""]
    assert page.html["lang"] == "en"
    titles = page.find("article").find_all("h1")
    assert len(titles) == 1, f"{document} has {len(titles)} headings of level 1, not 1"


def test_every_picture_is_described(page: str, soup: Soup) -> None:
    article = soup(page).find("article") or soup(page).main
    silent = [
        f"{tag.get('src', '')[:60]} has no alt text"
        for tag in article.find_all("img")
        if not tag.get("alt", "").strip()
    ]
    silent += [
        f"figure {figure.get('id') or figure.get_text(' ', strip=True)[:60]!r} has no "
        "caption"
        for figure in article.select("figure")
        if not (figure.figcaption and figure.figcaption.get_text(strip=True))
    ]
    assert not silent, f"{page}: {', '.join(silent)}"


def test_every_file_of_the_book_is_reached(soup: Soup) -> None:
    linked = {
        target(page, urldefrag(tag["href"])[0])
        for page in pages()
        for tag in soup(page).find_all("a", href=True)
        if urldefrag(tag["href"])[0] and not urlsplit(tag["href"]).scheme
    }
    lost = [
        page for page in pages() if page not in linked | {"index.html", "search.html"}
    ]
    assert not lost, f"no page links to {', '.join(lost)}"


@pytest.mark.parametrize("address", anchors.listed())
def test_old_addresses_still_lead_somewhere(address: str, soup: Soup) -> None:
    page, _, anchor = address.partition("#")
    assert (SITE / page).is_file(), (
        f"{address} is a promised address and {page} is gone: bring the page back"
    )
    assert anchor in names(soup(page)), (
        f"{address} is a promised address and the label is gone: put the old label "
        "back, beside the new one where it was renamed"
    )


def test_every_label_is_listed() -> None:
    new = anchors.made() - set(anchors.listed())
    assert not new, (
        f"{len(new)} labels are not yet promised ({', '.join(sorted(new)[:5])}): run "
        "`python -m bookkit.anchors --update` and commit book/data/anchors.txt"
    )


def test_no_chapter_shows_a_warning_of_the_machine(page: str, soup: Soup) -> None:
    shown = soup(page).select(".output.stderr")
    assert not shown, shown[0].get_text()[:300]
