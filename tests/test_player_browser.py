"""Figures and players in a browser: by mouse, touch and keyboard, light and dark."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from browsers import needs_browser
from PIL import Image

from minigen import show
from minigen.repro import generator

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = needs_browser

ROOM = Path(show.__file__).parent
INTERVAL = 120


def curve(step: int):
    fig, ax = show.axes()
    show.curves(ax, {"model": ([0, 1], [0, step / 5])}, x="time", y="height")
    ax.set_ylim(0, 1)
    return fig


def page_text() -> str:
    count = 6
    texts = {
        "labels": [f"step {n}" for n in range(count)],
        "alts": [f"The line ends at {n / 5}." for n in range(count)],
        "interval": INTERVAL,
    }
    noise = torch.rand(count, 6, 1, 8, 8, generator=generator(0))
    parts = [
        show.player(
            [curve(n) for n in range(count)],
            name="rise", start=2, caption="It rises.", **texts,
        ).html,
        show.player(
            [show.sheet(x) for x in noise], name="noise", caption="Noise.", **texts
        ).html,
        show.figure(curve(3), name="still", alt="A line.", caption="A line.").html,
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="figures.css"><script src="player.js"></script>'
        # Themes do this, and some readers' style sheets.
        "<style>[hidden] { display: none !important }</style>"
        f"</head><body><h1>Players</h1>{''.join(parts)}</body></html>"
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("page")
    for name in ("player.js", "figures.css"):
        shutil.copy(ROOM / name, folder)
    (folder / "page.html").write_text(page_text(), encoding="utf-8")
    return (folder / "page.html").as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page as a visitor with such a machine; fail on any error it reports."""
    contexts, errors = [], []

    def open_page(**machine):
        size = {"width": 1000, "height": 900}
        context = browser.new_context(**({"viewport": size} | machine))
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


def frames_seen(page, name: str = "rise") -> set[str]:
    """Return which frames of a player's drawings are to be seen."""
    return set(
        page.eval_on_selector_all(
            f"#fig-{name} [data-frame]",
            "groups => groups.filter(g => getComputedStyle(g).display !== 'none')"
            ".map(g => g.dataset.frame)",
        )
    )


def test_at_rest_the_start_frame_shows_and_nothing_moves(visit):
    for motion in ("no-preference", "reduce"):
        page = visit(reduced_motion=motion)
        assert frames_seen(page) == {"2"}
        assert frames_seen(page, "noise") == {"0"}
        page.wait_for_timeout(3 * INTERVAL)
        assert frames_seen(page) == {"2"}
        assert page.locator("#fig-rise button").is_visible()


def test_the_mouse_plays_pauses_and_plays_again_from_the_start(visit):
    page = visit()
    button = page.locator("#fig-rise button")
    assert button.get_attribute("aria-label") == "Play"
    button.click()
    assert button.get_attribute("aria-label") == "Pause"
    assert frames_seen(page) == {"2"}  # from where it stands
    button.click()
    assert button.get_attribute("aria-label") == "Play"
    stopped = frames_seen(page)
    page.wait_for_timeout(3 * INTERVAL)
    assert frames_seen(page) == stopped
    button.click()
    page.wait_for_function(
        "document.querySelector('#fig-rise button').ariaLabel === 'Play'"
    )
    assert frames_seen(page) == {"5"}
    said = page.locator("#fig-rise [role=status]").text_content()
    assert said == "The line ends at 1.0."
    button.click()
    assert frames_seen(page) == {"0"}
    assert frames_seen(page, "noise") == {"0"}


def test_dragging_the_slider_turns_the_frames_and_their_words(visit):
    page = visit()
    slider = page.locator("#fig-rise input")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    assert frames_seen(page) == {"5"}
    assert slider.get_attribute("aria-valuetext") == "step 5: The line ends at 1.0."
    assert page.locator("#fig-rise .show-controls > span").text_content() == "step 5"
    for drawing in page.locator("#fig-rise svg[role=img]").all():
        assert drawing.get_attribute("aria-label") == "The line ends at 1.0."
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)
    assert frames_seen(page) == {"0"}
    assert frames_seen(page, "noise") == {"0"}


def test_the_keyboard_reaches_and_moves_everything(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Play"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("ArrowRight")
    assert frames_seen(page) == {"3"}
    page.keyboard.press("Home")
    assert frames_seen(page) == {"0"}
    page.keyboard.press("End")
    assert frames_seen(page) == {"5"}
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert frames_seen(page) == {"0"}
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.ariaLabel") == "Play"


def test_touching_the_slider_stops_playing(visit):
    page = visit()
    page.locator("#fig-rise button").click()
    page.locator("#fig-rise input").focus()
    page.keyboard.press("End")
    assert page.locator("#fig-rise button").get_attribute("aria-label") == "Play"
    page.wait_for_timeout(2 * INTERVAL)
    assert frames_seen(page) == {"5"}


def test_a_finger_on_a_telephone_plays_and_slides(visit):
    size = {"width": 360, "height": 700}
    page = visit(viewport=size, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#fig-rise .show-phone").is_visible()
    assert not page.locator("#fig-rise .show-wide").is_visible()
    # Six pictures need no second version: the one there is stays.
    assert page.locator("#fig-noise .show-wide").is_visible()
    for part in page.locator("#fig-rise button, #fig-rise input").all():
        assert part.bounding_box()["height"] >= 44
    box = page.locator("#fig-rise input").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert frames_seen(page) == {"5"}
    page.locator("#fig-rise button").tap()
    page.wait_for_function(
        "document.querySelector('#fig-rise button').ariaLabel === 'Play'"
    )
    assert frames_seen(page) == {"5"}
    sizes = page.eval_on_selector_all(
        "#fig-rise .show-phone text",
        "all => all.map(t => t.getBoundingClientRect().height)",
    )
    assert min(size for size in sizes if size) >= 10  # 0 is in a hidden frame


def test_a_column_has_the_wide_version_alone(visit):
    page = visit()
    for name in ("rise", "noise", "still"):
        assert page.locator(f"#fig-{name} .show-wide").is_visible()
    assert not page.locator("#fig-still .show-phone").is_visible()
    box = page.locator("#fig-still .show-wide svg").bounding_box()
    assert box["width"] == pytest.approx(720, abs=1)


def test_paper_shows_three_frames_side_by_side_and_no_controls(visit):
    page = visit(color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for name, numbers in (("rise", ["0", "2", "5"]), ("noise", ["0", "3", "5"])):
        frames = page.locator(f"#fig-{name} .show-on-paper > div")
        labels = [text.strip() for text in frames.all_text_contents()]
        ends = [label.split("step ")[-1] for label in labels]
        assert ends == numbers
        seen = [
            frame.evaluate("f => f.querySelector('[data-frame]:not([display])')"
                           ".dataset.frame")
            for frame in frames.all()
        ]  # fmt: skip
        assert seen == numbers
        boxes = [frame.bounding_box() for frame in frames.all()]
        assert len({round(box["y"]) for box in boxes}) == 1
        assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
        assert not page.locator(f"#fig-{name} > .show-wide").is_visible()
        assert not page.locator(f"#fig-{name} button").is_visible()
    page.emulate_media(media="screen")
    assert not page.locator("#fig-rise .show-on-paper").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".show-on-paper").count() == 0
    assert frames_seen(page) == {"2"}


def test_the_pictures_on_paper_are_there(visit):
    page = visit()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    frames = page.locator("#fig-noise .show-on-paper svg").all()
    shots = [np.array(Image.open(io.BytesIO(one.screenshot()))) for one in frames]
    assert all(shot[..., :3].std() > 30 for shot in shots)
    assert not np.array_equal(shots[0], shots[1])


def test_without_javascript_a_still_shows_and_no_dead_controls(visit):
    page = visit(java_script_enabled=False)
    assert page.locator("#fig-rise svg[role=img]").first.is_visible()
    assert not page.locator("#fig-rise button").is_visible()
    shown = page.locator('#fig-rise .show-wide [data-frame]:not([display="none"])')
    numbers = {group.get_attribute("data-frame") for group in shown.all()}
    assert numbers == {"2"}


@pytest.mark.parametrize(
    ("attribute", "value", "color"),
    [
        ("data-theme", "dark", "rgb(251, 146, 60)"),
        ("data-theme", "light", "rgb(194, 65, 12)"),
        ("data-jp-theme-light", "false", "rgb(251, 146, 60)"),
        ("data-jp-theme-light", "true", "rgb(194, 65, 12)"),
    ],
)
def test_colors_follow_site_and_notebook_and_print_is_light(
    visit, attribute, value, color
):
    page = visit()
    on = "documentElement" if attribute == "data-theme" else "body"
    page.evaluate(f"document.{on}.setAttribute({attribute!r}, {value!r})")
    line = '#fig-still .show-wide path[style*="--show-model"]'
    look = "line => getComputedStyle(line).stroke"
    assert page.eval_on_selector(line, look) == color
    page.emulate_media(media="print")
    assert page.eval_on_selector(line, look) == "rgb(194, 65, 12)"
    assert not page.locator("#fig-rise .show-controls").is_visible()


def test_pictures_show_ink_on_paper_pixel_by_pixel(visit):
    """Read the screen: a pixel's grey is its value between tint and ink."""
    page = visit()
    drawing = page.locator("#fig-noise .show-wide svg")
    pixels = np.array(Image.open(io.BytesIO(drawing.screenshot())).convert("RGB"))
    first = torch.rand(6, 6, 1, 8, 8, generator=generator(0))[0, 0, 0].numpy()
    tint, ink = np.array([0xF3, 0xF2, 0xEE]), np.array([0x1C, 0x1F, 0x24])
    expected = tint + first[..., None] * (ink - tint)
    seen = pixels[4:64:8, 4:64:8]  # the middles of squares of 8 by 8
    assert np.abs(seen - expected).max() < 4
