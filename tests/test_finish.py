"""Finishing touches to the HTML: the theme's faults mended, its idle parts left out."""

import re

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from bookkit import icons, pages, styles

BARS, SUN, BELL = 0xF0C9, 0xF185, 0xF0F3


def with_scripts(body):
    names = (
        "mathjax/tex-chtml.js?v=1", "searchtools.js", "scripts/fontawesome.js",
        "clipboard.min.js", "togglebutton.js", "design-tabs.js", "player.js",
        "doctools.js",
    )  # fmt: skip
    tags = "\n".join(f'<script defer src="_static/{name}"></script>' for name in names)
    return f"<html><head>{tags}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("words about math", set()),
        ('<span class="math notranslate">\\(x\\)</span>', set()),
        ('<div id="search-results"></div>', {"searchtools"}),
        ('<div class="highlight"><pre>x</pre></div>', {"clipboard"}),
        ('<button class="sidebar-toggle primary-toggle"></button>', set()),
        ('<div class="admonition dropdown"></div>', {"togglebutton"}),
        ('<div class="sd-tab-set docutils"></div>', {"design"}),
        ('<figure data-player="{}"></figure>', {"player"}),
    ],
)
def test_a_page_loads_the_scripts_that_it_has_a_use_for(body, kept):
    text = pages.finished(with_scripts(body), "")
    loaded = set(re.findall(r'src="_static/(?:scripts/)?(\w+)', text))
    assert loaded == kept | {"doctools"}


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


def test_folded_code_is_called_what_it_shows():
    cell = (
        '<div class="cell {}"><details><summary aria-label="Toggle hidden content">'
        "<p>Show the code</p><p>Hide the code</p></summary></details></div>"
    )
    page = cell.format("tag_hide-input") + cell.format("tag_solution tag_hide-cell")
    text = pages.finished(page, "")
    assert re.findall(r"<p>(.*?)</p>", text) == [
        "Show the code", "Hide the code", "Show a solution", "Hide the solution"
    ]  # fmt: skip
    assert "aria-label" not in text


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
    pages.finish(built, {}, {})
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


@pytest.fixture
def styled(tmp_path):
    """Make a site of two pages with two sheets of the theme and two of the book."""
    static = tmp_path / "_static"
    for folder in (static / "styles", tmp_path / "chapters"):
        folder.mkdir(parents=True)
    sheets = {
        "styles/theme.css": '@charset "utf-8";@import "../basic.css";p{color:red}',
        "basic.css": "a{background:url(file.png)}",
        "styles/icons.css": "@font-face{src:url(../vendor/x.ttf)} i{box-shadow:0 0 "
        "1px red!important;display:none!important;cursor:url(data:x/y,z)}",
        "book.css": "p{color:blue}",
        "type.css": ":root{--ink:black}",
    }
    for name, text in sheets.items():
        (static / name).write_text(text)
    for page, root in (("index.html", ""), ("chapters/one.html", "../")):
        links = "".join(
            f'<link href="{root}_static/{name}?v=1" rel="stylesheet" />'
            for name in sheets
            if name != "basic.css"
        )
        apart = f'<link rel="stylesheet" href="{root}_static/formulas.css" />'
        (tmp_path / page).write_text(f"<head><title>t</title>{links}{apart}</head>")
    return tmp_path


def test_the_theme_gives_way_to_the_book_in_one_sheet(styled):
    styles.join(styled)
    static = styled / "_static"
    layer, _, above = (static / "site.css").read_text().partition("\n}\n")
    assert layer.startswith("@layer theme {")
    assert "p{color:red}" in layer
    assert above.index(":root") < above.index("p{color:blue}")
    assert sorted(path.name for path in static.rglob("*.css")) == [
        "basic.css", "site.css"
    ]  # fmt: skip
    for page, root in (("index.html", ""), ("chapters/one.html", "../")):
        links = re.findall(r'href="([^"]+)"', (styled / page).read_text())
        assert links == [f"{root}_static/site.css", f"{root}_static/formulas.css"]


def test_joined_sheets_find_their_files(styled):
    styles.join(styled)
    text = (styled / "_static" / "site.css").read_text()
    assert "url(file.png)" in text
    assert "url(vendor/x.ttf)" in text
    assert "url(data:x/y,z)" in text
    assert "@charset" not in text
    assert "@import" not in text


def test_the_book_can_take_the_shadows_of_the_theme_away(styled):
    styles.join(styled)
    text = (styled / "_static" / "site.css").read_text()
    assert "box-shadow:0 0 1px red;" in text
    assert "display:none!important" in text


def test_icons_are_found_as_characters_and_as_escapes():
    style = f'a{{content:"\\f0c9"}} :root{{--icon:"{chr(SUN)}"}} b{{content:"\\2022"}}'
    assert icons.glyphs(style) == {BARS, SUN}
