"""The teacher's guide: its data, its minutes, its exam, and what its pages say."""

import re

import numpy as np
import pytest

from bookkit import exam, guide, pace, student, sums, teaching, toc
from bookkit.paths import PAGES
from minigen.facts import claims

TEACHING = PAGES / "teaching"


def test_everything_that_the_guide_names_is_there_and_all_is_reached():
    assert teaching.problems() == []


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ("outcomes", {"sections": ("no-such",)}, "there is no label 'no-such'"),
        ("outcomes", {"exercises": ("vae.no",)}, "there is no exercise 'vae.no'"),
        ("misconceptions", {"shown_in": "nowhere"}, "there is no label 'nowhere'"),
        ("misconceptions", {"claim": "nothing"}, "there is no claim 'nothing'"),
        ("misconceptions", {"misconception": ""}, "needs a claim, or a misconception"),
    ],
)
def test_what_points_to_nothing_is_named(monkeypatch, rows, changes, message):
    first, *others = getattr(teaching, rows)()
    broken = type(first)(**{**vars(first), **changes})
    monkeypatch.setattr(teaching, rows, lambda: (broken, *others))
    assert any(message in problem for problem in teaching.problems())


def test_what_no_outcome_reaches_is_named(monkeypatch):
    kept = tuple(row for row in teaching.outcomes() if row.id != "adversarial")
    monkeypatch.setattr(teaching, "outcomes", lambda: kept)
    assert "no outcome reaches the exercise gan.critic" in teaching.problems()


def test_a_session_that_runs_over_is_named(monkeypatch):
    course = teaching.syllabi()[1]
    first, *others = course.sessions
    longer = teaching.Session(**{**vars(first), "skip": (), "keep": 30})
    over = teaching.Syllabus(**{**vars(course), "sessions": (longer, *others)})
    monkeypatch.setattr(teaching, "syllabi", lambda: (over,))
    (told,) = teaching.problems()
    assert "Predict or create?: about" in told
    assert told.endswith("minutes are planned in a session of 90")


def test_a_field_that_is_unknown_or_missing_is_named():
    with pytest.raises(teaching.BookError, match=r"a place: .*'colour'"):
        teaching.made(teaching.Outcome, {"id": "a", "colour": "red"}, "a place")
    with pytest.raises(teaching.BookError, match=r"a place: .*'sections'"):
        teaching.made(teaching.Outcome, {"id": "a", "outcome": "b"}, "a place")


def test_the_long_course_is_the_whole_book():
    *_, course = teaching.syllabi()
    read = [name for session in course.sessions for name in session.read]
    assert set(read) == set(pace.chapters())
    done = [
        id for session in course.sessions for id in (*session.exercises, *session.home)
    ]
    every = [id for chapter in pace.chapters().values() for id in chapter.exercises]
    assert sorted(done) == sorted(every)


def notebook(*cells):
    made = student.nbformat.v4.new_notebook()
    made.cells = list(cells)
    return made


def test_the_minutes_of_a_section_are_counted_from_what_stands_in_it():
    text, code = (
        student.nbformat.v4.new_markdown_cell, student.nbformat.v4.new_code_cell
    )  # fmt: skip
    hidden = code("show.figure(fig)", metadata={"tags": ["hide-input"]})
    found = pace.sections(
        notebook(
            text("(a-b)=\n# One\n\n" + "word " * 300),
            hidden, code("x = 1"), text("Guess first. " + "word " * 298),
            text("(a-c)=\n## Two\n\n" + "word " * 150), code("show.live(model)"),
        ),
        "a",
    )  # fmt: skip
    one, two = found
    assert (one.label, one.title, two.title) == ("a-b", "One", "Two")
    assert one.minutes == pytest.approx(2 + pace.FIGURE + pace.CELL + 2 + pace.GUESS)
    assert two.minutes == pytest.approx(1 + pace.PLAY + pace.CELL)


def test_every_chapter_has_exercises_of_all_four_kinds_in_their_order():
    for chapter in pace.chapters().values():
        assert [each.kind for each in chapter.exercises.values()] == [*pace.LINE]
        assert all(5 < each.minutes < 75 for each in chapter.exercises.values())


def test_an_exercise_without_a_kind_is_named():
    chapter = student.nbformat.read(toc.chapters()[0], as_version=4)
    text, *_ = student.exercises(chapter)[0]
    text.source = text.source.replace("1 · Recall: ", "")
    with pytest.raises(pace.BookError, match="says none of recall, change, extend"):
        list(pace.exercises(chapter, "a"))


def test_the_pages_take_everything_from_the_data(tmp_path):
    for path in toc.chapters():
        student.nbformat.write(
            student.nbformat.read(path, as_version=4), tmp_path / path.name
        )
    said = "\n".join(
        guide.insert(path.read_text("utf-8"), tmp_path)
        for path in sorted(TEACHING.glob("[!_]*.md"))
    )
    assert not guide.LINE.search(said)
    for row in teaching.outcomes():
        assert f"(outcome-{row.id})=\n**{row.outcome}**" in said
    for row in teaching.misconceptions():
        assert f"(misconception-{row.id})=" in said
        assert row.in_class in said
    for course in teaching.syllabi():
        assert said.count(f"(syllabus-{course.id}-") == len(course.sessions)
    known = set(re.findall(r"^\(([^()\s]+)\)=$", said, re.MULTILINE))
    known |= teaching.facts.labels() | {f"claim-{row.id}" for row in claims()}
    known |= {"claims-checked", "glossary-of-terms", "systems-in-miniature"}
    assert set(re.findall(r"\]\(#([^)]+)\)", said)) <= known


@pytest.mark.parametrize("make", sums.ALL, ids=lambda make: make.__name__)
def test_a_sum_says_what_it_asks_and_another_seed_asks_another(make):
    drawn = [make(np.random.default_rng(seed)) for seed in range(8)]
    assert len({each.question for each in drawn}) > 1
    for each in drawn:
        assert each.chapter in pace.chapters()
        assert each.question.rstrip(")")[-1] in "?."
        assert "nan" not in each.answer + each.question
    assert make(np.random.default_rng(3)) == drawn[3]


def test_the_answers_of_sums_are_right_where_they_can_be_worked_out_by_hand():
    class Dice:
        """Dice that fall as told."""

        def __init__(self, *falls):
            self.falls = list(falls)

        def choice(self, *_, **__):
            return self.falls.pop(0)

        integers = permutation = choice

    told = sums.accused(Dice(50, 0.8, 0.01))  # 40 of 50, and 9.5 of 950
    assert told.answer.startswith("49.5 flagged, 19% of them honest")
    told = sums.price(Dice(np.array([2.0, 0.0]), np.array([1.0, 0.5])))
    assert told.answer.startswith("2.885 and 0.459 bits")  # 2 / ln 2; 1 − 0.375 / ln 2
    told = sums.retrieved(Dice([2, 3, 5]))
    assert told.answer == "30%"
    told = sums.merges(Dice(["low", "bow", "sun", "fun"], [5, 4, 3, 2]))
    assert told.answer == "“ow”, “low”, “un”"  # 9; then 5 and 5, l before u


def test_an_exam_has_an_answer_to_each_question_and_gives_none_away():
    sheets = exam.sheets(7)
    assert sheets == exam.sheets(7) != exam.sheets(8)
    questions, answers = sheets["questions.md"], sheets["answers.md"]
    count = exam.SUMS + exam.BELIEFS + exam.WORKED
    numbers = [str(n) for n in range(1, count + 1)]
    for text in sheets.values():
        assert re.findall(r"^\*\*(\d+)\*\* \(", text, re.MULTILINE) == numbers
        assert "70 points" in text
    for line in answers.splitlines():
        if line.startswith("**"):
            assert line.partition("). ")[2] not in questions


def test_designs_are_graded_by_points_that_add_up():
    for row in exam.designs():
        assert row["chapter"] in pace.chapters()
        assert exam.DESIGN_POINTS % len(row["points"]) == 0


def test_an_exam_stands_on_no_page_and_in_no_archive_of_students():
    assert exam.DESIGNS.name.startswith("_")  # what the site leaves out
    paths = [path for path, _ in student.contents({})]
    assert not any("exam" in path for path in paths)
