"""The quiz in a browser: its statistics are Python's, by mouse, finger and keys."""

import json
import random
import subprocess

import pytest
import torch
from browsers import findings, in_jupyterlab, needs_browser
from test_player_browser import ROOM

from bookkit import assets
from minigen import quiz as scores
from minigen import repro, show
from minigen.show import style
from minigen.show.live_words import QUIZ

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = needs_browser

ROUNDS = 6
TEXTS = [f"Story {n} <b>of</b> & ${n}. {'It was long ago. ' * 9}" for n in range(12)]
FIGURE = {"alt": "Some of both.", "caption": "Try.", "rounds": ROUNDS}


def pictures(count, seed, channels=1):
    size = (count, channels, 8, 8)
    return torch.rand(size, generator=repro.generator(seed))


def made_of_pictures():
    made = {"VAE": pictures(5, 1), "GAN <i>": pictures(7, 2)}
    return show.quiz(pictures(9, 0), made, name="digits", **FIGURE)


def made_of_texts():
    return show.quiz(TEXTS[:8], {"5-gram": TEXTS[8:]}, name="stories", **FIGURE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("quiz")
    styles = "".join(
        f"<style>{(ROOM / name).read_text('utf-8')}</style>"
        for name in ("figures.css", "live.css", "quiz.css")
    )
    colours = show.quiz(
        pictures(9, 0, 3), {"one": pictures(5, 1, 3)}, name="colours", **FIGURE
    )
    bodies = "".join(x.html for x in (made_of_pictures(), made_of_texts(), colours))
    script = (ROOM / "quiz.js").read_text("utf-8")
    (place / "index.html").write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
        '<link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{styles}<style>[data-theme=dark] body {{ background: #121212; "
        f"color: #e6e6e3 }}</style></head><body><main><h1>t</h1>{bodies}</main>"
        f"<script>{script}</script></body></html>",
        encoding="utf-8",
    )
    return place


def in_script(calls):
    """Return what quiz.js computes for calls such as ["wilson", 3, 5]."""
    code = (
        f"require({json.dumps(str(ROOM / 'quiz.js'))});"
        "const calls = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const {quiz} = globalThis.minigenLive;"
        "process.stdout.write(JSON.stringify("
        "calls.map(([name, ...given]) => quiz[name](...given))));"
    )
    run = subprocess.run(
        [*assets.command("node"), "-e", code], input=json.dumps(calls),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def test_the_statistics_are_those_of_python():
    rng, calls, wanted = random.Random(0), [], []
    for asked in (1, 2, 5, 20, 40, 200):
        for right in {0, 1, asked // 2, asked}:
            calls += [["wilson", right, asked], ["byChance", right, asked]]
            wanted += [scores.wilson(right, asked), scores.by_chance(right, asked)]
        for _ in range(8):
            counts = rng.randint(0, asked), asked, rng.randint(0, asked), asked
            calls.append(["dPrime", *counts])
            d = scores.d_prime(*counts)
            wanted.append(
                {"value": d.value, "low": d.low, "high": d.high,
                 "criterion": d.criterion}
            )  # fmt: skip
    for found, right in zip(in_script(calls), wanted, strict=True):
        if isinstance(right, dict):
            assert found == pytest.approx(right, rel=1e-6, abs=1e-6)
        else:
            assert found == pytest.approx(right, rel=1e-9, abs=1e-12)


def who(page, name="digits") -> str:
    """Return who made what is asked about; nobody if it is real."""
    return page.evaluate(f"document.querySelector('#fig-{name}').quiz.who")


def play(page, answers, name="digits"):
    """Answer a round with a function of the truth, by mouse."""
    figure = page.locator(f"#fig-{name}")
    for _ in range(ROUNDS):
        says = answers(who(page, name))
        figure.locator(f"[data-says={says}]").click()
        figure.locator("[data-do=next]").click()
    return figure


def rightly(truth):
    return "made" if truth else "real"


def test_a_question_is_answered_and_judged(visit):
    page = visit()
    figure = page.locator("#fig-digits")
    assert not figure.locator(".live-still").is_visible()
    assert figure.locator(".quiz-count").text_content() == "Question 1 of 6."
    assert figure.locator(".quiz-item rect").count() == 64
    assert figure.locator("[data-do=next]").is_disabled()
    truth = who(page)
    figure.locator("[data-says=made]").click()
    told = figure.locator(".quiz-verdict").text_content()
    assert told.startswith(QUIZ["right"] if truth else QUIZ["wrong"])
    assert (truth in told) if truth else (QUIZ["was_real"] in told)
    assert figure.locator("[data-says=real]").is_disabled()
    figure.locator("[data-do=next]").click()
    assert figure.locator(".quiz-count").text_content() == "Question 2 of 6."
    assert figure.locator(".quiz-verdict").text_content() == ""


def test_the_score_comes_after_the_last_question_with_its_meaning(visit):
    page = visit()
    figure = play(page, rightly)
    assert figure.locator(".quiz-score").text_content() == "6 of 6 right: 100 %."
    low, _ = scores.wilson(6, 6)
    meaning = figure.locator(".quiz-meaning").text_content()
    assert f"from {round(100 * low)} % to 100 %" in meaning
    assert QUIZ["above"] in meaning
    assert f"{100 * scores.by_chance(6, 6):.1f} %" in meaning
    assert not figure.locator(".quiz-item").is_visible()
    assert page.evaluate("document.activeElement.className") == "quiz-result"
    label = figure.locator(".quiz-scale").get_attribute("aria-label")
    assert "chance is at 50 %" in label


def test_going_on_adds_up_and_starting_again_does_not(visit):
    page = visit()
    figure = play(page, rightly)
    figure.locator("[data-do=more]").click()
    assert figure.locator(".quiz-count").text_content() == "Question 7 of 12."
    play(page, lambda truth: "real" if truth else "made")
    assert figure.locator(".quiz-score").text_content() == "6 of 12 right: 50 %."
    assert QUIZ["inside"] in figure.locator(".quiz-meaning").text_content()
    said = figure.locator(".quiz-sources li").all_text_contents()
    score = page.evaluate("document.querySelector('#fig-digits').quiz.score")
    d = scores.d_prime(
        score["hits"], score["generated"], score["alarms"], score["real"]
    )
    if score["real"] and score["generated"]:
        text = figure.locator(".quiz-dprime").text_content().replace("−", "-")
        assert f"d′ = {d.value + 0:.1f}".replace("-0.0", "0.0") in text
    told = [int(part) for line in said for part in line.split(": ")[1].split()[:3:2]]
    assert sum(told[1::2]) == 12
    assert sum(told[::2]) == score["hits"] + score["alarms"]
    figure.locator("[data-do=again]").click()
    assert figure.locator(".quiz-count").text_content() == "Question 1 of 6."
    play(page, rightly)
    assert figure.locator(".quiz-score").text_content() == "6 of 6 right: 100 %."


def test_a_coin_chooses_and_nothing_comes_twice_in_a_round(visit):
    page = visit()
    found = page.evaluate(
        """() => {
        const {quiz} = document.querySelector("#fig-digits");
        const truths = [];
        for (let n = 0; n < 4000; n += 1) { quiz.ask(false); truths.push(quiz.who); }
        quiz.begin(false);
        const drawn = [...Array(9)].map(() => quiz.draw(""));
        return [truths, drawn, quiz.real];
        }"""
    )
    truths, drawn, real = found
    assert abs(truths.count("") / 4000 - 0.5) < 0.04
    assert abs(truths.count("VAE") / 4000 - 0.25) < 0.035
    assert len(set(drawn)) >= 8  # the first was asked about already
    assert set(drawn) <= set(real)


def test_keys_answer_where_the_focus_is_in_the_quiz(visit):
    page = visit()
    figure = page.locator("#fig-digits")
    page.keyboard.press("g")
    assert figure.locator(".quiz-verdict").text_content() == ""
    figure.locator("[data-says=real]").focus()
    page.keyboard.press("g")
    assert figure.locator("[data-says=made]").get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.dataset.do") == "next"
    page.keyboard.press("r")  # answered already
    page.keyboard.press("Enter")
    assert figure.locator(".quiz-count").text_content() == "Question 2 of 6."
    for _ in range(ROUNDS - 1):
        page.keyboard.press("r")
        page.keyboard.press("Enter")
    assert figure.locator(".quiz-score").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert figure.locator(".quiz-count").text_content() == "Question 7 of 12."


def test_texts_are_shown_as_text(visit):
    page = visit()
    figure = page.locator("#fig-stories")
    said = figure.locator("blockquote").last.text_content()
    assert said in [one.strip() for one in TEXTS]
    assert figure.locator(".quiz-item blockquote *").count() == 0
    play(page, rightly, "stories")
    assert "6 of 6" in figure.locator(".quiz-score").text_content()


def test_pictures_in_colour_have_their_colours(visit):
    page = visit()
    page.evaluate("document.querySelector('#fig-colours').quiz.random = () => 0")
    page.locator("#fig-colours [data-says=real]").click()
    page.locator("#fig-colours [data-do=next]").click()
    fill = page.locator("#fig-colours .quiz-item rect").first.get_attribute("fill")
    at = page.evaluate(
        """() => { const {quiz} = document.querySelector("#fig-colours");
        const [one] = quiz.real.map((_, n) => n).filter(
            n => !quiz.pools[""].includes(n)).slice(-1); return one; }"""
    )
    known = [pictures(9, 0, 3)[n, :, 0, 0] for n in range(9)]
    close = [
        max(abs(a - b) for a, b in zip(json.loads(f"[{fill[4:-1]}]"),
                                       (255 * one).tolist(), strict=True))
        for one in known
    ]  # fmt: skip
    assert at is not None
    assert min(close) <= 4


PHONE = dict(viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True)


def test_a_finger_on_a_telephone_plays(visit):
    page = visit(**PHONE)
    for name in ("digits", "stories"):
        figure = page.locator(f"#fig-{name}")
        for button in figure.locator(".quiz-side button").all():
            assert button.bounding_box()["height"] >= 44
        for _ in range(ROUNDS):
            figure.locator("[data-says=real]").tap()
            figure.locator("[data-do=next]").tap()
        assert figure.locator(".quiz-score").is_visible()
        assert not figure.locator(".quiz-hint").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_use_it(visit, theme):
    page = visit()
    play(page, rightly)
    page.locator("#fig-stories [data-says=real]").click()
    assert findings(page, theme) == []


def test_without_scripts_and_on_paper_items_and_their_origin_show(visit):
    page = visit(java_script_enabled=False)
    for name in ("digits", "stories"):
        assert page.locator(f"#fig-{name} .live-still").is_visible()
        assert not page.locator(f"#fig-{name} button").first.is_visible()
    told = page.locator("#fig-stories footer").all_text_contents()
    assert told == [QUIZ["real"], "5-gram", QUIZ["real"]]
    page = visit()
    page.emulate_media(media="print")
    assert page.locator("#fig-digits .live-still svg").first.is_visible()
    assert not page.locator("#fig-digits button").first.is_visible()


def test_nothing_is_stored_or_sent(visit):
    page = visit()
    asked = len(visit.asked)
    play(page, rightly)
    assert len(visit.asked) == asked
    stores = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(stores) == [0, 0, ""]


def test_jupyterlab_shows_the_same(visit):
    shown, page = made_of_texts(), visit()
    in_jupyterlab(page, shown)
    figure = play(page, rightly, "stories")
    assert "6 of 6" in figure.locator(".quiz-score").text_content()
    assert "figcaption" not in shown.widget.children[0].markup
    bundle = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == shown.html


def test_its_green_is_that_of_drawings():
    light, dark = (ROOM / "quiz.css").read_text("utf-8").split("@media screen")
    green = next(role for role in style.ROLES if role.name == "green")
    assert f"--quiz-green: {green.light}" in light
    assert f"--quiz-green: {green.dark}" in dark


def test_the_same_items_have_the_same_mark():
    assert made_of_pictures().fingerprint == made_of_pictures().fingerprint
    assert made_of_pictures().fingerprint != made_of_texts().fingerprint


@pytest.mark.parametrize(
    ("real", "made", "words"),
    [
        (pictures(9, 0), {}, "made="),
        (pictures(3, 0), {"one": pictures(9, 1)}, "6 items of 'real'"),
        (pictures(9, 0), {"one": pictures(1, 1)}, "2 items of 'made, one'"),
        (pictures(9, 0), {"one": TEXTS}, "pictures of one shape"),
        (pictures(9, 0), {"one": pictures(9, 1, 3)}, "pictures of one shape"),
        (pictures(9, 0) + 1, {"one": pictures(9, 1)}, "pictures of one shape"),
        ([*TEXTS, " "], {"one": TEXTS}, "texts"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(real, made, words):
    with pytest.raises(ValueError, match=words):
        show.quiz(real, made, name="one", **FIGURE)
