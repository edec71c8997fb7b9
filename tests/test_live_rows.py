"""Shares as bars: what the page shows of a model that gives a few numbers."""

import live_models
import pytest
import torch
from browsers import needs_browser
from live_page import settle
from torch import nn

from minigen import show


class Parts(nn.Module):
    """A number and what is left of one."""

    def forward(self, part):
        return torch.cat([part, 1 - part, 0.002 * part], 1)


NAMES = ("a part", "what is left", "two thousandths")


def parts():
    return show.live(
        Parts(), name="parts", alt="A part of one. {shown}", caption="Turn it.",
        controls={"part": show.Slider(0, 1, 0.25, 0.05, "Part")},
        output=show.Rows(NAMES),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("rows")
    live_models.write_page(made, [parts()])
    return made


def test_the_still_has_a_bar_for_each_name_and_says_them():
    page = parts().html
    assert page.count('class="live-bar"') == 3
    assert "inline-size:75%" in page
    assert "a part: 25 %; what is left: 75 %; two thousandths: 0.05 %." in page


def test_what_is_no_share_for_each_name_is_refused():
    with pytest.raises(ValueError, match="a share for each of 3"):
        show.Rows(NAMES).check(torch.ones(1, 2), "x")
    with pytest.raises(ValueError, match="from 0 to 1"):
        show.Rows(NAMES).check(torch.tensor([[0.1, 0.2, 1.5]]), "x")


@needs_browser
def test_the_slider_moves_the_bars(visit):
    page = visit()
    slider = page.locator("#fig-parts input[type=range]")
    slider.focus()
    page.keyboard.press("End")
    settle(page, "parts")
    bars = page.locator("#fig-parts .live-rows > .live-bars:not(.show)")
    assert bars.locator(".live-share").all_text_contents() == ["100 %", "0 %", "0.2 %"]
    assert bars.locator(".live-token").all_text_contents() == list(NAMES)
    widths = [
        one.evaluate("one => one.style.inlineSize")
        for one in bars.locator(".live-after").all()
    ]
    assert widths[:2] == ["100%", "0%"]
    assert "what is left: 0 %" in bars.get_attribute("aria-label")
