"""The map of the book: what needs what, the ways by question, and the drawing."""

import re

import pytest
import yaml

from bookkit import BookError, chart, facts, toc
from bookkit.chart import Chapter


def chapter(name: str, *needs: str) -> Chapter:
    return Chapter(name, name.title(), f"On {name}.", 10, needs)


BOOK = {
    one.name: one
    for one in (
        chapter("a"),
        chapter("b", "a"),
        chapter("c", "a"),
        chapter("d", "a", "b", "c"),
    )
}


def test_the_way_to_a_chapter_is_all_it_rests_on_in_reading_order():
    assert chart.all_needs("d", BOOK) == ["a", "b", "c", "d"]
    assert chart.all_needs("c", BOOK) == ["a", "c"]


def test_what_another_need_brings_is_not_drawn():
    assert chart.direct_needs("d", BOOK) == ["b", "c"]
    assert len(re.findall("<path", chart.drawing(BOOK))) == 4


def test_a_question_names_the_way_and_its_minutes(monkeypatch, tmp_path):
    goals = tmp_path / "goals.yml"
    goals.write_text(yaml.safe_dump([{"question": "Why d?", "chapter": "d"}]), "utf-8")
    monkeypatch.setattr(chart, "GOALS", goals)
    page = chart.page(BOOK)
    assert "**Why d?**\n: [A](chapters/a.ipynb) → [B](chapters/b.ipynb) → " in page
    assert "In all about 40 minutes" in page
    assert "It needs [B](chapters/b.ipynb) and [C](chapters/c.ipynb)." in page
    goals.write_text(yaml.safe_dump([{"question": "?", "chapter": "x"}]), "utf-8")
    with pytest.raises(BookError, match="'x', which is not in _toc"):
        chart.page(BOOK)


def test_the_book_has_a_way_to_every_chapter_that_nothing_else_leads_to():
    book = chart.read(toc.chapters(), facts.planned())
    text = chart.page(book)
    assert all(f"chapters/{name}.ipynb" in text for name in book)
    asked = {goal["chapter"] for goal in yaml.safe_load(chart.GOALS.read_text("utf-8"))}
    led_to = {need for goal in asked for need in chart.all_needs(goal, book)}
    assert set(book) - led_to <= {"vae", "gan"}
