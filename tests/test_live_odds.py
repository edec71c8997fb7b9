"""The strategies in the page: equal to minigen.decode's; and the figure of odds."""

import json
import math
import shutil
import subprocess

import live_models
import pytest
import torch
from browsers import in_jupyterlab, needs_browser
from live_models import ROOM
from test_live_browser import PHONE

from bookkit import assets
from minigen import decode, show
from minigen.repro import generator
from minigen.show import live_knobs, live_odds
from minigen.show.live_noise import uniforms

NODE = """
const {decode} = (require(%s), globalThis.minigenLive);
const text = require("fs").readFileSync(0, "utf8");
const told = (value) => value === -Infinity ? null : value;
const made = JSON.parse(text).map(([name, ...given]) => {
  try {
    const found = decode[name](...given);
    return typeof found === "number" ? found : Array.from(found, told);
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
});
process.stdout.write(JSON.stringify(made));
"""


def in_script(calls):
    """Return what live-decode.js gives for calls such as ["topK", logits, 3]."""
    code = NODE % json.dumps(str(ROOM / "live-decode.js"))
    run = subprocess.run(
        [*assets.command("node"), "-e", code], input=json.dumps(calls),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def numbers(found):
    return torch.tensor(
        [-math.inf if x is None else x for x in found], dtype=torch.float64
    )


def many(count, vocab=40):
    """Return rows of random logits, some nearly flat and some nearly certain."""
    rows = torch.randn(count, vocab, generator=generator(0), dtype=torch.float64)
    return rows * torch.logspace(-1, 1.3, count, dtype=torch.float64)[:, None]


VALUES = {
    "temperature": (decode.temperature, (0, 1e-3, 0.3, 0.7, 1, 1.5, 5)),
    "topK": (decode.top_k, (1, 2, 7, 39, 40, 41, 1000)),
    "topP": (decode.top_p, (0, 1e-9, 0.1, 0.5, 0.9, 0.999, 1)),
    "minP": (decode.min_p, (0, 1e-9, 0.02, 0.1, 0.5, 1)),
}


@pytest.mark.parametrize("name", VALUES)
def test_each_strategy_is_minigens(name):
    own, values = VALUES[name]
    pairs = [(row, value) for row in many(60) for value in values]
    made = in_script([[name, row.tolist(), value] for row, value in pairs])
    for (row, value), found in zip(pairs, made, strict=True):
        assert torch.allclose(numbers(found), own(row, value), rtol=1e-12), value


def test_the_penalty_is_minigens():
    draw = generator(1)
    calls, wanted = [], []
    for row in many(40):
        seen = torch.randint(len(row), (12,), generator=draw)
        for penalty in (0.5, 1.0, 1.3, 10.0):
            calls.append(["repetitionPenalty", row.tolist(), seen.tolist(), penalty])
            wanted.append(decode.repetition_penalty(row, seen, penalty))
    for found, right in zip(in_script(calls), wanted, strict=True):
        assert torch.allclose(numbers(found), right, rtol=1e-12)


def test_greedy_softmax_and_equals_are_minigens():
    rows = [*many(20), torch.zeros(5).double(), torch.tensor([1.0, 3, 3]).double()]
    best = in_script([["greedy", row.tolist()] for row in rows])
    assert best == [int(decode.greedy(row)) for row in rows]
    odds = in_script([["softmax", row.tolist()] for row in rows])
    for row, found in zip(rows, odds, strict=True):
        assert torch.allclose(numbers(found), row.softmax(-1), rtol=1e-10)
    # Of equals as many are kept as are asked for, whichever they are.
    kept = in_script([["topK", [0.0] * 9, 4], ["topP", [0.0] * 10, 0.45]])
    assert [int(numbers(found).isfinite().sum()) for found in kept] == [4, 5]
    assert int(decode.top_k(torch.zeros(9), 4).isfinite().sum()) == 4
    assert int(decode.top_p(torch.zeros(10).double(), 0.45).isfinite().sum()) == 5


def test_all_knobs_together_are_turned_as_in_python():
    draw = generator(2)
    calls, wanted = [], []
    for row in many(80):
        knobs = {
            "temperature": round(2 * float(torch.rand((), generator=draw)), 3),
            "top_k": int(torch.randint(0, 20, (), generator=draw)),
            "top_p": round(float(torch.rand((), generator=draw)), 3),
            "min_p": round(float(torch.rand((), generator=draw)) / 3, 3),
            "penalty": round(1 + float(torch.rand((), generator=draw)), 3),
        }
        seen = torch.randint(len(row), (5,), generator=draw).tolist()
        calls.append(["turned", row.tolist(), knobs, seen])
        wanted.append(live_knobs.turned(row, seen, **knobs))
    calls.append(["turned", row.tolist(), {}])
    wanted.append(row)
    for found, right in zip(in_script(calls), wanted, strict=True):
        assert torch.allclose(numbers(found), right, rtol=1e-12)


def test_a_draw_falls_where_pythons_falls_and_follows_the_odds():
    rows = [decode.top_k(row, 6) for row in many(50)]
    us = [*uniforms(3, 48).tolist(), 0.0, 1 - 2**-32]
    calls = [
        ["pick", [-1e300 if x == -math.inf else x for x in row.tolist()], u]
        for row, u in zip(rows, us, strict=True)
    ]
    found = in_script(calls)
    wanted = [live_odds.pick(row, u) for row, u in zip(rows, us, strict=True)]
    assert found == wanted
    assert all(row[token].isfinite() for row, token in zip(rows, found, strict=True))
    odds = torch.tensor([0.5, 0.2, 0.15, 0.1, 0.05])
    drawn = in_script(
        [["pick", odds.log().tolist(), u] for u in uniforms(4, 20_000).tolist()]
    )
    shares = torch.tensor(drawn).bincount(minlength=5) / 20_000
    assert (shares - odds).abs().max() < 4 * math.sqrt(0.25 / 20_000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["temperature", [0, 1], -1], "give 0 (the best token) or more"),
        (["topK", [0, 1], 0], "at least one token"),
        (["topP", [0, 1], 1.1], "between 0 and 1"),
        (["minP", [0, 1], -0.1], "between 0 and 1"),
        (["repetitionPenalty", [0, 1], [0], 0], "more than 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_same_words(call, message):
    [found] = in_script([call])
    assert found.startswith("RangeError: ")
    assert message in found


TOKENS = ["the", "a", "<b>", "\u23ce", *(f"word{n}" for n in range(36))]
SEEN = {"Once upon": [3, 0, 0], "He said": []}


def texts():
    rows = many(60)
    return {"Once upon": rows[40].float(), "He said": rows[20].float()}


def odds(**settings):
    given = {"name": "odds", "alt": "Odds. {shown}", "caption": "Turn.", "seen": SEEN}
    return show.odds(texts(), TOKENS, **(given | settings))


def test_a_figure_of_odds_says_what_it_shows():
    made = odds(temperature=0.5)
    bundle = made._repr_mimebundle_()
    assert bundle["text/plain"] == f"odds odds: {made.fingerprint}"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "&lt;b&gt;" in made.html
    assert "<b>" not in made.html
    assert odds(temperature=2.0).fingerprint == made.fingerprint  # the same logits
    assert "40 of 40 tokens are left" in made.html


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top_k": 7}, "top_k must be one of"),
        ({"temperature": 9.0}, "must start between its ends"),
        ({"alt": ""}, "alt="),
        ({"name": "No Name"}, "lower-case words"),
    ],
)
def test_a_figure_of_odds_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        odds(**settings)
    with pytest.raises(ValueError, match="finite logits, one a token"):
        show.odds({"x": torch.zeros(3)}, TOKENS, seen={"x": []}, name="n", alt="a",
                  caption="c")  # fmt: skip


def test_stops_and_knobs_refuse():
    with pytest.raises(ValueError, match="a name for each"):
        show.Stops([1, 2], ["one"], 0, "k")
    with pytest.raises(ValueError, match="must start at 0 to 1"):
        show.Stops([1, 2], ["one", "two"], 2, "k")
    with pytest.raises(ValueError, match="no knob is called"):
        live_knobs.turned(torch.zeros(3), [], heat=1.0)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odds")
    (folder / "_static").mkdir()
    for path in [*ROOM.glob("*.css"), *ROOM.glob("*.js")]:
        shutil.copy(path, folder / "_static")
    text = live_models.page(odds().html, "odds")
    (folder / "index.html").write_text(text, encoding="utf-8")
    return (folder / "index.html").as_uri()


def shown(page):
    return page.evaluate(
        """() => {
        const {live} = document.querySelector("#fig-odds");
        const {after, drawn} = live.output.values;
        return [[...after], drawn, live.alt()];
        }"""
    )


def turn(page, key, value):
    page.locator(f"#fig-odds [data-control={key}] input").evaluate(
        "(input, value) => {input.value = value; input.dispatchEvent("
        "new Event('input', {bubbles: true}));}",
        value,
    )
    page.wait_for_function("!document.querySelector('#fig-odds').live.busy")


@needs_browser
def test_before_a_touch_the_still_shows_what_the_knobs_stand_at(visit):
    page = visit()
    still = page.locator(".live-odds > .show")
    assert still.is_visible()
    label, words = still.get_attribute("aria-label"), still.inner_text()
    page.evaluate("document.querySelector('#fig-odds').live.change()")
    page.wait_for_selector(".live-odds > .show", state="hidden")
    drawn = page.locator(".live-odds > .live-bars:not(.show)")
    assert drawn.inner_text() == words
    assert drawn.get_attribute("aria-label") == label


@needs_browser
def test_every_knob_acts_and_the_bars_are_pythons(visit):
    page = visit()
    logits, seen = texts()["Once upon"].double(), SEEN["Once upon"]
    at = {}
    for key, value, place in (
        ("temperature", 1.5, 1.5), ("penalty", 1.3, 1.3), ("top_p", 0.9, 0.9),
        ("min_p", 0.05, 0.05), ("top_k", 5, live_knobs.TOP_KS.index(5)),
    ):  # fmt: skip
        turn(page, key, place)
        at[key] = value
        after, _, said = shown(page)
        wanted = live_knobs.turned(logits, seen, **at).softmax(-1)
        assert (torch.tensor(after) - wanted).abs().max() < 1e-3, key
        assert f"{int((wanted > 0).sum())} of 40 tokens are left" in said
    turn(page, "temperature", 0)
    after, drawn, _ = shown(page)
    punished = decode.repetition_penalty(logits, torch.tensor(seen), 1.3)
    assert drawn == int(decode.greedy(punished))
    assert max(after) == 1
    page.locator("#fig-odds select").select_option(label="He said")
    page.wait_for_function("!document.querySelector('#fig-odds').live.busy")
    assert shown(page)[1] == int(texts()["He said"].argmax())


@needs_browser
def test_the_button_draws_and_the_keys_turn(visit):
    page = visit()
    logits = texts()["Once upon"].double()
    for number in (1, 2, 3):
        page.locator("#fig-odds [data-control=luck] button").click()
        page.wait_for_function("!document.querySelector('#fig-odds').live.busy")
        assert shown(page)[1] == live_odds.pick(logits, uniforms(number, 1)[0])
        assert page.locator(".live-bars:not(.show) .live-drawn").count() == 1
    slider = page.locator("#fig-odds [data-control=top_k] input")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_function("!document.querySelector('#fig-odds').live.busy")
    assert slider.get_attribute("aria-valuetext") == "1"
    assert sum(share > 0 for share in shown(page)[0]) == 1
    assert page.locator("#fig-odds .live-out").count() >= 11


@needs_browser
def test_a_telephone_holds_all_bars_and_knobs(visit):
    page = visit(**PHONE)
    page.locator("#fig-odds [data-control=luck] button").tap()
    page.wait_for_selector(".live-bars:not(.show) .live-drawn")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for part in page.locator(".live-parts :is(button, select, input)").all():
        assert part.bounding_box()["height"] >= 44


@needs_browser
def test_jupyterlab_shows_it_without_asking_the_kernel(visit):
    asked = []
    page = visit(
        before=lambda page: page.expose_function(
            "kernel", lambda *call: asked.append(call)
        )
    )
    in_jupyterlab(page, odds())
    turn(page, "top_k", live_knobs.TOP_KS.index(3))
    assert sum(share > 0 for share in shown(page)[0]) == 3
    assert not asked


@needs_browser
def test_luck_is_the_same_in_both_languages(visit):
    page = visit()
    for seed in (0, 7, 2**31 - 1):
        made = page.evaluate(
            "s => {const next = minigenLive.decode.uniforms(s);"
            "return [...Array(50)].map(() => next());}",
            seed,
        )
        assert made == uniforms(seed, 50).tolist()
