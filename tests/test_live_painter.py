"""A caption that the page's model draws: the same picture and looks as torch's."""

import functools
import html
import json
import re
import zipfile

import live_models
import live_painters
import numpy as np
import pytest
import torch
from browsers import findings, in_jupyterlab, needs_browser
from live_page import CLOSE, in_time, settle
from live_painters import PROMPT, Drawer
from test_live_browser import PHONE

from bookkit import archive
from minigen import diffusion
from minigen.data import captions
from minigen.show import live_widget
from minigen.show.live_caption import HINTS, SLOTS, Caption
from minigen.show.live_noise import gaussians
from minigen.show.live_painter import Painting, Step, heated, place_of
from minigen.show.live_words import PAINTER, WORDS

ALPHA_BAR = diffusion.cosine()
STEPS, GUIDANCE, SEED = 10, 2.0, 3
figure = functools.cache(live_painters.figure)


def drawn(caption, *, steps=STEPS, guidance=GUIDANCE, seed=SEED):
    """Return what torch shows at each step; None stands for no caption."""
    model = Step(Drawer().eval()).eval()
    x = torch.from_numpy(gaussians(seed, 3 * 16 * 16)).reshape(1, 3, 16, 16)
    table = diffusion.Step.table(ALPHA_BAR, steps)
    tokens = captions.encode([caption]) if caption else model.nothing
    shown = []
    for row in range(steps):
        at = {key: torch.tensor([[column[row]]]) for key, column in table.items()}
        with torch.no_grad():
            x, made = model(x, tokens, torch.tensor([[guidance]]), **at)
        shown.append(made[0])
    return torch.stack(shown)


# The step.


def test_the_steps_are_guided_ddim():
    model, tokens = Drawer().eval(), captions.encode([PROMPT])
    x = torch.from_numpy(gaussians(SEED, 768)).reshape(1, 3, 16, 16)

    @torch.no_grad()
    def denoise(xt, t):
        told, alone = (
            model(xt, torch.tensor([float(t)]), row) for row in (tokens, 0 * tokens)
        )
        v = alone + GUIDANCE * (told - alone)
        now = ALPHA_BAR[t].float()
        return diffusion.x0_from_v(xt, v, now.sqrt(), (1 - now).sqrt()).clamp(-1, 1)

    wanted = diffusion.pictures(diffusion.ddim(denoise, x, ALPHA_BAR, steps=STEPS))
    assert torch.allclose(drawn(PROMPT)[-1, :3], wanted[0], atol=1e-4)


def test_looks_are_shares_and_those_of_the_caption_alone():
    looks = drawn(PROMPT)[:, 3:]
    assert torch.allclose(looks.sum(1), torch.ones(STEPS, 16, 16), atol=1e-4)
    model, at = Drawer().eval(), torch.tensor([[1000.0]])
    x = torch.from_numpy(gaussians(SEED, 768)).reshape(1, 3, 16, 16)
    with torch.no_grad():
        _, maps = model.attend(x, at[0], captions.encode([PROMPT]))
    assert torch.allclose(looks[0, :, ::2, ::2], maps[0], atol=1e-5)


def test_no_words_are_no_caption():
    class Other(Drawer):
        """A sign of its own for no caption."""

        def __init__(self):
            super().__init__()
            self.null = torch.full((8,), 5)

    model = Step(Other().eval())
    at = {key: torch.tensor([[column[0]]])
          for key, column in diffusion.Step.table(ALPHA_BAR, 5).items()}  # fmt: skip
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = [model(x, words, torch.tensor([[strength]]), **at)[0]
                for words in (torch.zeros(1, 8, dtype=torch.int64), model.nothing)
                for strength in (0.0, 6.0)]  # fmt: skip
    for one in made[1:]:  # guidance has nothing to go away from
        assert torch.allclose(one, made[0], atol=1e-4)


# The caption.


@pytest.mark.parametrize("number", range(12))
def test_a_caption_is_fed_as_captions_are_encoded(number):
    control = Caption(PROMPT)
    text = control.example(number)
    captions.parse(text)
    assert torch.equal(control.tensor(text), captions.encode([text]))
    assert control.words(text) == text.split()


def test_of_a_long_caption_the_beginning_is_read_and_unknown_words_are_left_out():
    control = Caption(PROMPT)
    assert control.words("a big RED ring, please") == ["a", "red", "ring"]
    assert control.words("a red ring " * 5) == ["a", "red", "ring"] * 2 + ["a", "red"]
    assert control.tensor(" ").tolist() == [[0] * 8]


def test_what_is_no_caption_cannot_stand_there_at_first():
    with pytest.raises(ValueError, match="orange"):
        Caption("a orange ring")


def test_every_hint_leads_to_known_words():
    for word, instead in HINTS.items():
        assert word not in captions.VOCABULARY
        assert {*instead.split()} <= {*captions.VOCABULARY}


def test_the_lists_hold_the_language_and_only_a_shape_must_be_said():
    lists = {slot: [value for value, _ in Caption(PROMPT).choices(slot)]
             for slot in SLOTS}  # fmt: skip
    assert lists["shape"] == list(captions.SHAPES) == lists["shape2"]
    assert lists["colour"] == ["", *captions.COLOURS] == lists["colour2"]
    assert len(lists["where"]) == 1 + len(captions.PLACES) + len(captions.RELATIONS)
    whole = Caption(PROMPT, whole=True)
    assert all("" not in dict(whole.choices(slot)) for slot in SLOTS)


# What is shown.


def test_a_look_is_found_where_it_is():
    for n, name in enumerate(PAINTER["places"]):
        look = torch.zeros(16, 16)
        row, column = 2 + 6 * (n // 3), 2 + 6 * (n % 3)
        look[row : row + 2, column : column + 2] = 0.9
        found, share = place_of(look)
        assert PAINTER["places"][found] == name
        assert 0.05 < share < 0.9


def test_heat_is_a_picture_that_is_hot_where_the_look_is():
    picture, look = torch.rand(3, 16, 16), torch.zeros(16, 16)
    look[3, 4] = 0.5
    made = heated(picture, look)
    assert made.min() >= 0
    assert made.max() <= 1
    red, _, blue = made[:, 3, 4]
    assert red - blue > 0.5
    assert torch.allclose(made[0, 5:], made[2, 5:])  # grey elsewhere


def test_what_is_no_painting_is_refused():
    output = torch.full((1, 11, 16, 16), 0.5)
    shown = Painting(("caption", Caption(PROMPT)))
    shown.check(output, "x")
    with pytest.raises(ValueError, match="three colours and 8 looks"):
        shown.check(output[:, 1:], "x")
    with pytest.raises(ValueError, match="from 0 to 1"):
        shown.check(2 * output + 0.5, "x")


def test_the_figure_holds_a_still_and_what_the_script_needs():
    made = figure()
    assert len(made.onnx) < 2_000_000
    assert made.html.count('class="live-still"') == 1
    for text in (PAINTER["heat"], "step 10", "square"):
        assert text in made.html
    spec = json.loads(html.unescape(re.search(r'data-live="(.*?)"', made.html)[1]))
    assert list(spec["controls"]) == ["caption", "guidance", "noise"]
    assert spec["output"]["kind"] == "painting"
    assert made.fingerprint == live_painters.figure().fingerprint


# In the page.


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("painter")
    live_models.write_page(made, [figure()])
    return made


def part(page, what):
    return page.locator(f"#fig-painter {what}")


def line(page):
    return part(page, "input[type=text]")


def told(page):
    return part(page, ".live-told").text_content()


def slot(page, name):
    return part(page, f"[data-slot={name}]")


def values(page):
    """Return what the model gave for the step that is shown."""
    settle(page, "painter")
    found = page.evaluate(
        "[...document.querySelector('#fig-painter').live.output.values]"
    )
    return torch.tensor(found).reshape(11, 16, 16)


def canvas(page):
    """Return the pixels of the picture."""
    found = page.evaluate(
        """() => {
        const copy = document.createElement("canvas").getContext("2d", {
            willReadFrequently: true});
        copy.drawImage(document.querySelector("#fig-painter canvas"), 0, 0);
        return [...copy.getImageData(0, 0, 16, 16).data];
        }"""
    )
    return np.array(found).reshape(16, 16, 4)[..., :3].transpose(2, 0, 1) / 255


def expect(page, caption, **settings):
    """The whole walk from noise ended where torch's ends, looks included."""
    far = (values(page) - drawn(caption, **settings)[-1]).abs().max()
    assert far < CLOSE, float(far)


@needs_browser
@pytest.mark.parametrize(
    "text",
    ["a small green cross in the bottom right", "A Red Ring", "ring of blue the a",
     "a white circle above a purple triangle."],
)  # fmt: skip
def test_the_page_draws_what_torch_draws(visit, text):
    page = visit()
    line(page).fill(text)
    line(page).press("Enter")
    expect(page, text.lower())
    assert (PAINTER["order"] in told(page)) == (text == "ring of blue the a")
    said = part(page, "canvas").get_attribute("aria-label")
    assert text.lower().rstrip(".") in said.lower()


@needs_browser
def test_enter_draws_what_stands_there(visit):
    page = visit()
    line(page).press("Enter")
    expect(page, PROMPT)


@needs_browser
def test_guidance_dice_and_steps_are_obeyed(visit):
    page = visit()
    part(page, "[data-control=guidance] input").fill("6.5")
    part(page, "[data-control=noise] button").click()
    part(page, "[data-control=noise] button").click()
    part(page, "[data-control=loop-steps] select").select_option(label="25")
    expect(page, PROMPT, guidance=6.5, seed=SEED + 2, steps=25)
    took = page.evaluate("document.querySelector('#fig-painter').live.loop.took")
    in_time("25 guided steps", took, 2000)


@needs_browser
def test_lists_write_the_caption(visit):
    page = visit()
    assert not slot(page, "size").is_visible()
    slot(page, "colour2").select_option("yellow")
    expect(page, "a red ring left of a yellow square")
    slot(page, "where").select_option("in the top left")
    assert not slot(page, "shape2").is_visible()
    slot(page, "size").select_option("small")
    slot(page, "shape").select_option("square")
    assert line(page).input_value() == "a small red square in the top left"
    expect(page, "a small red square in the top left")
    slot(page, "where").select_option("above")  # two that differ, as the model saw them
    made = captions.parse(line(page).input_value())
    assert made.mentions[0].shape != made.mentions[1].shape
    expect(page, line(page).input_value())
    slot(page, "where").select_option("")
    slot(page, "size").select_option("")
    slot(page, "colour").select_option("")
    assert line(page).input_value() == "a square"
    expect(page, "a square")
    assert told(page) == ""


@needs_browser
def test_a_typed_caption_sets_the_lists(visit):
    page = visit()
    line(page).fill("a large white cross in the centre")
    assert slot(page, "size").input_value() == "large"
    assert slot(page, "where").input_value() == "in the centre"
    line(page).fill("a green triangle below a red circle")
    assert slot(page, "colour2").input_value() == "red"
    assert slot(page, "shape2").input_value() == "circle"
    assert not slot(page, "size").is_visible()


@needs_browser
def test_unknown_endless_and_empty_captions_are_told_in_a_sentence(visit):
    page = visit()
    line(page).fill("a big orange ring")
    assert told(page).startswith(
        WORDS["unknown"].format("“big” (try “large”), “orange”")
    )
    expect(page, "a ring")
    line(page).fill("a red ring left of a blue square " * 300)
    assert WORDS["longer_first"].format(8) in told(page)
    expect(page, PROMPT)
    line(page).fill("")
    assert told(page) == PAINTER["empty"]
    expect(page, None)
    line(page).fill("<img src=x onerror=alert(1)> constructor __proto__ red")
    line(page).press("Enter")
    assert "“img”" in told(page)
    assert page.locator("#fig-painter img").count() == 0
    expect(page, "red")


@needs_browser
def test_a_word_that_is_pointed_at_shows_where_it_was_looked_at(visit):
    page = visit()
    tiles, say = part(page, "button.live-word"), part(page, ".live-look")
    assert tiles.all_text_contents() == PROMPT.split()
    assert say.text_content() == PAINTER["point"]
    tiles.nth(2).click()  # the first touch draws, and shows the look
    shown = drawn(PROMPT)
    settle(page, "painter")
    page.wait_for_timeout(600)
    looks = shown[:, 3:].mean(0)

    def expect_heat(place):
        heat = heated(shown[-1, :3], looks[place])
        assert np.abs(canvas(page) - heat.numpy()).max() < 0.01
        name = PAINTER["places"][place_of(looks[place])[0]]
        assert say.text_content().startswith(f"“{PROMPT.split()[place]}” has ")
        assert f"most {name}:" in say.text_content()

    def expect_plain():
        assert np.abs(canvas(page) - shown[-1, :3].numpy()).max() < 0.01
        assert say.text_content() == PAINTER["point"]

    expect_heat(2)
    tiles.nth(1).hover()
    expect_heat(1)
    page.mouse.move(1, 1)
    expect_heat(2)  # what was clicked stays
    tiles.nth(2).click()
    page.mouse.move(1, 1)
    page.evaluate("document.activeElement.blur()")
    expect_plain()
    tiles.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect_heat(2)
    page.keyboard.press("End")
    expect_heat(7)
    page.keyboard.press("Enter")
    assert tiles.nth(7).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Shift+Tab")
    expect_heat(7)
    shares = [float(tile.evaluate("one => one.style.getPropertyValue('--w')"))
              for tile in tiles.all()]  # fmt: skip
    assert shares == pytest.approx(looks.mean((1, 2)).tolist(), abs=2e-3)


@needs_browser
def test_the_looks_at_an_earlier_step_are_those_up_to_it(visit):
    page = visit()
    part(page, "button.live-word").nth(1).click()
    settle(page, "painter")
    step = part(page, "[data-control=loop-step] input")
    step.fill("4")
    shown = drawn(PROMPT)
    heat = heated(shown[3, :3], shown[:4, 4].mean(0))
    assert np.abs(canvas(page) - heat.numpy()).max() < 0.01


@needs_browser
def test_a_shorter_caption_lets_go_of_a_word_that_it_lacks(visit):
    page = visit()
    part(page, "button.live-word").nth(7).click()
    settle(page, "painter")
    line(page).fill("a ring")
    line(page).press("Enter")
    expect(page, "a ring")
    assert part(page, ".live-chosen").count() == 0
    assert part(page, "button.live-word").count() == 2
    line(page).fill("")
    expect(page, None)
    assert part(page, "button.live-word").count() == 0


@needs_browser
def test_a_telephone_and_a_finger_can_do_it_all(visit):
    page = visit(**PHONE)
    slot(page, "colour").select_option("white")
    settle(page, "painter")
    page.wait_for_timeout(600)
    part(page, "button.live-word").nth(1).tap()
    assert "“white” has" in part(page, ".live-look").text_content()
    part(page, "button.live-word").nth(1).tap()
    assert part(page, ".live-look").text_content() == PAINTER["point"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for one in part(page, ":is(button, select, input)").all():
        if one.is_visible():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= 44
    picture = part(page, ".live-picture").bounding_box()
    guidance = part(page, "[data-control=guidance]").bounding_box()
    assert guidance["y"] - picture["y"] < 640  # both are seen at once
    for theme in ("light", "dark"):
        assert findings(page, theme) == []


@needs_browser
def test_before_a_touch_nothing_is_loaded_and_without_scripts_the_still_is_all(visit):
    page = visit()
    part(page, "button.live-word").nth(1).hover()
    assert not [n for n in visit.asked if n.endswith((".wasm", ".onnx"))]
    assert part(page, ".live-picture svg").is_visible()
    page = visit(java_script_enabled=False)
    assert part(page, ".live-still svg").first.is_visible()
    for one in part(page, "button, select, input, canvas, .live-look").all():
        assert not one.is_visible()


@needs_browser
def test_the_offline_edition_draws_too(visit, folder, tmp_path):
    with zipfile.ZipFile(archive.pack(folder, tmp_path / "site.zip")) as file:
        file.extractall(tmp_path)
    page = visit((tmp_path / archive.FOLDER / "index.html").as_uri())
    part(page, "[data-control=noise] button").click()
    expect(page, PROMPT, seed=SEED + 1)


@needs_browser
def test_jupyterlab_has_it_too_and_the_kernel_draws(visit):
    model = figure()

    def kernel(asked, sent):
        buffers = [bytes(one) for one in sent]
        answer, made = live_widget.answer(model.model, asked, buffers)
        return answer, [list(one) for one in made]

    page = visit(before=lambda page: page.expose_function("kernel", kernel))
    in_jupyterlab(page, model)
    slot(page, "colour").select_option("green")
    expect(page, "a green ring left of a blue square")
    assert not [n for n in visit.asked if n.endswith((".wasm", ".onnx"))]
