"""Checkers accept what is right, and answer every usual slip with a sentence."""

import contextlib
import math
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from minigen import checks, exercises, limits

CHAPTER = """
import torch
from minigen.checks import NotYet, calls, close, equal_shape

def double(answer):
    x = torch.arange(4.0).view(2, 2)
    close(calls(answer, x, seconds=0.2), 2 * x)
    return "A sum of two equal things would do as well."

def number(answer):
    close(answer, 0.5, 1e-3, name="The probability")

def shape(answer):
    equal_shape(answer, (3,))

def careless(answer):
    return answer.shape[7]

def direct(answer):
    assert answer() == 1, "The answer is not one."

def chance(answer):
    close(calls(answer), torch.rand(()))

CHECKERS = {"1": double, "2": number, "3": shape, "4": careless, "5": direct,
            "6": chance}
"""


@pytest.fixture(autouse=True)
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "little.py").write_text(CHAPTER)
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    yield
    sys.modules.pop("minigen.exercises.little", None)


def said(number: int, answer: object, **settings) -> str:
    verdict = checks.passes(f"little.{number}", answer, **settings)
    assert not verdict
    return verdict.text


def test_the_solution_passes_with_a_word_to_go_on() -> None:
    verdict = checks.passes("little.1", lambda x: 2 * x)
    assert verdict
    assert repr(verdict).startswith("✓ little.1: A sum of two")
    assert checks.passes("little.2", 0.5).text == "right."


@pytest.mark.parametrize("half", [0.5, np.float32(0.5), torch.tensor(0.5), 0.5001])
def test_numbers_of_every_kind_pass(half: object) -> None:
    assert checks.passes("little.2", half)


def test_a_tensor_that_asks_for_a_gradient_passes() -> None:
    assert checks.passes("little.1", lambda x: 2 * x.requires_grad_(True))
    assert checks.passes("little.1", lambda x: (2 * x).tolist())
    assert checks.passes("little.1", lambda x: (2 * x).bfloat16())


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (None, "it is None; give its name without parentheses"),
        (torch.ones(2, 2), "it is a Tensor"),
        (lambda x: None, "`return`"),
        (lambda x: "2x", "made of numbers, and it is a str"),
        (lambda x: x > 0, "it is a Tensor of torch.bool"),
        (lambda x: [[1], [1, 2]], "it is a list"),
        (lambda x: 2 * x[0], r"of shape (2, 2), and it is of shape (2,)"),
        (lambda x: 6.0, "and it is a single number"),
        (lambda x: x / 0 * 0, "has 4 entries that are no number (NaN)"),
        (
            lambda x: x + 1,
            "3 of 4 entries wrong; the first is [0, 0], where you have 1.",
        ),
        (lambda x: x.mul_(2), "changes its argument number 1"),
        (lambda x, y: x, "could not be called: TypeError"),
    ],
)
def test_each_slip_has_its_hint(answer: object, hint: str) -> None:
    assert hint in said(1, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (None, "The probability is None"),
        (0.4, "is 0.4, which is not right"),
        (float("nan"), "is no number (NaN)"),
        (True, "it is a bool"),
        ("0.5", "it is a str"),
        ([0.5], "should be a single number, and it is of shape (1,)"),
    ],
)
def test_numbers_that_are_wrong_have_their_hint(answer: object, hint: str) -> None:
    assert hint in said(2, answer)


def test_hints_do_not_tell_the_solution() -> None:
    assert "0.5" not in said(2, 0.4)
    assert said(3, torch.ones(4)) == (
        "The answer should be of shape (3,), and it is of shape (4,)."
    )


def broken(x: torch.Tensor) -> torch.Tensor:
    rows = x[5]
    return rows * 2


def test_an_exception_names_the_learners_line_and_nothing_else() -> None:
    text = said(1, broken)
    line = broken.__code__.co_firstlineno + 1
    assert "IndexError: index 5 is out of bounds" in text
    assert text.endswith(f"It was in line {line}: `rows = x[5]`.")
    assert "Traceback" not in text
    assert ".py" not in text


def test_an_exception_without_a_learners_line_is_about_the_answer() -> None:
    assert said(4, torch.ones(2)).startswith(
        "The answer is a Tensor of torch.float32, and"
    )
    assert "AttributeError" in said(4, None)


def test_code_from_a_notebook_cell_needs_no_file() -> None:
    names: dict = {}
    exec(compile("def f(x):\n    return 1 / 0\n", "<cell>", "exec"), names)
    assert "ZeroDivisionError: division by zero. It was in line 2." in said(
        1, names["f"]
    )


@pytest.mark.parametrize("end", [SystemExit, RecursionError, AssertionError, OSError])
def test_no_exception_of_the_learners_gets_out(end: type[BaseException]) -> None:
    def stops(*_: object) -> None:
        raise end

    assert f"stopped with {end.__name__}. It was in line" in said(1, stops)
    assert f"stopped with {end.__name__}. It was in line" in said(5, stops)


def test_an_interrupt_gets_out() -> None:
    def stops(x: torch.Tensor) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks.passes("little.1", stops)


def test_plain_assertions_of_a_checker_are_hints() -> None:
    assert checks.passes("little.5", lambda: 1)
    verdict = checks.passes("little.5", lambda: 2)
    assert (verdict.kind, verdict.text) == ("not yet", "The answer is not one.")


def test_addresses_are_left_out_so_that_runs_agree() -> None:
    def shows_itself(x: torch.Tensor) -> None:
        raise ValueError(object())

    assert "object at 0x…>" in said(1, shows_itself)


def endless(*_: object) -> None:
    while True:
        with contextlib.suppress(Exception):
            math.sqrt(-1)


def asleep() -> None:
    while True:
        time.sleep(0.02)


def test_an_endless_loop_ends_and_says_so() -> None:
    started = time.monotonic()
    assert "still running after 0.2 seconds" in said(1, endless)
    assert "still running after 0.1 seconds" in said(5, endless, seconds=0.1)
    assert time.monotonic() - started < 3


def on_a_thread(call):
    found: list = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join(10)
    return found[0]


def test_an_endless_loop_ends_on_other_threads_too() -> None:
    before = threading.active_count()
    assert "still running" in on_a_thread(lambda: said(1, endless))
    assert on_a_thread(lambda: checks.passes("little.1", lambda x: 2 * x))
    assert "IndexError" in on_a_thread(lambda: said(1, broken))
    assert threading.active_count() == before


def test_a_limit_within_a_limit_leaves_the_outer_one_running() -> None:
    def inner_then_endless() -> None:
        assert limits.limited(lambda: 7, seconds=5) == 7
        endless()

    started = time.monotonic()
    with pytest.raises(limits.TimeIsUp):
        limits.limited(inner_then_endless, seconds=0.2)
    assert time.monotonic() - started < 3
    time.sleep(0.05)  # an alarm left behind would ring here


@pytest.mark.parametrize("run", [lambda call: call(), on_a_thread])
def test_what_only_waits_is_given_longer_and_ended_too(run) -> None:
    def stopped() -> float:
        started = time.monotonic()
        with pytest.raises(limits.TimeIsUp):
            limits.limited(asleep, seconds=0.05)
        return time.monotonic() - started

    assert 0.99 * limits.WAITING * 0.05 < run(stopped) < 3


@pytest.mark.parametrize("run", [lambda call: call(), on_a_thread])
def test_a_slow_machine_is_waited_for(run) -> None:
    def little() -> float:  # the work of a machine that does a tenth of ours
        return time.monotonic() / 10

    def right() -> int:
        time.sleep(0.2)
        return 7

    def in_time() -> int:
        return limits.limited(right, seconds=0.1, worked=little)

    assert run(in_time) == 7


def test_many_threads_at_work_are_not_stopped_sooner() -> None:
    def much() -> float:  # the work of eight threads
        return 8 * time.monotonic()

    assert limits.limited(lambda: time.sleep(0.05), seconds=0.3, worked=much) is None


@pytest.mark.parametrize(
    "argument",
    [
        torch.tensor([1.0, float("nan")]),
        np.array([1.0, float("nan")]),
        [1, [2]],
        {"a": torch.ones(2)},
        {1, 2},
        (torch.ones(2), "b"),
    ],
)
def test_untouched_arguments_are_no_offence(argument: object) -> None:
    assert checks.calls(lambda x: 1, argument) == 1
    assert checks.calls(lambda *, x: 1, x=argument) == 1


def append(x: list) -> int:
    x[1].append(3)
    return 1


def rename(x: dict) -> int:
    x["b"] = x.pop("a")
    return 1


def add(x: torch.Tensor) -> int:
    x += 1
    return 1


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        (append, [1, [2]]),
        (rename, {"a": 1}),
        (add, np.ones(2)),
        (add, torch.zeros(2)),
        (lambda x: x.clear() or 1, {1, 2}),
        (lambda x: add(x["a"]), {"a": torch.ones(2)}),
    ],
)
def test_changed_arguments_are_named(change, argument: object) -> None:
    with pytest.raises(checks.NotYet, match="argument number 2"):
        checks.calls(lambda first, x: change(x), 0, argument)


def test_random_numbers_are_the_same_at_every_check_and_stay_the_callers() -> None:
    torch.manual_seed(5)
    expected = torch.rand(())
    torch.manual_seed(5)
    texts = {said(6, lambda: torch.rand(())) for _ in range(2)}
    assert len(texts) == 1
    assert torch.equal(torch.rand(()), expected)


def test_infinity_and_nan_can_be_the_answer() -> None:
    checks.close([-torch.inf, torch.nan], [-torch.inf, torch.nan])
    with pytest.raises(checks.NotYet):
        checks.close([torch.inf], [-torch.inf])
    with pytest.raises(checks.NotYet):
        checks.close([0.0], [torch.nan])


def test_tolerance_grows_with_the_number() -> None:
    checks.close(1000.5, 1000, 1e-3)
    with pytest.raises(checks.NotYet):
        checks.close(1002.5, 1000, 1e-3)
    with pytest.raises(checks.NotYet):
        checks.close(0.0025, 0.0, 1e-3)


def test_what_is_shown_is_text_and_safe_markup(capsys: pytest.CaptureFixture) -> None:
    checks.check("little.2", 0.5)
    assert "✓ little.2: right." in capsys.readouterr().out
    verdict = checks.Verdict("a.1", "not yet", "Use `x` where <x> & co.")
    bundle = verdict._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == "→ a.1: Use `x` where <x> & co."
    assert "<code>x</code> where &lt;x&gt; &amp; co." in bundle["text/html"]
    assert 'class="check check-not-yet" role="status"' in bundle["text/html"]


@pytest.mark.parametrize(
    ("exercise", "hint"),
    [
        ("litle.1", "perhaps 'little'"),
        ("zzz.1", "little"),
        ("little.9", "little has little.1, little.2"),
        ("little", "little has little.1"),
        ("", "ids begin with a chapter"),
    ],
)
def test_an_unknown_exercise_is_named(exercise: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"no exercise {exercise!r}.*{hint}"):
        checks.check(exercise, 1)


def test_every_chapter_lists_checkers() -> None:
    assert "little" in exercises.chapters()
    for chapter in exercises.chapters():
        assert exercises.checkers(chapter)
