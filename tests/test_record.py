"""Records: what the scoreboard gets, what the reader sees, what is refused."""

import pytest

from minigen import record as rec
from minigen.record import RECORD_MIME, VOLATILE_MIME, Record, number, record


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed instead of showing it."""
    bundles = []
    monkeypatch.setattr(rec, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_a_record_reaches_reader_and_scoreboard(shown):
    record(
        "accuracy",
        0.9734,
        unit="%",
        baseline=0.1,
        goal=">= 0.95",
        interval=(0.96, 0.98),
    )
    [bundle] = shown
    assert bundle[RECORD_MIME]["met"] is True
    assert bundle[RECORD_MIME]["interval"] == (0.96, 0.98)
    assert bundle["text/plain"] == (
        "Accuracy: 97.3 % (from 96.0 % to 98.0 %); baseline 10.0 %."
    )
    assert "<strong>97.3 %</strong>" in bundle["text/html"]


def test_the_last_bits_of_a_sum_are_not_stored(shown):
    thirds = (0.1 + 0.2) / 3, (0.1 + 0.2) / 3 + 1e-16
    for third in thirds:
        record("a third", third, floor=third, interval=(third, 1.0), goal="<= 0.1")
    one, other = (bundle[RECORD_MIME] for bundle in shown)
    assert one == other
    assert one["value"] == 0.1
    assert one["interval"] == (0.1, 1.0)
    assert one["met"] is False  # the goal is held against the value itself


def test_a_sentence_carries_the_numbers_and_is_escaped(shown):
    record("x", 2.0, floor=1.0, sentence="<b>{value}</b> against {floor}")
    assert shown[0]["text/plain"] == "<b>2</b> against 1"
    assert "&lt;b&gt;<strong>2</strong>" in shown[0]["text/html"]


def test_what_may_differ_between_runs_has_no_compared_text(shown):
    record("seconds", 1.5, unit="s", baseline=3.0, volatile=True)
    assert set(shown[0]) == {VOLATILE_MIME, "text/html"}
    rec.show_volatile("3 s & more")
    assert set(shown[1]) == {VOLATILE_MIME, "text/html"}
    assert "3 s &amp; more" in shown[1]["text/html"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs something to be compared with"),
        ({"floor": float("nan")}, "floor is nan"),
        ({"floor": 1, "interval": (0.0, float("inf"))}, "high is inf"),
        ({"floor": 1, "goal": "< 2"}, "a goal reads like"),
        ({"floor": 1, "sentence": "{ceiling}"}, r"asks for \{ceiling\}"),
    ],
)
def test_a_number_alone_or_broken_is_refused(shown, arguments, message):
    with pytest.raises(ValueError, match=message):
        record("x", 1.0, **arguments)
    assert not shown


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [("<= 1.1", 1.1, True), ("<= 1.1", 1.2, False), (">= 0.9", 0.9, True),
     (">= 0.9", 0.89, False), (None, 5, None)],
)  # fmt: skip
def test_goals(goal, value, met):
    assert Record("x", value, goal=goal).met is met


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.5, "%", "50.0 %"),
        (3.14159, "bits/dim", "3.14 bits/dim"),
        (1234.5, "", "1,234"),
        (7.0, "s", "7 s"),
        (-0.00123, "", "-0.00123"),
    ],
)
def test_numbers_are_written_for_people(value, unit, text):
    assert number(value, unit) == text
