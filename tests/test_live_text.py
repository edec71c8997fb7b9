"""A line that the reader types: the same numbers in Python and in the page."""

import live_models
import pytest
import torch
from browsers import findings, needs_browser
from live_page import settle
from test_live_browser import PHONE, STATE
from torch import nn

from minigen import show
from minigen.show.live_export import call
from minigen.show.live_text import cut
from minigen.show.live_words import WORDS

VOCABULARY = ["<pad>", "<start>", "the", "king", "Anna", "saw", "well-kept", ".", '"']
PLACES = 8


class Reader(nn.Module):
    """A picture of what it was fed."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(len(VOCABULARY), 12)

    def forward(self, text):
        return self.embed(text).sigmoid()[:, None]  # [1, 1, places, 12]


def words(**settings) -> show.Words:
    start = {"vocabulary": VOCABULARY, "start": "Anna saw the king.", "places": PLACES}
    return show.Words(**(start | {"label": "Your sentence"} | settings))


def reader(name="reader", **settings) -> show.Live:
    return show.live(
        Reader(), name=name, alt="What {text} looks like.", caption="Type.",
        controls={"text": words(**settings)},
    )  # fmt: skip


def test_a_text_is_numbers_and_padding():
    assert words().tensor("Anna saw the king.").tolist() == [[4, 5, 2, 3, 7, 0, 0, 0]]
    assert words().tensor("x").dtype == torch.int64
    begun = words(begin=[1], pad=7)
    assert begun.tensor("").tolist() == [[1] + [7] * (PLACES - 1)]
    assert begun.tensor("the king").tolist() == [[1, 2, 3] + [7] * 5]


def test_spelling_is_taken_as_it_is_meant():
    assert words().numbers("THE King saw anna") == [2, 3, 5, 4]
    assert words().numbers('the "well-kept" king') == [2, 8, 6, 8, 3]
    both = words(vocabulary=["it", "It", "Rose", "rose"], start="it")
    assert both.numbers("It it IT rose Rose ROSE") == [1, 0, 0, 3, 2, 3]


def test_what_is_unknown_is_left_out_and_of_what_is_long_the_end_is_read():
    assert words().numbers("the zebra saw 3 kings the king") == [2, 5, 2, 3]
    assert words(begin=[1]).numbers("the king " * 9) == [1, 3] + [2, 3] * 3


@pytest.mark.parametrize("number", range(40))
def test_examples_are_known_and_fit(number):
    control = words(begin=[1])
    text = control.example(number)
    assert len(cut(text)) == len(control.numbers(text)) - 1 < PLACES
    assert not {0, 1} & set(control.numbers(text)[1:])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"vocabulary": []}, "needs words"),
        ({"vocabulary": ["a", "a"]}, "alike"),
        ({"pad": 9}, "none of the number 9"),
        ({"begin": [12]}, "none of the number 12"),
        ({"begin": [1] * 8}, "alone takes 8"),
        ({"start": "a zebra"}, "zebra"),
        ({"start": " "}, "must start"),
    ],
)
def test_what_cannot_be_is_told(settings, told):
    with pytest.raises(ValueError, match=told):
        words(**settings)


def test_a_vocabulary_is_never_markup():
    control = words(vocabulary=["a", "<b>", '"'], start='a "')
    assert "<b>" not in control.markup("text")
    assert 'value="a &quot;"' in control.markup("text")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("text")
    live_models.write_page(made, [reader(), reader("begun", begin=[1], pad=1)])
    return made


def line(page, name="reader"):
    return page.locator(f"#fig-{name} input[type=text]")


def told(page, name="reader"):
    return page.locator(f"#fig-{name} .live-told").text_content()


def fed(page, name="reader"):
    """Return the numbers that the page feeds, which must be what is shown."""
    settle(page, name)
    state = page.evaluate(STATE, name)
    [[key, kind, shape, data]] = state["tensors"]
    assert (key, kind, shape) == ("text", "int64", [1, PLACES])
    [picture] = call(Reader(), {"text": torch.tensor([data])})
    assert torch.allclose(picture.flatten(), torch.tensor(state["shown"]), atol=1e-3)
    return data


@needs_browser
@pytest.mark.parametrize(
    "text",
    ["The king.", 'ANNA saw "the" well-kept king', "zebra, the naïve king’s 3rd saw",
     "the king " * 9, "  the\tking\u00a0saw  ", "Anna_saw", "anna… 😀 saw"],
)  # fmt: skip
def test_the_page_reads_as_python_does(visit, text):
    page = visit()
    for name, control in (("reader", words()), ("begun", words(begin=[1], pad=1))):
        line(page, name).fill(text)
        line(page, name).press("Enter")
        assert fed(page, name) == control.tensor(text)[0].tolist()


@needs_browser
def test_unknown_words_are_named_once_they_are_whole(visit):
    page = visit()
    line(page).fill("")
    assert told(page) == WORDS["empty"]
    line(page).press_sequentially("the kin")
    assert told(page) == ""  # this may yet become a king
    assert fed(page)[:3] == [2, 0, 0]
    line(page).press_sequentially("g zebra ")
    assert told(page) == WORDS["unknown"].format("“zebra”")
    assert fed(page)[:3] == [2, 3, 0]
    line(page).press_sequentially("the ki")
    line(page).press("Enter")
    assert told(page) == WORDS["unknown"].format("“zebra”, “ki”")
    line(page).fill("the king " * 9)
    assert told(page) == WORDS["longer"].format(PLACES)
    line(page).fill("<img src=x onerror=alert(1)> a b the c d e f g")
    assert "…" in told(page)
    assert page.locator("#fig-reader .live-told img").count() == 0


@needs_browser
def test_where_a_beginning_stands_the_line_may_be_empty(visit):
    page = visit()
    line(page, "begun").fill("")
    assert told(page, "begun") == ""
    assert fed(page, "begun") == [1] * PLACES
    line(page).fill("")
    line(page).fill("zebra")
    assert WORDS["empty"] in told(page)
    assert page.locator("#fig-reader canvas").is_hidden()


@needs_browser
def test_the_line_serves_fingers_and_screen_readers(visit):
    page = visit(**PHONE)
    line(page).tap()
    line(page).fill("the king")
    fed(page)
    box = line(page).bounding_box()
    assert box["height"] >= 44
    assert box["width"] > 250
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_by_label("Your sentence").count() == 2
    said = page.locator("#fig-reader canvas").get_attribute("aria-label")
    assert said == "What the king looks like."
    page.locator("#fig-reader summary").tap()
    known = page.locator("#fig-reader .live-known p").text_content()
    assert known == "Anna · king · saw · the · well-kept"
    for theme in ("light", "dark"):
        assert findings(page, theme) == []
