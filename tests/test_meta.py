"""What pages say of themselves: descriptions, tags, the card, the way to elsewhere."""

import base64
import html
import io
import re

import matplotlib.image
import nbformat
import numpy as np
import pytest

from bookkit import card, elsewhere, meta, pages

PAGE = (
    "<head><title>Predict &amp; create? &#8212; How Generative AI Works</title></head>"
    '<article><h1>T</h1><div class="chapter-head"><p>29 min to read</p></div>'
    "{paragraph}</article>"
)


def said(tags):
    """Return the tags of a head as a dictionary."""
    found = re.findall(r'(?:name|property)="([^"]+)" content="([^"]*)"', tags)
    return {name: html.unescape(text) for name, text in found}


def test_descriptions_come_from_front_matter_and_from_notebooks(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "home.md").write_text('---\ndescription: "A: book."\n---\n# Home\n')
    (tmp_path / "bare.md").write_text("# Bare\n\n---\ndescription: no\n---\n")
    notebook = nbformat.v4.new_notebook(metadata={"book": {"description": "It runs."}})
    nbformat.write(notebook, tmp_path / "chapters" / "one.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "chapters" / "two.ipynb")
    found = meta.described(tmp_path)
    assert found.pop("search").startswith("Search ")  # no file describes it
    assert found == {"home": "A: book.", "chapters/one": "It runs."}


def test_else_a_page_is_described_by_its_first_words():
    short = PAGE.format(paragraph="<p>Some <em>plain</em>\nwords &amp; more.</p>")
    assert meta.opening(short) == "Some plain words & more."
    words = "<p>First sentence. " + "word " * 100 + "</p>"
    plain = f"<article><h1>T</h1>{words}</article>"
    assert meta.opening(plain) == "First sentence."
    endless = f"<article><h1>T</h1><p>{'word ' * 100}</p></article>"
    assert meta.opening(endless).endswith("word …")
    assert len(meta.opening(endless)) <= meta.LONGEST + 2
    assert meta.opening("<main>no article</main>") == ""


def test_a_description_cannot_leave_its_tag():
    words = 'He said "<b>no</b>" & left'
    tags = meta.tags(PAGE, "a", words, "")
    assert said(tags)["description"] == words
    assert "<b>" not in tags


def test_nothing_absolute_is_said_before_there_is_an_address():
    bare = meta.tags(PAGE, "chapters/a", "words", "")
    assert "http" not in bare
    assert said(bare)["og:title"] == "Predict & create?"
    known = said(meta.tags(PAGE, "chapters/a", "words", "https://x.org/b"))
    assert known["og:url"] == "https://x.org/b/chapters/a.html"
    assert known["og:image"] == "https://x.org/b/_static/card.png"
    assert known["twitter:card"] == "summary_large_image"


def test_a_page_without_words_has_no_tags():
    assert meta.tags(PAGE, "search", "", "https://x.org") == ""


def masked(ink):
    """Return a mask as the book's figures have it: white where the ink goes."""
    stream = io.BytesIO()
    matplotlib.image.imsave(stream, ink, cmap="gray", vmin=0, vmax=1, format="png")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<mask id="m"><image href="data:image/png;base64,{data}"/></mask>'


def test_the_card_shows_the_first_figure_of_the_home_page(tmp_path):
    dark, light = np.ones((8, 80)), np.zeros((8, 80))
    figure = '<div class="show-wide"><svg>{}</svg></div>'
    page = figure.format(masked(dark) + masked(light)) + figure.format(masked(dark))
    assert [rows.mean() for rows in card.rows(page)] == pytest.approx([1, 0])
    pixels = []
    for name, home in {"with": page, "without": "<p>no figure</p>"}.items():
        card.draw(home, tmp_path / name)
        pixels.append(matplotlib.image.imread(tmp_path / name, format="png"))
    assert pixels[0].shape[:2] == pixels[1].shape[:2] == (630, 1200)
    ink = [1 - p[300:, :, :3].mean() for p in pixels]
    assert ink[0] > 0.15
    assert ink[1] == pytest.approx(0, abs=1e-3)


def test_a_chapter_runs_elsewhere_once_it_is_on_github():
    links = elsewhere.links("https://github.com/a/b", "one")
    assert links["Run in Colab"].endswith("/github/a/b/blob/colab/one.ipynb")
    assert links["Run in Binder"].endswith("/gh/a/b/main?labpath=chapters%2Fone.ipynb")
    assert links["See the notebook"].endswith("/a/b/blob/main/chapters/one.ipynb")
    assert elsewhere.links("", "one") == {}
    assert elsewhere.links("https://example.org/a/b", "one") == {}


def test_the_head_of_a_chapter_says_what_it_costs_and_needs():
    notebook = nbformat.v4.new_notebook(
        metadata={
            "book": {"level": "second chapter", "prerequisites": ["first", "other"]},
            "run": {"seconds": 17.6},
        },
        cells=[nbformat.v4.new_markdown_cell("word " * 450),
               nbformat.v4.new_code_cell("code " * 450)],
    )  # fmt: skip
    head = pages.head(notebook)
    assert "3 min to read · 18 s to run on a CPU · second chapter" in head
    assert "needs [](first.ipynb), [](other.ipynb)" in head
    assert "http" not in head
    linked = pages.head(notebook, {"There": "https://x.org"})
    assert '<a href="https://x.org">There</a>' in linked
