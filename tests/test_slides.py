"""Decks of slides: chosen from a chapter's cells, said in its words, and no copy."""

import html
import re
from copy import deepcopy

import nbformat
import pytest
from browsers import needs_browser
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import BookError, deck, printing, slides, toc, words
from minigen import show
from minigen.record import RECORD_MIME, Record

CAPTION = "Two rows. The lower one can be read."


def picture(caption=CAPTION, size="720 300"):
    """Return a figure's HTML as minigen.show makes it."""
    return (
        f'<figure class="show-figure" id="fig-rows"><div class="show-wide">'
        f'<svg class="show" role="img" aria-label="Two rows." viewBox="0 0 {size}">'
        f"</svg></div><figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def code(markup, slide_type="", **data):
    """Return a code cell that shows something."""
    cell = new_code_cell("show()", outputs=[
        new_output("execute_result", data={"text/html": markup, **data})
    ])  # fmt: skip
    if slide_type:
        cell.metadata["slideshow"] = {"slide_type": slide_type}
    return cell


@pytest.fixture
def chapter():
    """Return a small executed chapter with one of everything."""
    number = Record("bits of the model", 2.5, "bits", floor=2.0, goal="<= 3")
    card = (
        '<div class="fact-card"><p><strong>Claim, checked:</strong> It thinks.</p>'
        "<p><strong>Verdict: false:</strong> It does not. Nobody saw it.</p></div>"
    )
    texts = {
        "opening": "(one)=\n# A title\n\nThe promise of [it](other.ipynb) all.",
        "before": "Two painters. Which of the two draws better?",
        "figure": code(picture()),
        "after": "The upper row is no accident. How can that be?\n\n"
        "(one-able)=\n## What you will be able to do\n\n- **say** it.\n\n"
        "(one-maths)=\n### The law\n\nAdd both:\n\n"
        "```{math}\n:label: law\na + b\n```\n\nBy {eq}`law`, $x$ is known.",
        "number": code("<p class='record'>2.5</p>", **{RECORD_MIME: number.data()}),
        "said": "A remark on the run.",
        "claim": code(card),
        "exercises": "(one-exercises)=\n## Exercises\n\nTry them.",
        "ex": "(one-ex)=\n### 1 · Recall: the law\n\nWrite it.",
        "summary": "(one-summary)=\n## What you can do now\n\n- You can **say** it.",
    }
    cells = [
        new_markdown_cell(text) if isinstance(text, str) else text
        for text in texts.values()
    ]
    for name, cell in zip(texts, cells, strict=True):
        cell["id"] = name
    cells[8].metadata["tags"] = ["exercise"]
    return new_notebook(cells=cells)


def made(chapter):
    """Return the chapter's slides."""
    return deck.slides(chapter, "one", words.Voice(titles={"other": "Another"}))


def test_a_deck_has_the_chapters_parts_in_order(chapter):
    assert [(one.kind, one.title) for one in made(chapter)] == [
        ("opening", "A title"),
        ("figure", "Which of the two draws better?"),
        ("question", "To discuss"),
        ("list", "What you will be able to do"),
        ("formulas", "The law"),
        ("numbers", "Measured in this chapter"),
        ("claims", "Often said: true or false?"),
        ("list", "Exercises"),
        ("list", "What you can do now"),
    ]


def test_a_slide_says_what_its_cells_say(chapter):
    opening, figure, question, _, law, numbers, claims, exercises, _ = made(chapter)
    assert opening.body == "<p>The promise of it all.</p>"
    assert figure.lead == "Two painters."
    assert CAPTION in figure.body
    assert 'aria-label="Two rows."' in figure.body
    assert '<p class="ask">How can that be?</p>' in question.body
    assert "\\[a + b\\]" in law.body
    assert "<p>Add both:</p>" in law.body
    assert "By (1), <span" in law.notes
    for shown in ("bits of the model", "2.5 bits", "floor", "met"):
        assert shown in numbers.body
    assert "It thinks." in claims.body
    assert "<strong>false</strong>: It does not.</p>" in claims.body
    assert "<li>Recall: the law</li>" in exercises.body


def test_a_changed_caption_is_found_in_the_deck(chapter):
    chapter.cells[2] = code(picture("Another caption."))
    (figure,) = [one for one in made(chapter) if one.kind == "figure"]
    assert "Another caption." in figure.body
    assert CAPTION not in figure.body


def test_a_cell_is_left_out_or_its_code_shown_on_request(chapter):
    chapter.cells[2].metadata["slideshow"] = {"slide_type": "skip"}
    chapter.cells[6].metadata["slideshow"] = {"slide_type": "slide"}
    kinds = [one.kind for one in made(chapter)]
    assert "figure" not in kinds
    assert "code" in kinds


def test_the_first_question_is_asked_before_it_is_answered(chapter):
    asked = show.questions("vae")
    first = asked.rows[0]
    chapter.cells.insert(4, code(asked.html()))
    (quiz,) = [one for one in made(chapter) if one.kind == "quiz"]
    assert html.unescape(quiz.title) == first.question
    question, _, answer = html.unescape(quiz.body).partition("fragment")
    for each in first.answers:
        assert f"<li>{each.answer}</li>" in question
        assert (each.feedback in answer) == each.correct


def test_a_high_drawing_stands_beside_its_words(chapter):
    chapter.cells[2] = code(picture(size="720 700"))
    assert made(chapter)[1].kind == "beside"


def test_the_first_words_after_a_figure_are_its_moral(chapter):
    chapter.cells[4:4] = [
        code(picture("A sum.")),
        new_markdown_cell("It is no accident at all. Is it? This is a long story."),
    ]
    figure = [one for one in made(chapter) if one.kind == "figure"][-1]
    assert '<p class="moral fragment">It is no accident at all.' in figure.body


def test_what_leads_to_the_next_figure_is_no_moral(chapter):
    chapter.cells[3:3] = [
        new_markdown_cell("And these are the sums of both rows."),
        code(picture("The sums.")),
    ]
    first, second = [one for one in made(chapter) if one.kind == "figure"]
    assert "moral" not in first.body
    assert second.title == "And these are the sums of both rows."


def test_a_deck_loads_what_its_figures_need_and_nothing_foreign(chapter):
    page = slides.page("A title", made(chapter), "../_static/")
    loaded = re.findall(r'(?:src|href)="([^"#]*)"', page)
    assert not [url for url in loaded if re.match(r"\w+://|//", url)]
    assert "../_static/player.js" not in loaded
    chapter.cells[2] = code(picture().replace("<svg", '<svg data-player="{}"'))
    page = slides.page("A title", made(chapter), "../_static/")
    assert '<script src="../_static/player.js"></script>' in page


@pytest.fixture
def folder(chapter, tmp_path, monkeypatch):
    """Build the decks of a book with this one chapter."""
    source = tmp_path / "one.ipynb"
    nbformat.write(chapter, source)
    monkeypatch.setattr(toc, "chapters", lambda: [source])
    monkeypatch.setattr(slides, "run_of", lambda _: deepcopy(chapter))
    assert slides.build(tmp_path / "slides") == {"one": len(made(chapter))}
    return tmp_path / "slides"


@needs_browser
def test_the_folder_has_all_that_a_deck_loads_and_prints(folder):
    page = (folder / "one.html").read_text()
    for url in re.findall(r'(?:src|href)="(_static/[^"]*)"', page):
        assert (folder / url).is_file(), url
    style = folder / "_static/deck.css"
    for url in re.findall(r'url\("([^"]*)"\)', style.read_text()):
        assert (style.parent / url).is_file(), url
    assert "\\[a + b" not in page  # formulas are drawn
    assert "one.html" in (folder / "index.html").read_text()
    printing.print_decks(folder, ["one"])
    pages = re.findall(rb"/Type ?/Page\b", (folder / "one.pdf").read_bytes())
    assert len(pages) == page.count("<section")


def test_without_a_run_or_a_browser_there_is_a_word_on_it(tmp_path, monkeypatch):
    with pytest.raises(BookError, match="make book"):
        slides.run_of(tmp_path / "none.ipynb")
    monkeypatch.setattr(printing, "CHROMIUMS", ())
    with pytest.raises(BookError, match="Chromium"):
        printing.print_decks(tmp_path, ["one"], jobs=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("It is $a. B$ here. Yes.", ["It is $a. B$ here.", "Yes."]),
        ("See Ho et al. 2020 for it. *Then* go.", ["See Ho et al. 2020 for it.",
                                                   "*Then* go."]),
        ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
        ("About 3.5 of them: [this](x.ipynb). (Or less.)",
         ["About 3.5 of them: [this](x.ipynb).", "(Or less.)"]),
        ("Yes. (One. Two.) No.", ["Yes.", "(One. Two.)", "No."]),
        ("no capital. so no end", ["no capital. so no end"]),
    ],
)  # fmt: skip
def test_sentences(text, expected):
    assert words.sentences(text) == expected


def test_lines_lose_their_links_and_keep_their_formulas():
    voice = words.Voice({"law": 3}, {"other": "Another"})
    line = voice.line("*By* {eq}`law` of [](other.ipynb), [see](#x): $a<b$, <b>.")
    assert line == (
        "<em>By</em> (3) of Another, see: "
        '<span class="math">\\(a&lt;b\\)</span>, &lt;b&gt;.'
    )


@pytest.mark.parametrize("path", toc.chapters(), ids=lambda path: path.stem)
def test_every_chapter_opens_with_a_promise_and_a_question(path):
    notebook = nbformat.read(path, as_version=4)
    kinds = [one.kind for one in deck.slides(notebook, path.stem, words.Voice())]
    assert kinds[0] == "opening"
    assert kinds.count("question") == 1
    assert kinds.count("list") == 3
