"""A text cut into tokens: every token on its tile, within the figure's width."""

import warnings

import pytest
from matplotlib.colors import to_rgb

from minigen import show
from minigen.show.cut import _flow, seen
from minigen.show.style import PHONE


def texts(fig):
    return [text.get_text() for ax in fig.axes for text in ax.texts]


def test_every_token_is_drawn_in_order_on_both_screens():
    fig = show.cut([["The", " cat", "\n"], ["s", "at"]], headings=["one", "two"])
    wanted = ["one", "The", "␣cat", "↵", "two", "s", "at"]
    assert texts(fig) == texts(fig.phone) == wanted


def test_tiles_stay_within_the_width():
    boxes = _flow(["token"] * 60, PHONE)
    assert max(left + width for left, _, width, _ in boxes) <= PHONE
    assert [line for _, line, *_ in boxes] == sorted(line for _, line, *_ in boxes)
    assert boxes[-1][1] > 3


def test_what_the_typeface_lacks_is_named_by_its_number():
    assert seen("a b\t") == "a␣b⇥"
    assert seen("🦜é人") == "U+1F99CéU+4EBA"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig = show.cut([["🦜", "\ufffd", "\x00", "$x$"]])
        shown = show.figure(fig, name="odd", alt="Odd tokens.", caption="Odd tokens.")
    assert "U+1F99C" in shown.html
    assert ">$x$<" in shown.html


def test_room_for_lines_makes_frames_of_one_size():
    first, second = (show.cut([["ab"] * n], lines=3) for n in (2, 40))
    assert (first.get_size_inches() == second.get_size_inches()).all()
    assert (first.phone.get_size_inches() == second.phone.get_size_inches()).all()


@pytest.mark.parametrize(
    ("given", "headings", "what"),
    [([], None, "nothing"), ([[]], None, "nothing"), ([["a"]], [], "headings")],
)
def test_nothing_to_cut_is_refused(given, headings, what):
    with pytest.raises(ValueError, match=what):
        show.cut(given, headings=headings)


def test_marked_tokens_are_green_and_the_others_plum():
    fig = show.cut([["a", "b", "c"]], marks=[[True, True, False]])
    tiles = {tuple(patch.get_facecolor()[:3]): len(patch.get_path().codes) // 5
             for patch in fig.axes[0].patches}  # fmt: skip
    assert tiles == {to_rgb(show.GREEN): 2, to_rgb(show.PLUM): 1}
    with pytest.raises(ValueError, match="a mark"):
        show.cut([["a", "b"]], marks=[[True]])
