"""A sentence whose words look at each other, by mouse, finger and keys."""

import live_models
import pytest
import torch
from browsers import findings
from live_page import settle
from test_live_browser import PHONE, STATE
from test_live_text import VOCABULARY, line, needs_browser, words
from torch import nn

from minigen import show
from minigen.show.live_export import call

PLACES = 8


class Looker(nn.Module):
    """Looks backwards by random scores, and expects what the embedding says."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(len(VOCABULARY), 16)

    def forward(self, text, reach):
        x = self.embed(text)
        place = torch.arange(PLACES)
        back = place[:, None] - place
        mask = (back >= 0) & (back < reach[..., None])
        weights = (x @ x.mT).masked_fill(~mask, -1e9).softmax(-1)
        odds = (weights @ x @ self.embed.weight.T).softmax(-1)
        return torch.cat([weights, odds], dim=-1)


def looker(**settings) -> show.Live:
    control = words()
    return show.live(
        Looker(), name="reader", alt="Where the words of “{text}” look. {shown}",
        caption="Point at a word.",
        controls={"text": control, "reach": show.Slider(1, 8, 8, 1, "Words back")},
        output=show.Looks(("text", control), **settings),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("looks")
    live_models.write_page(made, [looker()])
    return made


def test_the_still_shows_the_words_and_says_where_one_looks():
    page = looker(at=2).html
    assert page.count('class="live-word') == 5  # Anna saw the king .
    assert page.count("live-chosen") == 1
    assert "“king” looks most at" in page
    assert "What the model expects next: “" in page


def test_what_is_no_look_is_refused():
    output, control = torch.full((1, PLACES, PLACES + 9), 1 / 9), words()
    looks = show.Looks(("text", control))
    looks.check(output, "x")
    with pytest.raises(ValueError, match="of shape"):
        looks.check(output[:, 1:], "x")
    with pytest.raises(ValueError, match="sum to one"):
        looks.check(2 * output, "x")


def chosen(page):
    return page.locator("#fig-reader .live-sentence[role=toolbar] .live-chosen b")


def shares(page):
    tiles = page.locator("#fig-reader .live-sentence[role=toolbar] .live-word")
    return [
        float(tile.evaluate("one => one.style.getPropertyValue('--w')"))
        for tile in tiles.all()
    ]


def expect_row(page, place):
    """The tints are torch's weights for what the controls stand at."""
    state = page.evaluate(STATE, "reader")
    feeds = {
        key: torch.tensor(data, dtype=getattr(torch, kind)).reshape(shape)
        for key, kind, shape, data in state["tensors"]
    }
    [made] = call(Looker(), feeds)
    seen = shares(page)
    assert seen == pytest.approx(made[0, place, : len(seen)].tolist(), abs=2e-3)


@needs_browser
def test_a_typed_sentence_looks_by_mouse_and_keys(visit):
    page = visit()
    line(page).fill("the king saw Anna and the king")
    settle(page, "reader")
    assert chosen(page).text_content() == "king"
    expect_row(page, 5)
    tiles = page.locator("#fig-reader button.live-word")
    tiles.nth(2).hover()
    assert chosen(page).text_content() == "saw"
    expect_row(page, 2)
    tiles.nth(2).focus()
    page.keyboard.press("ArrowRight")
    expect_row(page, 3)
    page.keyboard.press("Home")
    expect_row(page, 0)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("End")
    expect_row(page, 5)
    page.locator("#fig-reader [data-control=reach] input").focus()
    page.keyboard.press("Home")  # every word sees itself alone
    settle(page, "reader")
    assert shares(page) == [0, 0, 0, 0, 0, 1]
    told = page.locator("#fig-reader .live-look").text_content()
    assert told.startswith("“king” looks most at “king”, with 100 % of its look.")
    label = page.locator("#fig-reader .live-sentence[role=toolbar]")
    assert told in label.get_attribute("aria-label")


@needs_browser
def test_a_finger_taps_a_word(visit):
    page = visit(**PHONE)
    line(page).fill("Anna saw the king. Anna saw the")
    settle(page, "reader")
    tiles = page.locator("#fig-reader button.live-word")
    box = tiles.nth(1).bounding_box()
    assert min(box["width"], box["height"]) >= 44
    tiles.nth(1).tap()
    expect_row(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for theme in ("light", "dark"):
        assert findings(page, theme) == []
