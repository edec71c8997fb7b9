"""The questions of the chapters: what they may say, and what is made of them."""

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import yaml

from bookkit import notebooks, toc
from bookkit.paths import CHAPTERS, PAGES
from minigen import questions, show
from minigen.references import FactError

ROWS = PAGES / "data" / "questions"
CHAPTER = "predictive_vs_generative"
ASKED = sorted(path.stem for path in toc.chapters())

#: What jupyterquiz documents of its files (schema/mc_schema.json in its repository).
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["type", "question", "answers"],
        "properties": {
            "question": {"type": "string"},
            "type": {"pattern": "multiple_choice|many_choice"},
            "answers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["answer", "correct"],
                    "properties": {
                        "answer": {"type": "string"},
                        "correct": {"type": "boolean"},
                        "feedback": {"type": "string"},
                    },
                },
            },
        },
    },
}


@pytest.mark.parametrize("chapter", ASKED)
def test_a_chapter_asks_five_to_eight_questions_that_it_answers(chapter):
    rows = questions.questions(chapter)
    assert 5 <= len(rows) <= 8
    for row in rows:
        title = questions.heading(chapter, row.section)
        assert title, f"{row.id}: the chapter has no section ({row.section})="
        assert not set(title) & set("\\[`"), f"{row.id}: a title is shown as it stands"
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", row.id)
        assert 3 <= len(row.answers) <= 4, row.id
        assert len({each.answer for each in row.answers}) == len(row.answers), row.id
        for text in (row.question, *(each.answer for each in row.answers)):
            assert text[-1] in ".?:…”)", f"{row.id}: {text}"
        for each in row.answers:
            assert len(each.feedback.split()) >= 10, f"{row.id}: say why"
            assert "of the above" not in each.answer, row.id
        assert not set(row.question) & set("$<>`"), f"{row.id}: plain text alone"


@pytest.mark.parametrize("chapter", ASKED)
def test_neither_place_nor_length_gives_an_answer_away(chapter):
    rows = questions.questions(chapter)
    places = Counter([each.correct for each in row.answers].index(True) for row in rows)
    longest = sum(
        max(row.answers, key=lambda each: len(each.answer)).correct for row in rows
    )
    assert max(places.values()) <= (len(rows) + 1) // 2
    assert longest <= (len(rows) + 1) // 2


def test_questions_meet_beliefs_that_people_have():
    believed = yaml.safe_load((ROWS.parent / "misconceptions.yml").read_text("utf-8"))
    known = {row["id"]: row["chapter"] for row in believed}
    for chapter in ASKED:
        met = [r.misconception for r in questions.questions(chapter) if r.misconception]
        assert len(met) >= 3, chapter
        assert {known.get(id) for id in met} == {chapter}, met


def test_no_address_stands_twice():
    ids = [row.id for chapter in ASKED for row in questions.questions(chapter)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("chapter", ASKED)
def test_a_chapter_shows_its_questions_before_its_exercises(chapter):
    cells = notebooks.read(CHAPTERS / f"{chapter}.ipynb").cells
    shown = [cell.source for cell in cells]
    at = shown.index(f'show.questions("{chapter}")')
    assert re.fullmatch(r"\([a-z0-9]+-questions\)=\n## .+\n\n.+", shown[at - 1])
    assert shown[at + 1].partition("\n")[0].endswith("-exercises)=")


class Parts(HTMLParser):
    """Collect the tags and the text of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = Counter(), ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1

    def handle_data(self, data):
        self.text += data


def test_pages_and_terminals_show_every_word_of_it():
    rows = questions.questions(CHAPTER)
    bundle = show.questions(CHAPTER)._repr_mimebundle_()
    shown = Parts(bundle["text/html"])
    answers = [each for row in rows for each in row.answers]
    assert shown.tags["details"] == shown.tags["summary"] == len(answers)
    # Native parts alone: nothing for a page's script or style to miss.
    assert not shown.tags & Counter(["script", "style", "button", "input"])
    for text in (bundle["text/plain"], shown.text):
        assert text.count("Right.") == len(rows)
        assert text.count("Not this one.") == len(answers) - len(rows)
        for said in (*(r.question for r in rows), *(a.feedback for a in answers)):
            assert said in text


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a book with one chapter's questions, to break."""
    (tmp_path / "book/data/questions").mkdir(parents=True)
    shutil.copy(ROWS / f"{CHAPTER}.yml", tmp_path / "book/data/questions")
    return tmp_path / "book"


def changed(book, change):
    path = book / f"data/questions/{CHAPTER}.yml"
    rows = yaml.safe_load(path.read_text("utf-8"))
    change(rows)
    path.write_text(yaml.safe_dump(rows), "utf-8")
    return questions.questions(CHAPTER, book=book)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].pop("section"), "needs answers, id, question, section"),
        (lambda rows: rows[0].update(hint="x"), "not answers, hint"),
        (lambda rows: rows[0]["answers"][0].update(feedback=""), "may have correct"),
        (lambda rows: rows[0]["answers"][0].update(correct=True), "and no other"),
        (lambda rows: rows[0]["answers"][2].pop("correct"), "and no other"),
        (lambda rows: rows[0].update(answers="x"), "must be a list"),
    ],
)
def test_a_row_that_breaks_the_rules_is_refused_by_name(book, change, message):
    with pytest.raises(FactError, match=f"{CHAPTER}.yml, .pvg-sure.*{message}"):
        changed(book, change)


def test_what_looks_like_html_is_text(book):
    rows = changed(book, lambda rows: rows[0].update(question="Is <b> < & so?"))
    shown = Parts(show.Questions(CHAPTER, rows).html())
    assert "Is <b> < & so?" in shown.text
    assert "b" not in shown.tags
    assert rows[0].for_jupyterquiz()["question"] == "Is &lt;b&gt; &lt; &amp; so?"


def test_a_copy_without_the_section_asks_all_the_same(book):
    assert questions.heading(CHAPTER, "pvg-play", book=book) == ""
    assert questions.heading(CHAPTER, "no-such-label") == ""


@pytest.mark.parametrize("chapter", ASKED)
def test_jupyterquiz_takes_a_chapters_questions(chapter):
    text = questions.for_jupyterquiz(chapter)
    assert text.isascii()  # it opens files in the machine's own encoding
    assert "$" not in text  # which it reads as mathematics
    made = json.loads(text)
    jsonschema.validate(made, SCHEMA)
    for row, given in zip(made, questions.questions(chapter), strict=True):
        right = [each["correct"] for each in row["answers"]]
        assert right == [each.correct for each in given.answers]
        assert row["type"] == "multiple_choice"
