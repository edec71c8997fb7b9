"""Formulas set at build time: where they are found, and what MathJax makes of them."""

import re

import pytest
from fontTools.ttLib import TTFont

from bookkit import BookError, assets, formulas
from bookkit.formulas import Formula

needs_mathjax = pytest.mark.usefixtures("mathjax")


@pytest.fixture(scope="module")
def mathjax():
    """Bring MathJax, where no book was built yet."""
    return assets.install()


def inline(tex):
    return f'<span class="math notranslate nohighlight">\\({tex}\\)</span>'


def numbered(tex, number=1):
    return (
        f'<div class="math notranslate nohighlight" id="equation-e{number}">\n'
        f'<span class="eqno">({number})<a class="headerlink" href="#equation-e'
        f'{number}" title="Link to this equation">#</a></span>\\[{tex}\\]</div>'
    )


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f"<td>{inline('x')}</td>", [Formula("x", display=False)]),
        (f"<h2>The {inline('y')}<a>#</a></h2>", [Formula("y", display=False)]),
        (inline("a &lt; b"), [Formula("a < b", display=False)]),
        (numbered("x^2"), [Formula("x^2", display=True)]),
        (
            numbered("\\begin{split}a\\\\[2pt]\nb\\end{split}"),
            [Formula("\\begin{split}a\\\\[2pt]\nb\\end{split}", display=True)],
        ),
        (
            '<div class="amsmath math">\\begin{align}a&amp;=b\\end{align}</div>',
            [Formula("\\begin{align}a&=b\\end{align}", display=True)],
        ),
        (
            '<figcaption class="tex2jax_process mathjax_process">\\(a\\) to \\(b\\)'
            "</figcaption>",
            [Formula("a", display=False), Formula("b", display=False)],
        ),
        ('<p class="record">of \\(x\\) 3</p>', [Formula("x", display=False)]),
        ('<section class="mathjax_ignore"><p>a \\(x\\)</p></section>', []),
        ("<pre>re.compile('\\(x\\)')</pre>", []),
        ('<p class="aftermath">\\(x\\)</p>', []),
    ],
)
def test_formulas_are_found_where_they_may_stand(page, expected):
    assert formulas.found(page) == expected


def test_a_formula_takes_its_own_place_and_nothing_else_changes():
    page = f"<pre>\\(x\\)</pre>{inline('x')} and {numbered('x', 7)}"
    drawn = {Formula("x", display=False): "<i>x</i>",
             Formula("x", display=True): "<b>x</b>"}  # fmt: skip
    text = formulas.placed(page, drawn)
    assert text == (
        page.replace(inline("x"), inline("x").replace("\\(x\\)", "<i>x</i>"))
        .replace("\\[x\\]", "<b>x</b>")
    )  # fmt: skip
    assert text.startswith("<pre>\\(x\\)</pre>")


def test_the_characters_of_a_style_are_read_as_browsers_do():
    style = 'a{content: "\\1D465"} b{content: "p"} c{content: "\\"\\2211 q"}'
    assert formulas.characters(style) == {0x1D465, ord("p"), ord('"'), 0x2211, ord("q")}


@needs_mathjax
def test_a_drawn_formula_can_be_read_by_eye_and_by_screen_reader():
    x, sum_ = Formula("\\frac{x}{2}", display=False), Formula("\\sum_i i", display=True)
    made = formulas.typeset({x: "a.html", sum_: "a.html"})
    assert "<mfrac><mi>x</mi><mn>2</mn></mfrac>" in made.drawn[x]
    assert 'aria-hidden="true"' in made.drawn[x]
    assert "∑" in made.drawn[sum_]
    assert made.drawn[sum_].startswith('<span class="formula">')
    assert 0x2211 in formulas.characters(made.style)


@needs_mathjax
def test_a_wide_formula_scrolls_by_keyboard_and_a_short_one_does_not():
    short, wide = (Formula("+".join("a" * n), display=True) for n in (3, 30))
    made = formulas.typeset({short: "a.html", wide: "a.html"})
    assert "tabindex" not in made.drawn[short]
    assert 'tabindex="0"' in made.drawn[wide]


@needs_mathjax
@pytest.mark.parametrize(
    ("tex", "said"),
    [
        ("\\frac{1}{", "Missing close brace"),
        ("\\nosuchthing", "Undefined control sequence"),
    ],
)
def test_a_formula_that_does_not_parse_is_named_with_its_page(tex, said):
    good = Formula("x", display=False)
    with pytest.raises(BookError) as error:
        formulas.typeset({good: "a.html", Formula(tex, display=False): "ch/b.html"})
    assert f"ch/b.html: {said}" in str(error.value)
    assert str(error.value).endswith(tex)
    assert "a.html:" not in str(error.value)


@needs_mathjax
def test_a_site_ships_the_characters_that_it_shows_and_no_others(tmp_path):
    shipped = tmp_path / "_static" / "mathjax"
    (tmp_path / "chapters").mkdir()
    assets.copy(assets.NPM / "node_modules", shipped.parent)
    page = f"<html><head></head><body>{inline('p(x) = 1')}</body></html>"
    (tmp_path / "chapters" / "one.html").write_text(page)
    (tmp_path / "plain.html").write_text("<html><head></head><body>words</body></html>")
    formulas.draw(tmp_path)
    text = (tmp_path / "chapters" / "one.html").read_text()
    style = (tmp_path / "_static" / "formulas.css").read_text()
    assert 'href="../_static/formulas.css"' in text
    assert "formulas.css" not in (tmp_path / "plain.html").read_text()
    files = {path.name for path in (tmp_path / "_static" / "formulas").iterdir()}
    assert files == set(re.findall(r"formulas/([\w-]+\.woff)", style))
    assert "MathJax_Math-Italic.woff" in files
    assert not any("Fraktur" in name for name in files)
    font = TTFont(tmp_path / "_static" / "formulas" / "MathJax_Math-Italic.woff")
    assert {ord("p"), ord("x")} <= set(font.getBestCmap())
    assert ord("q") not in font.getBestCmap()
    assert not shipped.exists()
