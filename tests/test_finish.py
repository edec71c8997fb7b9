"""Finishing touches to the HTML: the theme's faults mended, its idle parts left out."""

import re

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from bookkit import icons, pages

BARS, SUN, BELL = 0xF0C9, 0xF185, 0xF0F3


def with_scripts(body):
    names = ("mathjax/tex-chtml.js?v=1", "searchtools.js", "scripts/fontawesome.js")
    tags = "\n".join(f'<script defer src="_static/{name}"></script>' for name in names)
    return f"<html><head>{tags}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("words about math", set()),
        ('<span class="math notranslate">\\(x\\)</span>', set()),
        ('<div id="search-results"></div>', {"searchtools"}),
    ],
)
def test_a_page_loads_the_scripts_that_it_has_a_use_for(body, kept):
    text = pages.finished(with_scripts(body), "")
    assert set(re.findall(r"_static/(?:scripts/)?(\w+)", text)) == kept


def test_footer_links_lead_from_each_depth():
    text = '<a href="THIRD-PARTY.txt" data-from-root>'
    assert pages.finished(text, "") == '<a href="THIRD-PARTY.txt">'
    assert pages.finished(text, "../") == '<a href="../THIRD-PARTY.txt">'


def test_what_a_screen_reader_hears_is_mended():
    button = '<button class="btn search-button-field x" title="Search" {}data-x="1">'
    assert pages.finished(button.format('aria-label="Search" '), "") == button.format(
        ""
    )
    assert 'role="listitem"' in pages.finished(
        '<div class="citation" id="id1" role="doc-biblioentry">', ""
    )
    side = pages.finished('<div id="pst-primary-sidebar" class="bd-sidebar">', "")
    assert 'role="navigation" aria-label="Book"' in side


def test_a_menu_offers_only_what_there_is():
    menu = (
        '<li><a href="../_sources/x.ipynb" title="source">\n<span>.ipynb</span></a>\n'
        '</li>\n<li><button onclick="window.print()">.pdf</button></li>'
    )
    text = pages.finished(menu, "")
    assert "_sources" not in text
    assert "window.print()" in text


@pytest.fixture
def built(tmp_path):
    """Make a site with three icons: one in a page, one in a style, one unused."""
    static = tmp_path / "_static"
    fonts = static / "vendor" / "fontawesome" / "webfonts"
    for folder in (fonts, static / "styles", static / "scripts"):
        folder.mkdir(parents=True)
    (tmp_path / "index.html").write_text('<head></head><i class="fas fa-bars"></i>')
    (static / "scripts" / "fontawesome.js").write_text("'fa-bell'")
    (static / "scripts" / "theme.js.map").write_text("{}")
    (static / "own.css").write_text('.day:before{content:"\\f185"}')
    (static / "styles" / "pydata-sphinx-theme.css").write_text(
        "@font-face{src:url(../vendor/fontawesome/webfonts/fa-solid-900.woff2) "
        'format("woff2"),url(../vendor/x.ttf) format("truetype")}'
        f'.fa-bars:before,.fa-navicon:before{{content:"{chr(BARS)}"}}'
        f'.fa-bell:before{{content:"\\{BELL:x}"}}'
    )
    names = {BARS: "bars", SUN: "sun", BELL: "bell"}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf(
        {name: TTGlyphPen(None).glyph() for name in (".notdef", *names.values())}
    )
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", *names.values()), (9, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"copyright": "A foundry", "familyName": "Reserved"})
    builder.setupPost()
    builder.save(fonts / "fa-solid-900.ttf")
    (fonts / "fa-solid-900.woff2").write_bytes(b"")
    return tmp_path


def test_the_icons_in_use_stay_and_the_others_go(built):
    pages.finish(built, {})
    static = built / "_static"
    font = TTFont(static / "vendor/fontawesome/webfonts/fa-solid-900.ttf")
    assert set(font.getBestCmap()) == {BARS, SUN}
    assert font["name"].getDebugName(0) == "A foundry"
    assert font["name"].getDebugName(1) == "Book icons"
    style = (static / "styles" / "pydata-sphinx-theme.css").read_text()
    assert ".fa-bars:before" in style
    assert ".fa-bell" not in style
    assert "woff2" not in style
    assert "x.ttf" in style
    assert not [*static.rglob("*.woff2"), *static.rglob("*.map")]
    assert not (static / "scripts" / "fontawesome.js").exists()


def test_icons_are_found_as_characters_and_as_escapes():
    style = f'a{{content:"\\f0c9"}} :root{{--icon:"{chr(SUN)}"}} b{{content:"\\2022"}}'
    assert icons.glyphs(style) == {BARS, SUN}
