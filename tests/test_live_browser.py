"""Live models in a browser: against torch, by mouse, finger and keys; in trouble."""

import io
import shutil
import statistics
import zipfile

import live_models
import numpy as np
import pytest
import torch
from browsers import findings, in_jupyterlab, needs_browser
from live_page import CLOSE, RUN, in_time, settle, unpacked
from PIL import Image

from bookkit import archive
from minigen.show import live_widget
from minigen.show.live import run_loop
from minigen.show.live_export import call
from minigen.show.live_noise import gaussians
from minigen.show.live_words import WORDS

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = needs_browser

NAMES = ("decoder", "sampler", "walk")
#: What the page feeds at this moment, and what it shows.
STATE = """name => {
  const {live} = document.querySelector(`#fig-${name}`);
  const tensors = Object.entries(live.tensors()).map(
    ([key, {type, shape, data}]) => [key, type, shape, [...data].map(Number)]);
  return {tensors, shown: live.output.values && [...live.output.values]};
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("live")
    live_models.write_page(made, live_models.all_models())
    return made


def model_of(name):
    return live_models.all_models()[NAMES.index(name)]


def fed(page, name):
    """Return the tensors that the controls stand for, and the picture that is shown."""
    state = page.evaluate(STATE, name)
    kinds = {"float32": torch.float32, "int64": torch.int64}
    tensors = {
        key: torch.tensor(data, dtype=kinds[kind]).reshape(shape)
        for key, kind, shape, data in state["tensors"]
    }
    return tensors, torch.tensor(state["shown"])


def expect_torchs(page, name):
    """The picture that is shown is torch's for what the controls stand at."""
    tensors, shown = fed(page, name)
    [picture] = call(model_of(name).model, tensors)
    assert (picture.flatten() - shown).abs().max() < CLOSE
    return shown


def asked_to_run(opened):
    return [name for name in opened.asked if name.endswith((".wasm", ".mjs", ".onnx"))
            or name.startswith("ort")]  # fmt: skip


def test_before_a_touch_the_stills_show_and_nothing_is_loaded(visit):
    page = visit()
    page.mouse.move(300, 300)
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(300)
    assert not asked_to_run(visit)
    for name in NAMES:
        assert page.locator(f"#fig-{name} .live-picture svg").is_visible()
        assert not page.locator(f"#fig-{name} canvas").is_visible()
        assert page.locator(f"#fig-{name} .live-note").text_content() == ""
    assert not page.locator(".live-still").is_visible()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_gives_what_torch_gives(visit, name):
    page = visit()
    for case in model_of(name).cases["cases"]:
        made = page.evaluate(RUN, [name, case["inputs"]])
        assert made.keys() == case["outputs"].keys()
        for key, packed in case["outputs"].items():
            far = (torch.tensor(made[key]) - unpacked(packed).flatten()).abs().max()
            assert far < CLOSE, (key, float(far))


def test_a_loop_ends_where_torchs_ends(visit):
    page = visit()
    page.locator("#fig-sampler button", has_text=WORDS["run"]).click()
    settle(page, "sampler")
    _, shown = fed(page, "sampler")
    last = unpacked(model_of("sampler").cases["last"]).flatten()
    assert (shown - last).abs().max() < CLOSE
    said = page.locator("#fig-sampler canvas").get_attribute("aria-label")
    assert said == "What no. 1 becomes as a 3."


def test_it_is_fast_enough_to_follow_a_hand(visit):
    page = visit()
    median = page.evaluate(
        """async () => {
        const {live} = document.querySelector("#fig-decoder");
        const model = await live.model(), times = [];
        for (let count = 0; count < 100; count += 1) {
            const begun = performance.now();
            await model.run(live.tensors());
            times.push(performance.now() - begun);
        }
        return times.sort((a, b) => a - b)[50];
        }"""
    )
    in_time("a decoded picture", median, 10)
    took = []
    for _ in range(3):
        page.locator("#fig-sampler button", has_text=WORDS["run"]).click()
        settle(page, "sampler")
        took.append(
            page.evaluate("document.querySelector('#fig-sampler').live.loop.took")
        )
    in_time("25 guided steps, shown one by one", statistics.median(took), 1000)


def test_noise_is_the_same_in_both_languages(visit):
    page = visit()
    for seed, count in ((0, 64), (7, 63), (2**31 - 1, 768)):
        made = page.evaluate(
            "([s, n]) => [...minigenLive.gaussians(s, n)]", [seed, count]
        )
        assert np.allclose(made, gaussians(seed, count), atol=1e-6)


def test_the_mouse_drags_a_mark_over_the_map(visit):
    page = visit()
    box = page.locator("#fig-decoder .live-pad").bounding_box()
    x, y = box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"]
    page.mouse.move(x - 50, y)
    page.mouse.down()
    page.mouse.move(x, y, steps=8)
    settle(page, "decoder")
    tensors, first = fed(page, "decoder")
    plane = page.evaluate("document.querySelector('#fig-decoder').live.spec.controls.z")
    wanted = [low + share * (high - low)
              for (low, high), share in zip((plane["x"], plane["y"]), (0.25, 0.75),
                                            strict=True)]  # fmt: skip
    assert tensors["z"][0].tolist() == pytest.approx(wanted, abs=0.1)
    mark = page.locator("#fig-decoder .live-mark").bounding_box()
    assert mark["x"] + mark["width"] / 2 == pytest.approx(x, abs=1)
    assert mark["y"] + mark["height"] / 2 == pytest.approx(y, abs=1)
    expect_torchs(page, "decoder")
    page.mouse.move(x + 5000, y + 5000)  # beyond the map the mark stays at its edge
    page.mouse.up()
    settle(page, "decoder")
    tensors, _ = fed(page, "decoder")
    corner = [plane["x"][1], plane["y"][0]]
    assert tensors["z"][0].tolist() == pytest.approx(corner, abs=1e-4)
    assert not torch.equal(expect_torchs(page, "decoder"), first)
    page.mouse.move(x, y)  # nothing is held any more
    page.wait_for_timeout(50)
    assert fed(page, "decoder")[0]["z"][0].tolist() == pytest.approx(corner, abs=1e-4)


def test_the_keys_move_the_mark_both_ways_and_it_says_where(visit):
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert not asked_to_run(visit)  # passing by loads nothing
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.ariaLabel") == "Place on the map, across"
    assert page.evaluate(f"{focused}.type") == "range"
    before, _ = page.evaluate(STATE, "decoder")["tensors"][0][3], None
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    settle(page, "decoder")
    tensors, _ = fed(page, "decoder")
    plane = page.evaluate("document.querySelector('#fig-decoder').live.spec.controls.z")
    steps = [(high - low) / plane["steps"] for low, high in (plane["x"], plane["y"])]
    moved = [before[0] + 6 * steps[0], before[1] + steps[1]]
    assert tensors["z"][0].tolist() == pytest.approx(moved, abs=1e-3)
    expect_torchs(page, "decoder")
    said = page.evaluate(
        f"{focused}.ariaValueText ?? {focused}.getAttribute('aria-valuetext')"
    )
    assert "near" in said
    assert (
        page.locator("#fig-decoder .live-value")
        .text_content()
        .endswith(said.partition(", ")[2])
    )
    page.keyboard.press("End")
    settle(page, "decoder")
    assert fed(page, "decoder")[0]["z"][0, 0] == pytest.approx(plane["x"][1], abs=1e-3)


def finger(page):
    """Return a function that lays a finger down, moves it along and lifts it."""
    session = page.context.new_cdp_session(page)

    def touch(kind, *at):
        points = [{"x": at[0], "y": at[1]}] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def swipe(*places):
        touch("touchStart", *places[0])
        for place in places[1:]:
            touch("touchMove", *place)
            page.wait_for_timeout(20)
        touch("touchEnd")

    return swipe


PHONE = dict(viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True)


def test_a_finger_drags_the_mark_taps_the_map_and_still_scrolls(visit):
    page = visit(**PHONE)
    swipe = finger(page)
    box = page.locator("#fig-decoder .live-pad").bounding_box()
    mark = page.locator("#fig-decoder .live-mark").bounding_box()
    assert min(mark["width"], mark["height"]) >= 44
    at = mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2
    swipe(at, (at[0], at[1] + 20), (at[0] + 10, at[1] + 60))
    settle(page, "decoder")
    expect_torchs(page, "decoder")
    moved = page.locator("#fig-decoder .live-mark").bounding_box()
    assert moved["y"] - mark["y"] == pytest.approx(60, abs=2)
    assert page.evaluate("scrollY") == 0
    page.touchscreen.tap(box["x"] + 20, box["y"] + 30)
    settle(page, "decoder")
    tapped = page.locator("#fig-decoder .live-mark").bounding_box()
    assert tapped["x"] + tapped["width"] / 2 == pytest.approx(box["x"] + 20, abs=2)
    expect_torchs(page, "decoder")
    away = box["x"] + box["width"] - 20, box["y"] + box["height"] - 30
    swipe(away, *[(away[0], away[1] - 25 * n) for n in range(1, 8)])
    page.wait_for_function("scrollY > 50")
    now = page.evaluate(
        "document.querySelector('#fig-decoder .live-mark').style.cssText"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("scrollY") > 50
    assert now == page.evaluate(
        "document.querySelector('#fig-decoder .live-mark').style.cssText"
    )
    expect_torchs(page, "decoder")


def test_a_telephone_shows_all_of_it_at_a_fingers_size(visit):
    page = visit(**PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for part in page.locator(".live-parts :is(button, select, input)").all():
        assert part.bounding_box()["height"] >= 44
    picture = page.locator("#fig-decoder .live-picture").bounding_box()
    pad = page.locator("#fig-decoder .live-pad").bounding_box()
    assert picture["y"] + picture["height"] <= pad["y"]  # a hand does not cover it
    assert pad["y"] + pad["height"] - picture["y"] < 640  # both are seen at once


def test_every_control_of_a_loop_is_obeyed(visit):
    page = visit()
    model = model_of("sampler")
    part = page.locator("#fig-sampler")
    part.locator("button", has_text=WORDS["another"]).click()
    part.locator("select").first.select_option(label="8")
    slider = part.locator("[data-control=guidance] input")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    part.locator("[data-control=loop-steps] select").select_option(label="5")
    settle(page, "sampler")
    tensors, shown = fed(page, "sampler")
    assert tensors["label"].tolist() == [8]
    assert tensors["guidance"].tolist() == [[2.5]]
    assert part.locator("[data-control=guidance] .live-value").text_content() == "2.5"
    assert part.locator("[data-control=loop-step] input").get_attribute("max") == "5"
    controls = live_models.sampler_controls()
    values = {"noise": 8, "label": 8, "guidance": 2.5}
    pictures = run_loop(model.model, controls, values, live_models.sampler_loop(), 5)
    assert (pictures[-1].flatten() - shown).abs().max() < CLOSE
    step = part.locator("[data-control=loop-step] input")
    step.focus()
    page.keyboard.press("Home")  # back to the first step, without another run
    _, shown = fed(page, "sampler")
    assert (pictures[0].flatten() - shown).abs().max() < CLOSE
    assert step.get_attribute("aria-valuetext") == "1 of 5"


def test_a_loop_shows_its_steps_and_stops_when_told(visit):
    page = visit()
    page.evaluate("document.querySelector('#fig-sampler').live.model()")
    page.evaluate(
        """() => {
        const {live} = document.querySelector("#fig-sampler");
        const button = document.querySelector(
            "#fig-sampler [data-control=loop-step] button");
        const show = live.show.bind(live);
        window.seen = [];
        live.show = values => {
            window.seen.push(live.loop.step.valueAsNumber);
            show(values);
            if (window.seen.length === 3 && !window.said) {
                window.said = button.textContent;
                button.click();
            }
        };
        }"""
    )
    button = page.locator("#fig-sampler [data-control=loop-step] button")
    button.click()
    page.wait_for_function("window.said")
    settle(page, "sampler")
    seen, said = page.evaluate("[seen, said]")
    assert said == WORDS["stop"]
    assert len(seen) < 25
    assert seen[:3] == [1, 2, 3]
    assert button.text_content() == WORDS["run"]
    # A control that is turned begins anew, and only its own run comes to an end.
    page.evaluate("seen.length = 0")
    button.click()
    page.wait_for_function("seen.length >= 3")
    page.locator("#fig-sampler button", has_text=WORDS["another"]).click()
    settle(page, "sampler")
    seen = page.evaluate("seen")
    assert seen.count(1) == 2
    assert seen[-25:] == list(range(1, 26))


def test_a_walk_plays_pauses_and_stays_at_its_end(visit):
    page = visit()
    part = page.locator("#fig-walk")
    button = part.locator("button")
    assert not part.locator(".live-still").is_visible()
    button.click()
    assert button.text_content() == WORDS["pause"]
    page.wait_for_function(
        "document.querySelector('#fig-walk').live.controls.z.value > 0.3"
    )
    button.click()
    assert button.text_content() == WORDS["play"]
    settle(page, "walk")
    expect_torchs(page, "walk")
    assert "from a to b" in part.locator(".live-value").text_content()
    part.locator("input").focus()
    page.keyboard.press("End")
    settle(page, "walk")
    assert part.locator(".live-value").text_content() == "d"
    expect_torchs(page, "walk")


def test_who_asks_for_less_motion_sees_ends_and_corners(visit):
    page = visit(reduced_motion="reduce")
    page.evaluate("document.querySelector('#fig-sampler').live.model()")
    page.evaluate(
        """() => {
        const {live} = document.querySelector("#fig-sampler");
        const draw = live.output.draw.bind(live.output);
        window.drawn = 0;
        live.output.draw = values => { window.drawn += 1; draw(values) };
        }"""
    )
    page.locator("#fig-sampler button", has_text=WORDS["run"]).click()
    settle(page, "sampler")
    assert page.evaluate("drawn") == 1
    page.locator("#fig-walk button").click()
    page.wait_for_function(
        "document.querySelector('#fig-walk').live.controls.z.value > 0"
    )
    assert (
        page.evaluate("document.querySelector('#fig-walk').live.controls.z.value") == 1
    )


def test_a_screen_reader_hears_where_it_came_to_rest(visit):
    page = visit()
    page.evaluate(
        """() => {
        window.said = [];
        const one = document.querySelector("#fig-decoder .live-said");
        const watch = new MutationObserver(() => said.push(one.textContent));
        watch.observe(one, {childList: true});
        }"""
    )
    page.locator("#fig-decoder input").first.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    settle(page, "decoder")
    page.wait_for_function("said.length > 0")
    page.wait_for_timeout(300)
    [said] = page.evaluate("said")
    assert said.startswith("A digit that the decoder draws. Place on the map: ")
    assert said == page.locator("#fig-decoder canvas").get_attribute("aria-label")


def test_a_slow_line_is_told_and_meanwhile_the_hand_is_free(visit):
    page = visit()
    held = []
    page.route("**/*.wasm", lambda route: held.append(route))
    page.locator("#fig-walk input").focus()
    page.keyboard.press("ArrowRight")
    note = page.locator("#fig-walk .live-note")
    assert note.text_content() == WORDS["loading"]
    assert note.is_visible()
    assert page.locator("#fig-walk .live-picture svg").is_visible()
    page.keyboard.press("End")
    page.wait_for_timeout(200)
    for route in held:
        route.continue_()
    settle(page, "walk")
    assert note.text_content() == ""
    expect_torchs(page, "walk")
    assert page.locator("#fig-walk .live-value").text_content() == "d"


def picture_of(page, name):
    shot = page.locator(f"#fig-{name} .live-picture").screenshot()
    return np.array(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_the_model_draws_its_own_still_in_both_themes(visit, name, theme):
    page = visit()
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    still = picture_of(page, name)
    if name == "sampler":
        page.locator("#fig-sampler button", has_text=WORDS["run"]).click()
    else:
        page.evaluate(f"document.querySelector('#fig-{name}').live.change()")
    settle(page, name)
    assert page.locator(f"#fig-{name} canvas").is_visible()
    drawn = picture_of(page, name)
    assert drawn.shape == still.shape
    far = np.abs(drawn - still).max(axis=2)
    assert np.quantile(far, 0.97) <= 4  # edges of pixels may fall one screen pixel off
    grey = drawn[4:-4, 4:-4].mean()
    page.evaluate("theme => document.documentElement.dataset.theme = theme",
                  "light" if theme == "dark" else "dark")  # fmt: skip
    page.wait_for_timeout(100)
    other = picture_of(page, name)[4:-4, 4:-4].mean()
    assert (abs(other - grey) < 1) == (name == "walk")  # colours stay as they are


def test_paper_shows_the_stills_whatever_was_turned(visit):
    page = visit()
    mark = page.locator("#fig-decoder .live-mark")
    page.emulate_media(media="print")
    pad = page.locator("#fig-decoder .live-pad").bounding_box()
    start = mark.bounding_box()["x"] - pad["x"]
    page.emulate_media(media="screen")
    page.locator("#fig-decoder input").first.focus()
    page.keyboard.press("End")
    settle(page, "decoder")
    page.emulate_media(media="print")
    assert page.locator("#fig-decoder .live-picture svg").is_visible()
    assert not page.locator("#fig-decoder canvas").is_visible()
    pad = page.locator("#fig-decoder .live-pad").bounding_box()
    assert mark.bounding_box()["x"] - pad["x"] == pytest.approx(start, abs=1)
    for part in (".live-controls", ".live-note", ".live-value"):
        for one in page.locator(part).all():
            assert not one.is_visible()
    assert page.locator("#fig-walk .live-still svg").first.is_visible()
    assert not page.locator("#fig-walk .live-picture").is_visible()


def test_without_scripts_the_stills_are_all(visit):
    page = visit(java_script_enabled=False)
    assert not asked_to_run(visit)
    assert page.locator("#fig-decoder .live-map svg").is_visible()
    assert page.locator("#fig-decoder .live-picture svg").is_visible()
    assert page.locator("#fig-walk .live-still svg").first.is_visible()
    for part in page.locator("button, select, input, canvas").all():
        assert not part.is_visible()


def touched(page, name="walk"):
    """Turn a control, and return the sentence that the page then ends with."""
    page.locator(f"#fig-{name} input").first.focus()
    page.keyboard.press("End")
    page.wait_for_selector(f"#fig-{name}.live-failed")
    return page.locator(f"#fig-{name} .live-note").text_content()


def expect_still(page, name="walk"):
    """The still is back, and no control seems to work."""
    assert page.locator(f"#fig-{name} .live-picture svg").is_visible()
    assert not page.locator(f"#fig-{name} canvas").is_visible()
    for part in page.locator(f"#fig-{name} :is(button, select, input)").all():
        assert part.is_disabled()
    assert page.evaluate(STATE, name)["tensors"] == page.evaluate(
        """name => {
        const {live} = document.querySelector(`#fig-${name}`);
        for (const [key, one] of Object.entries(live.controls))
          one.value = live.spec.controls[key].start;
        return Object.entries(live.tensors()).map(
          ([key, {type, shape, data}]) => [key, type, shape, [...data].map(Number)]);
        }""",
        name,
    )


def answers(pattern, **answer):
    return lambda page: page.route(pattern, lambda route: route.fulfill(**answer))


def starts_with(script):
    return lambda page: page.add_init_script(script)


NO_MEMORY = """
const none = () => { throw new RangeError("Cannot allocate Wasm memory for instance") };
WebAssembly.Memory = class { constructor() { none() } };
WebAssembly.instantiate = WebAssembly.instantiateStreaming = async () => none();
"""


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (answers("**/*.onnx", status=404), "missing"),
        (lambda page: page.route("**/*.onnx", lambda route: route.abort()), "missing"),
        (answers("**/*.onnx", body="<html>Not here</html>"), "broken"),
        (answers("**/*.onnx", body=""), "broken"),
        (answers("**/ort.wasm.min.js", status=404), "missing"),
        (answers("**/*.mjs", status=404), "missing"),
        (answers("**/*.wasm", status=404), "missing"),
        (starts_with("delete globalThis.WebAssembly"), "webassembly"),
        (starts_with(NO_MEMORY), "memory"),
    ],
    ids=["404", "no-line", "page-for-file", "empty", "no-script", "no-module",
         "no-wasm", "no-webassembly", "no-memory"],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_a_sentence(visit, before, sentence):
    page = visit(before=before, trouble=True)
    assert touched(page) == WORDS[sentence]
    expect_still(page)
    # The other figures are not drawn into it, but for what they share.
    assert page.locator("#fig-decoder .live-note").text_content() == ""


def test_a_model_that_stops_in_the_middle_leaves_the_still(visit):
    page = visit(trouble=True)
    page.evaluate(
        """async () => {
        const {live} = document.querySelector("#fig-walk");
        const model = await live.model();
        model.run = async () => { throw new Error("no such operation") };
        }"""
    )
    assert touched(page) == WORDS["failed"]
    expect_still(page)


def test_a_page_opened_as_a_file_says_what_to_do(visit, folder):
    page = visit((folder / "index.html").as_uri(), trouble=True)
    assert touched(page) == WORDS["file"]
    expect_still(page)


@pytest.fixture(scope="module")
def unzipped(folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("offline")
    made = archive.pack(folder, target / "site-offline.zip")
    with zipfile.ZipFile(made) as file:
        file.extractall(target)
    return target / archive.FOLDER


@pytest.mark.parametrize("name", NAMES)
def test_the_offline_edition_runs_from_files(visit, unzipped, name):
    page = visit((unzipped / "index.html").as_uri())
    page.wait_for_timeout(200)
    assert not [n for n in visit.asked if "ort" in n or "onnx" in n]
    for case in model_of(name).cases["cases"][:2]:
        made = page.evaluate(RUN, [name, case["inputs"]])
        far = (
            torch.tensor(made["picture"])
            - unpacked(case["outputs"]["picture"]).flatten()
        )
        assert far.abs().max() < CLOSE
    assert {n.rpartition(".")[2] for n in visit.asked if "onnx" in n} == {"js"}


def test_a_damaged_offline_edition_says_so(visit, unzipped, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(unzipped, copy)
    [model] = (copy / "_static/live").glob("*-walk.*.js")
    model.unlink()
    page = visit((copy / "index.html").as_uri(), trouble=True)
    assert touched(page) == WORDS["missing"]
    expect_still(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_use_it(visit, theme):
    page = visit()
    assert findings(page, theme) == []
    for name in NAMES:
        page.evaluate(f"document.querySelector('#fig-{name}').live.change()")
        settle(page, name)
    assert findings(page, theme) == []


def test_jupyterlab_shows_the_same_controls_and_the_kernel_answers(visit):
    model = model_of("sampler")

    def kernel(asked, sent):
        buffers = [bytes(one) for one in sent]
        told, made = live_widget.answer(model.model, asked, buffers)
        return told, [list(one) for one in made]

    page = visit(before=lambda page: page.expose_function("kernel", kernel))
    in_jupyterlab(page, model)
    page.locator("select").last.select_option(label="5")
    settle(page, "sampler")
    _, shown = fed(page, "sampler")
    values = {"noise": 7, "label": 3, "guidance": 1.5}
    controls, loop = live_models.sampler_controls(), live_models.sampler_loop()
    last = run_loop(model.model, controls, values, loop, 5)[-1]
    assert (last.flatten() - shown).abs().max() < CLOSE
    assert not asked_to_run(visit)
    assert page.locator("canvas").is_visible()
