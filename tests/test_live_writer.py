"""A model that writes in the page: the same odds and the same text as torch's."""

import json
import re

import live_models
import pytest
import torch
from browsers import needs_browser
from live_page import CLOSE, RUN, settle, unpacked

from minigen import gpt, lm
from minigen.data import stories
from minigen.repro import generator, seed_everything
from minigen.show.live_noise import uniforms
from minigen.show.live_odds import pick
from minigen.show.live_writer import Step, writer

WORDS = lm.Words.of_stories()
PROMPT = "Once there lived a brave"


def model(context=64):
    seed_everything(0)
    found = gpt.GPT(gpt.Sizes(len(WORDS), context=context, width=32, heads=2))
    for parameter in found.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return found.eval()


#: A sequence of draws with which this model of no sense does not end at once.
LUCK = 3


def figure(name="pen", **settings):
    return writer(
        model(), WORDS, prompt=PROMPT, name=name, alt="The odds. {shown}",
        caption="Write.", luck=LUCK, **settings,
    )  # fmt: skip


def test_a_step_is_what_the_model_does():
    found, ids = model(), torch.randint(1, 400, (12,), generator=generator(0))
    _, logits = Step(found).read(ids.tolist())
    with torch.no_grad():
        assert torch.allclose(logits[0], found(ids[None])[0, -1], atol=1e-4)


def test_the_figure_holds_what_its_tests_need():
    made = figure()
    assert len(made.onnx) < 2_000_000
    spec = json.loads(
        re.search(r'data-live="(.*?)"', made.html)[1].replace("&quot;", '"')
    )
    assert list(spec["controls"]) == [
        "prompt", "temperature", "top_k", "top_p", "min_p", "penalty", "luck"
    ]  # fmt: skip
    numbers = [0, *WORDS.encode(PROMPT)]
    with torch.no_grad():
        expected = model()(torch.tensor([numbers]))[0, -1]
    assert torch.allclose(unpacked(made.cases["last"])[0], expected, atol=1e-4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("writer")
    live_models.write_page(made, [figure()])
    return made


def by_hand(count, prompt=PROMPT, seed=LUCK, temperature=1.0):
    """Return what torch writes with the page's luck."""
    ids, drawn = [0, *WORDS.encode(prompt)], uniforms(seed, 200)
    begun = len(ids)
    for u in drawn[:count]:
        with torch.no_grad():
            logits = model()(torch.tensor([ids]))[0, -1] / temperature
        ids.append(pick(logits.double(), float(u)))
        if ids[-1] == 0:
            break
    return stories.join([WORDS.vocabulary[i] for i in ids[1:]]).strip(), len(
        ids
    ) - begun


def press(page, key):
    page.locator(f"#fig-pen [data-write={key}]").click()
    settle(page, "pen")


def text(page):
    return page.locator("#fig-pen .live-text").text_content().split(" — ")[0].strip()


@needs_browser
def test_the_page_writes_what_torch_writes(visit):
    page = visit()
    for count in (1, 2, 3):
        press(page, "one")
        assert text(page) == by_hand(count)[0]
    press(page, "back")
    assert text(page) == by_hand(2)[0]
    press(page, "one")
    assert text(page) == by_hand(3)[0]
    page.locator("#fig-pen [data-write=on]").click()
    page.wait_for_function(
        "() => { const {live} = document.querySelector('#fig-pen');"
        " return live.output.over() && !live.busy; }"
    )
    room = 64 - len(WORDS.encode(PROMPT)) - 1
    assert text(page) == by_hand(room)[0]
    assert page.locator("#fig-pen [data-write=on]").is_disabled()
    press(page, "again")
    assert text(page) == by_hand(0)[0]


@needs_browser
def test_the_odds_are_torchs_and_knobs_act_at_once(visit):
    page = visit()
    press(page, "one")
    made = figure()
    for case in made.cases["cases"]:
        found = page.evaluate(RUN, ["pen", case["inputs"]])
        for key, expected in case["outputs"].items():
            given = torch.tensor(found[key])
            assert (given - unpacked(expected).flatten()).abs().max() < CLOSE
    bars = page.locator("#fig-pen .live-bars:not(.show) .live-share")
    before = bars.all_text_contents()
    slider = page.locator("#fig-pen [data-control=temperature] input")
    slider.fill("0")
    settle(page, "pen")
    after = bars.all_text_contents()
    assert after != before
    assert "100 %" in after
    assert text(page) == by_hand(1)[0]  # what is written stays


@needs_browser
def test_another_beginning_and_another_luck(visit):
    page = visit()
    line = page.locator("#fig-pen input[type=text]")
    line.fill("Long ago a spaceship")
    line.press("Enter")
    settle(page, "pen")
    assert text(page) == "Long ago a"
    assert "spaceship" in page.locator("#fig-pen .live-told").text_content()
    line.fill("")
    line.press("Enter")
    settle(page, "pen")
    press(page, "one")
    assert text(page) == by_hand(1, prompt="")[0]
    page.locator("#fig-pen [data-control=luck] button").click()
    settle(page, "pen")
    press(page, "one")
    assert text(page) == by_hand(1, prompt="", seed=LUCK + 1)[0]


@needs_browser
def test_a_token_takes_little_time(visit):
    page = visit()
    for _ in range(5):
        press(page, "one")
    took = page.evaluate("document.querySelector('#fig-pen').live.output.took")
    assert took < 200  # milliseconds; the aim of 20 is checked where nothing else runs
