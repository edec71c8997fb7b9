"""Figures: what they show, how they read, and what identifies their data."""

import base64
import gzip
import io
import itertools
import json
import re
import sys
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from minigen import show
from minigen.repro import generator
from minigen.show import compact, labels, layout, plane, style, svg
from minigen.show.figure import FIGURE_LIMIT, check_figure, rounded
from minigen.show.player import PLAYER_LIMIT

sheets = sys.modules["minigen.show.images"]  # `show.images` is the function
WORDS = {"name": "test-figure", "alt": "What is seen.", "caption": "What to see."}


def a_plot(ys=(1.0, 2.0, 3.0), **options):
    fig, ax = show.axes()
    show.curves(ax, {"model": ([0, 1, 2], ys)}, x="step", y="loss, nats", **options)
    return fig


def hash_of(fig) -> str:
    return show.figure(fig, **WORDS).fingerprint


def drawings(shown) -> list[ElementTree.Element]:
    """Parse a figure's drawings, which must be well-formed."""
    found = re.findall(r'<svg class="show".*?</svg>', shown.html, re.DOTALL)
    return [ElementTree.fromstring(text) for text in found]


# Colours


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(
        values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    dark, light = sorted(
        float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


# Machado, Oliveira and Fernandes 2009, full strength.
SIGHTS = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def lab(color: str, sight: str) -> np.ndarray:
    """Return CIE L*a*b* of a colour as someone with that sight sees it."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    rgb = np.clip(SIGHTS[sight] @ linear(color), 0, 1)
    xyz = to_xyz @ rgb / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


ROLE = {role.name: role for role in style.ROLES}
SPOKEN = ("data", "model", "noise", "green", "plum", "ink", "muted")


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("name", SPOKEN)
def test_text_and_lines_stand_out_from_pages_and_tiles(name, page):
    color = getattr(ROLE[name], page)
    # The site's page, JupyterLab's and the tint under pictures.
    grounds = ["#ffffff", "#f3f2ee"] if page == "light" else ["#121212", "#111111"]
    for ground in (*grounds, getattr(ROLE["tile"], page)):
        assert contrast(color, ground) >= 4.5, (name, ground)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("page", ["light", "dark"])
def test_colors_differ_whatever_the_readers_sight(page, sight):
    names = ("data", "model", "noise", "green", "plum")
    for one, other in itertools.combinations(names, 2):
        colors = [lab(getattr(ROLE[name], page), sight) for name in (one, other)]
        main = {one, other} <= {"data", "model", "noise"}
        assert np.linalg.norm(colors[0] - colors[1]) > (20 if main else 13), (
            one,
            other,
        )


def test_a_color_has_one_role_and_others_are_refused():
    lights = [role.light for role in style.ROLES]
    assert len(set(lights)) == len(lights)
    assert style.role_of("#000000").name == "ink"
    fig, ax = show.axes()
    ax.plot([0, 1], [0, 1], color="red")
    with pytest.raises(ValueError, match="#ff0000 is not in the book's palette"):
        show.figure(fig, **WORDS)


def test_heat_and_shades_run_from_nothing_to_the_color():
    ramp = show.heat(show.DATA)([0.0, 0.5, 1.0])
    np.testing.assert_allclose(ramp[:, 3], [0, 0.5, 1], atol=0.01)
    np.testing.assert_allclose(ramp[2, :3], matplotlib.colors.to_rgb(show.DATA))
    alphas = [shade[3] for shade in show.shades(show.MODEL, 4)]
    assert alphas == [0.25, 0.5, 0.75, 1.0]


# What is asked of a figure


@pytest.mark.parametrize("missing", ["alt", "caption"])
@pytest.mark.parametrize("text", ["", "  "])
def test_a_figure_needs_its_words(missing, text):
    with pytest.raises(ValueError, match=f"needs {missing}="):
        show.figure(a_plot(), **(WORDS | {missing: text}))


@pytest.mark.parametrize("name", ["", "Loss", "two words", "1st", "a--b", "x<b>"])
def test_a_name_can_stand_in_an_address(name):
    with pytest.raises(ValueError, match="lower-case words joined by hyphens"):
        show.figure(a_plot(), **(WORDS | {"name": name}))


def test_foreign_figures_tex_and_heavy_figures_are_refused():
    with pytest.raises(TypeError, match=r"begun with show\.axes"):
        check_figure(Figure())
    fig = a_plot()
    fig.axes[0].set_title(r"the level $\sigma$")
    with pytest.raises(ValueError, match="write Unicode"):
        show.figure(fig, **WORDS)
    fig, ax = show.axes()
    cloud = torch.randn(20_000, 2, generator=generator(0))
    show.points(ax, {"cloud": cloud})
    with pytest.raises(ValueError, match="KB compressed and may weigh 40"):
        show.figure(fig, **WORDS)


def test_what_callers_write_is_text_not_html():
    hostile = '<img src=x onerror="alert(1)"> & \\(x < 1\\)'
    fig, ax = show.axes()
    show.curves(ax, {hostile: ([0, 1], [0, 1])}, x=hostile, y=hostile)
    ax.set_title(hostile)
    shown = show.figure(fig, name="hostile", alt=hostile, caption=hostile)
    assert "<img" not in shown.html
    assert "\\(x &lt; 1\\)" in shown.html
    assert all(drawing.get("aria-label") == hostile for drawing in drawings(shown))
    frames = [
        show.sheet(torch.rand(2, 1, 4, 4, generator=generator(i))) for i in (0, 1)
    ]
    texts = [hostile, "fine"]
    shown = show.player(frames, name="p", labels=texts, alts=texts, caption=hostile)
    assert "<img" not in shown.html
    assert "<img" not in shown.widget.children[0].value
    assert "<img" not in shown.widget.children[2].value


def test_bundle_is_html_and_a_line_that_compares_data():
    shown = show.figure(a_plot(), **WORDS)
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert re.fullmatch(r"figure test-figure: [0-9a-f]{8}", bundle["text/plain"])
    assert bundle["text/html"].startswith(
        '<figure class="show-figure" id="fig-test-fig'
    )
    assert "<figcaption" in bundle["text/html"]
    assert shown.html == show.figure(a_plot(), **WORDS).html


# The drawing


def everything():
    """Draw one figure with each kind of mark."""
    draw = np.random.default_rng(0)
    fig, panels = show.axes(columns=3, rows=2, ratio=1)
    show.curves(
        panels[0], {"a": ([1, 10, 100], [1, 2, 3]), "b": ([1, 10, 100], [1, 2, 2.9])},
        bands={"a": ([0, 1, 2], [2, 3, 4])}, limits={"floor": 0.5}, log="x",
        markers=True,
    )  # fmt: skip
    show.bars(panels[1], {"yes": 0.3, "no": 0.7}, intervals={"no": (0.6, 0.8)})
    show.histograms(panels[2], {"h": draw.normal(size=99)}, limits={"here": 0.0})
    show.points(panels[3], {"p": draw.normal(size=(9, 2)), "q": np.ones((1, 2))})
    panels[3].set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
    show.contours(panels[3], lambda at: np.exp(-(at**2).sum(1)), color=show.DATA)
    show.picture(panels[4], draw.normal(size=(4, 4)), negative=show.MODEL)
    show.picture(panels[5], draw.uniform(size=(3, 4, 4)))
    for number, ax in enumerate(panels):
        ax.set_title(f"panel {number}")
    return fig


@pytest.fixture(scope="module")
def full():
    return show.figure(everything(), **WORDS)


def test_drawings_are_well_formed_and_refer_to_themselves_alone(full):
    both = drawings(full)
    assert len(both) == 2
    ids = [item.get("id") for drawing in both for item in drawing.iter()]
    ids = [name for name in ids if name]
    assert len(ids) == len(set(ids)) > 5
    assert set(re.findall(r"url\(#(.+?)\)", full.html)) <= set(ids)
    assert not re.search(r'(href|src)="(?!data:image/png)', full.html)
    assert "http" not in full.html


def test_every_color_follows_the_page_and_print_stays_light(full):
    free = re.sub(r"var\(--show-\w+,#[0-9a-f]{6}\)", "", full.html)
    free = re.sub(r"<style>.*?</style>|data:image/png[^\"]+", "", free)
    assert set(re.findall(r"#[0-9a-f]{6}(?![0-9a-f-])", free)) == {style.INK}
    rules = re.findall(r"<style>(.*?)</style>", full.html)
    assert all(rule.startswith("@media screen{") for rule in rules)
    used = set(re.findall(r"var\(--show-(\w+),#", full.html))
    for name in used:
        assert f"--show-{name}:{ROLE[name].dark}" in rules[0]


@pytest.mark.parametrize("width", ["column", "small"])
def test_letters_stay_readable_at_every_width(width):
    fig, ax = show.axes(width=width)
    show.curves(ax, {"model": ([0, 1], [0, 1])}, x="step", y="loss", limits={"low": 0})
    wide, phone = drawings(show.figure(fig, **WORDS))
    for drawing, column in ((wide, 541), (phone, 320)):
        scale = min(1, column / float(drawing.get("width")))
        sizes = [float(text.get("font-size")) for text in drawing.iter("text")]
        assert len(sizes) > 5
        assert min(sizes) * scale >= 9


def test_every_name_stands_inside_the_figure_and_covers_no_other():
    for phone in (False, True):
        fig, ax = show.axes()
        ends = {f"series number {n}": ([0, 1], [0, 1 + n / 50]) for n in range(5)}
        show.curves(ax, ends, x="step", y="a long name of an axis, with its unit")
        ax.set_title("A title")
        fig.arrange(phone=phone)
        width, height = fig.bbox.width, fig.bbox.height
        texts = [*ax.texts, ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]
        boxes = [text.get_window_extent() for text in texts if text.get_text()]
        assert len(boxes) == 8
        for box in boxes:
            assert -1 <= box.x0 < box.x1 <= width + 1
            assert -1 <= box.y0 < box.y1 <= height + 1
        for one, other in itertools.combinations(boxes, 2):
            apart = (
                one.x1 <= other.x0 or other.x1 <= one.x0
                or one.y1 <= other.y0 + 0.1 or other.y1 <= one.y0 + 0.1
            )  # fmt: skip
            assert apart


def test_panels_keep_their_shape_and_stack_on_a_telephone():
    fig, panels = show.axes(columns=2, ratio=1.2)
    for ax in panels:
        show.bars(ax, {"a": 1.0, "b": 2.0}, x="which", y="how many")
        ax.set_title("Title")
    fig.arrange(phone=False)
    left, right = (ax.get_window_extent() for ax in panels)
    assert left.width / left.height == pytest.approx(1.2, rel=0.02)
    assert left.y0 == pytest.approx(right.y0, abs=1)
    assert left.x1 < right.x0
    assert fig.bbox.width == pytest.approx(720)
    fig.arrange(phone=True)
    upper, lower = (ax.get_window_extent() for ax in panels)
    assert upper.x0 == pytest.approx(lower.x0, abs=1)
    assert upper.y0 > lower.y1
    assert fig.bbox.width == pytest.approx(340)


def test_a_picture_keeps_the_middle_of_the_chart_beside_it():
    fig, (left, right) = show.axes(columns=2, ratio=1.25)
    show.picture(left, show.tiled(np.ones((10, 1, 8, 8))))
    show.curves(right, {"a": ([0, 1], [0, 1])}, x="x", y="y")
    fig.arrange(phone=False)
    picture, chart = (ax.get_window_extent() for ax in (left, right))
    assert picture.height < 0.6 * chart.height
    assert sum(picture.intervaly) == pytest.approx(sum(chart.intervaly), abs=2)
    assert picture.x0 < 2  # flush with the text
    fig.arrange(phone=True)
    picture, chart = (ax.get_window_extent() for ax in (left, right))
    assert picture.width == pytest.approx(44 / 17 * picture.height, rel=0.05)
    assert picture.width == pytest.approx(chart.width, rel=0.02)
    assert chart.height >= 0.55 * 340
    assert 10 < picture.y0 - chart.y1 < 60


def test_titled_pictures_stand_on_one_level():
    fig, panels = show.axes(columns=3, ratio=1)
    for ax, count in zip(panels, (1, 2, 4), strict=True):
        show.picture(ax, show.tiled(np.ones((count, 1, 8, 8))))
        ax.set_title("title")
    fig.arrange(phone=False)
    tops = {round(ax.get_window_extent().y1) for ax in panels}
    assert len(tops) == 1


def test_a_number_over_a_bar_is_not_at_the_end_of_a_long_error_bar():
    fig, ax = show.axes()
    values = {"sure": 2.0, "unsure": 2.0}
    spread = {"sure": (1.95, 2.05), "unsure": (0.5, 4.0)}
    show.bars(ax, values, intervals=spread, number=".2f")
    fig.arrange(phone=False)
    sure, unsure = ax.texts
    assert sure.xy[1] == 2.05
    assert unsure.xy[1] == 2.0
    middle = ax.transData.transform((1, 2.0))[0]
    assert unsure.get_window_extent().x0 > middle


@pytest.mark.parametrize("log", ["", "x"])
def test_the_name_of_a_curve_stays_where_the_curve_can_be_seen(log):
    fig, ax = show.axes()
    xs = np.linspace(1, 5, 9)
    show.curves(ax, {"falls": (xs, -((xs - 2) ** 2)), "stays": (xs, 0 * xs)}, log=log)
    ax.set_ylim(-4, 1)
    fig.arrange(phone=False)
    panel = ax.get_window_extent()
    names = {text.get_text(): text for text in ax.texts}
    box = names["falls"].get_window_extent()
    assert panel.y0 - box.height < box.y0 < panel.y0 + box.height
    assert panel.x0 < box.x0 < panel.x1  # beside the point where it leaves
    assert names["stays"].get_window_extent().x0 > panel.x1 - panel.width * 0.1


def test_the_name_of_a_level_line_avoids_curves_and_other_names():
    falling = ([0, 1], [1, 0])
    fig, ax = show.axes()
    show.curves(ax, {"a": falling}, y="a name", limits={"halfway": 0.5, "top": 1.0})
    ax.set_ylim(0, 1)
    fig.arrange(phone=False)
    (levels,) = [[t for t in ax.texts if isinstance(t, labels.Level)]]
    boxes = {level.words: level.get_window_extent() for level in levels}
    assert boxes["top"].x0 > ax.get_window_extent().width / 2
    assert not boxes["halfway"].overlaps(ax.yaxis.label.get_window_extent())
    show.curves(ax, {"b": ([0, 0.2, 1], [0.6, 0.5, 0.5])}, y="a name")
    fig.arrange(phone=False)
    along = ax.transData.transform(
        np.column_stack([np.linspace(0, 1), np.full(50, 0.5)])
    )
    box = levels[0].get_window_extent()
    assert not box.contains(*along[25])
    frames = [fig, fig]
    layout.hold_still(frames)
    assert levels[0].get_window_extent().bounds == box.bounds


@pytest.mark.parametrize(
    ("names", "rows"),
    [(["yes", "no"], 1), (["upside down", "half as dark", "empty page"] * 2, 2),
     (["histograms", "autoencoders", "transformers"] * 3, 2)],
)  # fmt: skip
def test_names_under_bars_do_not_meet(names, rows):
    names = [f"{name}{'' if n < 3 else n}" for n, name in enumerate(names)]
    fig, ax = show.axes()
    show.bars(ax, dict.fromkeys(names, 1.0))
    fig.arrange(phone=True)
    texts = [label for label in ax.get_xticklabels() if label.get_text()]
    assert [" ".join(text.get_text().split()) for text in texts] == names
    assert max(text.get_text().count("\n") for text in texts) >= rows - 1
    for one, other in itertools.pairwise(texts):
        lines = [text.get_text().split("\n") for text in (one, other)]
        apart = (other.get_position()[0] - one.get_position()[0]) * (
            ax.get_window_extent().width / np.ptp(ax.get_xlim())
        )
        for above, below in zip(*lines, strict=False):
            assert (
                6.2 * (len(above) + len(below)) / 2 <= apart or not above or not below
            )


def test_axes_wants_a_width_it_knows():
    with pytest.raises(ValueError, match='"column" or "small", not \'huge\''):
        show.axes(width="huge")


@pytest.mark.parametrize("seed", range(8))
def test_boxes_are_moved_apart_and_no_further_than_needed(seed):
    draw = np.random.default_rng(seed)
    left, bottom = draw.uniform(0, 60, 6), draw.uniform(0, 90, 6)
    across = [(float(x), float(x) + 40) for x in left]
    upward = [(float(y), float(y) + 14) for y in bottom]
    shifts = labels.apart(across, upward)
    for i, j in itertools.combinations(range(6), 2):
        beside = across[i][1] <= across[j][0] or across[j][1] <= across[i][0]
        places = [upward[k][0] + shifts[k] for k in (i, j)]
        assert beside or abs(places[0] - places[1]) >= 14 - 0.1
    lowered = labels.apart(across, upward, ceiling=60)
    tops = [top + shift for (_, top), shift in zip(upward, lowered, strict=True)]
    assert max(tops) <= 60.1
    assert labels.apart([(0, 9), (0, 9)], [(0, 5), (6, 9)]) == [0, 0]
    assert labels.apart([(0, 9), (0, 9)], [(0, 5), (3, 9)]) == [-1, 1]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1500, "1,500"), (0.1 + 0.2, "0.3"), (-3, "−3"), (1e-5, "10⁻⁵"),
     (2e-6, "2×10⁻⁶"), (1e6, "1,000,000"), (1e9, "10⁹"), (-1e8, "−1×10⁸"),
     (0.0001, "0.0001")],
)  # fmt: skip
def test_numbers_on_axes_are_plain(value, text):
    assert layout.tick_text(value) == text


def test_logarithmic_axes_have_numbers_even_within_one_power_of_ten():
    fig, ax = show.axes()
    show.curves(ax, {"a": ([1, 2], [1.1, 4.0])}, log="y")
    fig.arrange(phone=False)
    texts = {text.get_text() for text in ax.get_yticklabels()}
    assert {"2"} <= texts
    assert not any("$" in text for text in texts)


def points_of(line: str) -> list[tuple[float, float]]:
    """Read a path of M, l and z back into places."""
    places, here = [], (0.0, 0.0)
    for command, rest in re.findall(r"([Mlz])([^Mlz]*)", line):
        numbers = [float(n) for n in re.findall(r"-?\d*\.?\d+", rest)]
        for x, y in (
            itertools.batched(numbers, 2)
            if False
            else zip(numbers[::2], numbers[1::2], strict=True)
        ):
            here = (x, y) if command == "M" else (here[0] + x, here[1] + y)
            places.append(here)
    return places


@pytest.mark.parametrize("scale", [0.3, 3, 300])
def test_lines_written_by_steps_do_not_drift(scale):
    walk = np.random.default_rng(1).normal(size=(500, 2)).cumsum(axis=0) * scale
    line = "M" + "\nL ".join(f"{x:.6f} {y:.6f}" for x, y in walk)
    np.testing.assert_allclose(points_of(compact.steps(line)), walk, atol=0.0501)
    fine = points_of(compact.steps(line, digits=2))
    np.testing.assert_allclose(fine, walk, atol=0.00501)


def test_closed_lines_and_curves_are_kept():
    square = "M 0 0 \nL 1 0 \nL 1 1 \nz\nM 5 5 \nL 5.5 4.5 \nz\n"
    assert compact.steps(square) == "M0 0l1 0 0 1zM5 5l.5-.5z"
    assert compact.steps("M 0 3 \nC 0.25 3 1 2.5 1 2 \nz") == "M0 3C0.2 3 1 2.5 1 2z"
    assert compact.steps("M 1 1 \nL 2 2 \nz\nL 3 1 \n") == "M1 1l1 1zl2 0"


def test_few_marks_weigh_little():
    fig, ax = show.axes()
    draw = np.random.default_rng(0)
    show.curves(ax, {n: (range(200), draw.normal(size=200)) for n in "abc"})
    shown = show.figure(fig, **WORDS)
    assert len(shown.html) < 30_000 < FIGURE_LIMIT


# The data's hash


@pytest.mark.parametrize(
    "change",
    [
        lambda: a_plot((1.0, 2.0, 3.00001)),
        lambda: a_plot(limits={"floor": 0.0}),
        lambda: a_plot(bands={"model": ([0, 1, 2], [2, 3, 4])}),
        lambda: a_plot(markers=True, log="y", limits={"f": 1}),
    ],
)
def test_hash_changes_with_what_is_shown(change):
    assert hash_of(change()) != hash_of(a_plot())


def test_hash_ignores_looks_words_and_rounding_errors():
    plain = hash_of(a_plot())
    assert hash_of(a_plot((1.0 + 1e-13, 2.0 - 1e-13, 3.0))) == plain
    assert hash_of(a_plot(colors={"model": show.GREEN})) == plain
    other = show.figure(a_plot(), name="other", alt="Else.", caption="Else.")
    assert other.fingerprint == plain


@pytest.mark.parametrize(
    "kind", ["bars", "histograms", "points", "contours", "picture"]
)
def test_hash_sees_every_kind_of_data(kind):
    def drawn(seed):
        x = torch.rand(8, 2, generator=generator(seed))
        fig, ax = show.axes()
        if kind == "contours":
            ax.set(xlim=(0, 1), ylim=(0, 1))
            show.contours(
                ax, lambda at: at @ x[0].numpy(), levels=[0.3], color=show.INK
            )
        elif kind == "picture":
            show.picture(ax, x)
        elif kind == "bars":
            show.bars(ax, {"a": float(x[0, 0])})
        else:
            getattr(show, kind)(ax, {"a": x})
        return hash_of(fig)

    assert drawn(0) == drawn(0) != drawn(1)


def test_rounding_keeps_six_digits():
    draw = np.random.default_rng(0)
    values = draw.uniform(1, 10, 1000) * 10.0 ** draw.integers(-4, 4, 1000)
    kept = rounded(values)
    assert np.abs(kept / values - 1).max() <= 5e-6
    np.testing.assert_array_equal(rounded(kept), kept)
    shaken = rounded(kept * (1 + 1e-14))
    np.testing.assert_array_equal(shaken, kept)
    odd = rounded(np.array([-0.0, 1e-17, 1.0, np.nan, np.inf]))
    assert odd.tobytes() == np.array([0.0, 0.0, 1.0, np.nan, np.inf]).tobytes()
    assert rounded(np.array([])).size == 0


# What the panels show


def test_tensors_and_gradients_are_taken_as_they_come():
    _, ax = show.axes()
    ys = torch.linspace(0, 1, 5, requires_grad=True)
    show.curves(ax, {"loss": (torch.arange(5), ys)})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.linspace(0, 1, 5), atol=1e-7)


def test_series_keep_the_colors_they_are_given_and_share_none():
    _, ax = show.axes()
    values = {name: ([0, 1], [0, 1]) for name in ("other", "real", "third")}
    show.curves(ax, values, colors={"real": show.MODEL})
    drawn = [line.get_color() for line in ax.lines]
    assert drawn[1] == show.MODEL
    assert len(set(drawn)) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ax: show.curves(ax, {}), "nothing to draw"),
        (lambda ax: show.curves(ax, {"a": ([1, 2], [1])}), r"not shapes \(1,\) and"),
        (lambda ax: show.curves(ax, {"a": ([1], [1])}, colors={"b": "x"}), "colors"),
        (lambda ax: show.curves(ax, {c: ([1], [1]) for c in "abcdef"}), "at most five"),
        (lambda ax: show.bars(ax, {"a": 1}, intervals={"b": (0, 1)}), "intervals"),
        (lambda ax: show.histograms(ax, {"a": [np.nan]}), "finite values"),
        (lambda ax: show.points(ax, {"a": [[1, 2, 3]]}), r"\[n, 2\], not \(1, 3\)"),
        (lambda ax: show.contours(ax, lambda at: at, color=show.INK), "one value"),
    ],
)  # fmt: skip
def test_errors_say_what_was_expected(call, message):
    _, ax = show.axes()
    with pytest.raises(ValueError, match=message):
        call(ax)


def test_bars_write_their_heights_and_stand_back_where_not_named():
    _, ax = show.axes()
    show.bars(ax, {"a": 0.25, "b": 0.75}, color={"b": show.DATA}, number=".0%")
    assert [text.get_text() for text in ax.texts] == ["25 %", "75 %"]
    colors = [matplotlib.colors.to_hex(bar.get_facecolor()) for bar in ax.patches]
    assert colors == [show.NOISE, show.DATA]
    assert [bar.get_height() for bar in ax.patches] == [0.25, 0.75]


def test_histograms_have_area_one_and_common_bins():
    _, ax = show.axes()
    draw = np.random.default_rng(0)
    samples = {"a": draw.normal(size=50), "b": draw.normal(3, 1, size=900)}
    show.histograms(ax, samples, bins=20)
    stairs = [patch.get_data() for patch in ax.patches]
    for data in stairs:
        assert (data.values * np.diff(data.edges)).sum() == pytest.approx(1)
        np.testing.assert_array_equal(data.edges, stairs[0].edges)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_contours_hold_the_mass_they_claim(share):
    side = np.linspace(-6, 6, 400)
    places = np.stack(np.meshgrid(side, side), axis=-1)
    density = np.exp(-(places**2).sum(-1) / 2) / (2 * np.pi)
    # In two dimensions the standard normal has share s where it is over (1 - s) / 2π.
    (level,) = plane.mass_levels(density, [share])
    assert level == pytest.approx((1 - share) / (2 * np.pi), rel=0.02)


def test_a_contour_lies_where_the_function_has_its_value():
    _, ax = show.axes()
    ax.set(xlim=(-2, 2), ylim=(-2, 2))
    show.contours(
        ax, lambda at: (at**2).sum(1), levels=[1.0], color=show.DATA, filled=False
    )
    (path,) = ax.collections[0].get_paths()
    np.testing.assert_allclose(np.hypot(*path.vertices.T), 1, atol=0.01)


# Pictures


def masks(shown) -> list[np.ndarray]:
    found = re.findall(r"<mask.*?base64,([^\"]+)", shown.html)
    return [
        np.array(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"))
        for text in found
    ]


def test_a_sheet_shows_the_pixels_themselves():
    x = torch.rand(6, 1, 8, 8, generator=generator(0))
    shown = show.images(x, columns=3, **WORDS)
    (block,) = masks(shown)
    assert block.shape == (17, 26)
    for index, picture in enumerate(x[:, 0].numpy()):
        line, column = divmod(index, 3)
        part = block[line * 9 : line * 9 + 8, column * 9 : column * 9 + 8]
        np.testing.assert_allclose(part / 255, picture, atol=0.008)
    assert not block[8].any()
    assert not block[:, 8].any()


def test_weights_show_both_signs_and_values_beyond_are_clipped():
    x = np.array([[[[-2.0, -0.5], [0.5, 2.0]]]])
    shown = show.images(x, color=show.DATA, negative=show.MODEL, **WORDS)
    above, below = masks(shown)
    np.testing.assert_allclose(above / 255, [[0, 0], [0.5, 1]], atol=0.004)
    np.testing.assert_allclose(below / 255, [[1, 0.5], [0, 0]], atol=0.004)
    for role in ("data", "model"):
        assert f"fill:var(--show-{role}," in shown.html


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_empty_and_full_pictures_follow_the_page_too(value):
    shown = show.images(np.full((1, 1, 4, 4), value), **WORDS)
    assert "<image" not in re.sub(r"<mask.*?</mask>", "", shown.html)
    assert len(masks(shown)) == int(value)


def test_few_colors_are_exact_and_gaps_stay_open():
    x = torch.zeros(2, 3, 4, 4)
    x[0, 0] = 1.0
    x[1, 2, :2] = 0.6
    shown = show.images(x, **WORDS)
    (text,) = re.findall(r"base64,([^\"]+)", shown.html)
    picture = np.array(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA"))
    assert picture.shape == (4, 9, 4)
    assert (picture[:, :4] == (255, 0, 0, 255)).all()
    assert (picture[:2, 5:] == (0, 0, 153, 255)).all()
    assert (picture[2:, 5:] == (0, 0, 0, 255)).all()
    assert not picture[:, 4, 3].any()


def test_many_colors_come_close():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    smooth = np.linspace(0, 255, 40).astype(np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = smooth, smooth[:, None], 128
    few = np.array(compact.few_colors(pixels).convert("RGBA")).astype(int)
    assert len(np.unique(few.reshape(-1, 4), axis=0)) <= 128
    assert np.abs(few - pixels).mean() < 12


def test_labels_stand_under_pictures_and_rows_under_their_headings():
    x = torch.rand(20, 1, 8, 8, generator=generator(0))
    labels = [f"label {n}" for n in range(20)]
    wide, phone = drawings(show.images(x, columns=10, labels=labels, **WORDS))
    for drawing in (wide, phone):
        texts = [item.text for item in drawing.iter() if item.tag == "text"]
        assert texts == labels
    assert float(phone.get("width")) <= 340 < float(wide.get("width")) <= 720
    shown = show.images(x, columns=10, rows=["one", "two"], **WORDS)
    widths = [block.shape[1] for block in masks(shown)]
    assert widths == [10 * 8 + 9] * 2 + [5 * 8 + 4] * 4  # wide, then for a telephone
    lines = [float(item.get("y")) for item in drawings(shown)[1].iter("text")]
    assert lines[1] - lines[0] > 2 * 60  # a heading, two lines of pictures, the next


@pytest.mark.parametrize(
    ("count", "columns", "narrow", "parts"),
    [(20, 10, 5, ["one", None, "two", None]), (13, 7, 4, ["one", None, "two", None]),
     (12, 6, 6, ["one", "two"]), (9, 8, 4, ["one", None, "two"])],
)  # fmt: skip
def test_rows_are_cut_into_lines_that_do_not_mix(count, columns, narrow, parts):
    rows = ["one", "two"]
    assert sheets._phone_columns(columns, True, bool(rows)) == narrow
    lines = sheets._lines(count, columns, narrow, rows)
    assert [heading for _, heading in lines] == parts
    assert [n for part, _ in lines for n in part] == list(range(count))
    assert len({n // columns for n in lines[0][0]}) == 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("wide", "columns"), [(8, 10), (16, 5), (28, 4), (33, 12)])
def test_a_sheet_uses_the_width_of_a_telephone(channels, wide, columns):
    x = np.random.default_rng(0).uniform(size=(columns, channels, wide, wide))
    shown = show.images(x, columns=columns, rows=["row"], **WORDS)
    width = float(drawings(shown)[1].get("width"))
    assert 0.95 * 340 <= width <= 340.1
    assert f"width:{100 * width / 340:.4g}%" in shown.html


def test_a_place_without_a_picture_is_the_page():
    x = np.full((4, 1, 2, 2), 0.5)
    x[1] = np.nan
    shown = show.images(x, columns=2, **WORDS)
    (block,) = masks(shown)
    assert not block[:2, 2:].any()
    assert block[-2:, -2:].all()
    assert shown.html.count("z") >= 3
    fig, ax = show.axes()
    show.picture(ax, show.tiled(x, columns=2))
    ink, tint = sorted(masks(show.figure(fig, **WORDS))[:2], key=np.max)
    np.testing.assert_array_equal(ink > 0, tint > 0)
    assert tint[0].tolist() == [255, 255, 0, 0, 0]
    with pytest.raises(ValueError, match="finite"):
        show.sheet(np.where(np.arange(4).reshape(1, 1, 2, 2), np.nan, 1))


def test_tiles_keep_their_colors():
    x = np.zeros((3, 3, 2, 2))
    x[2, 1] = 1
    joined = show.tiled(x, columns=2)
    assert joined.shape == (3, 5, 5)
    np.testing.assert_array_equal(joined[:, 4, 0], [0, 1, 0])
    assert np.isnan(joined[:, :, 2]).all()
    assert np.isnan(joined[:, 3:, 3:]).all()


@pytest.mark.parametrize(
    ("columns", "labelled", "narrow"),
    [(10, False, 10), (20, False, 10), (16, False, 8), (17, False, 12), (10, True, 5),
     (6, True, 6), (7, True, 6)],
)  # fmt: skip
def test_telephones_show_fewer_pictures_in_a_row(columns, labelled, narrow):
    count = columns if labelled else 3 * columns  # many, and nothing between them
    x = np.random.default_rng(0).uniform(size=(count, 1, 8, 8))
    labels = [str(n) for n in range(count)] if labelled else None
    fig = show.sheet(x, columns=columns, labels=labels)
    laid = fig.phone or fig
    tile = (
        8 + (laid.axes[0].images[0].get_array().shape[1] - 8) / max(1, narrow - 1) - 8
    )
    assert 8 < tile <= 8 + 4  # a picture and a gap: so many of them in a row
    assert (fig.phone is None) == (narrow == columns and not labelled)


@pytest.mark.parametrize(("pixels", "columns", "tile"), [(8, 3, 64), (20, 3, 100),
                                                         (28, 10, 56)])  # fmt: skip
def test_pictures_of_many_pixels_are_larger_where_there_is_room(pixels, columns, tile):
    fig = show.sheet(torch.rand(columns, 1, pixels, pixels), columns=columns)
    (ax,) = fig.axes
    across = fig.get_figwidth() * 72 / np.ptp(ax.get_xlim()) * pixels
    assert across == pytest.approx(tile)


def test_sentences_under_pictures_are_broken_into_lines_that_fit():
    label = "a large purple triangle in the bottom right"
    fig = show.sheet(torch.rand(6, 3, 16, 16), columns=3, labels=[label] * 6)
    for drawn, columns in ((fig, 3), (fig.phone, 2)):
        [ax] = drawn.axes
        lines = [text for text in ax.texts if text.get_text()]
        assert " ".join(text.get_text() for text in lines[:2]) == label
        boxes = [text.get_window_extent() for text in lines]
        step = ax.bbox.width / columns
        assert max(box.width for box in boxes) < step
        assert max(box.height for box in boxes) * 2 < step
        assert not any(one.overlaps(other) for n, one in enumerate(boxes)
                       for other in boxes[n + 1 :])  # fmt: skip


def test_a_single_row_is_cut_for_telephones_without_labels_too():
    fig = show.sheet(torch.rand(10, 1, 8, 8))
    assert fig.phone.axes[0].images[0].get_array().shape[1] < 6 * 10


def test_numbers_under_a_narrow_panel_do_not_meet():
    fig, ax = show.axes()
    show.curves(ax, {"words of a long name": ([0, 125_000], [0, 1])})
    fig.arrange(phone=True)
    boxes = [one.get_window_extent() for one in ax.get_xticklabels()]
    ends = sorted((box.x0, box.x1) for box in boxes if box.width > 1)
    assert len(ends) > 2
    assert all(one[1] < other[0] for one, other in pairwise(ends))


@pytest.mark.filterwarnings("error")
def test_a_long_key_takes_several_lines_on_a_telephone():
    names = ["people", "things", "places", "animals", "manners"]
    fig, ax = show.axes(ratio=1.6)
    show.points(ax, {name: np.random.default_rng(0).normal(size=(9, 2))
                     for name in names}, y="second direction")  # fmt: skip
    heights = []
    for phone in (False, True):
        fig.arrange(phone=phone)
        box = ax.get_legend().get_window_extent()
        heights.append(box.height)
        assert box.x1 <= fig.bbox.x1
        assert box.y0 >= ax.yaxis.label.get_window_extent().y1 - 1
    assert heights[1] > 1.5 * heights[0]


def test_names_in_two_rows_under_bars_do_not_meet():
    fig, ax = show.axes()
    names = ["slow critic, minimax", "slow critic", "momentum, penalties", "momentum",
             "even, penalties", "even", "uneven, all"]  # fmt: skip
    show.bars(ax, dict.fromkeys(names, 1.0))
    fig.arrange(phone=True)
    boxes = []
    for tick in ax.get_xticklabels():
        box = tick.get_window_extent()
        lines = tick.get_text().split("\n")
        empty = sum(not line for line in lines) / len(lines) * box.height
        boxes.append((box.x0, box.x1, box.y0, box.y1 - empty))
    for n, (left, right, bottom, top) in enumerate(boxes):
        for left2, right2, bottom2, top2 in boxes[:n]:
            beside = right <= left2 + 3 or right2 <= left + 3
            assert beside or top <= bottom2 + 3 or top2 <= bottom + 3


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (torch.rand(2, 8, 8), {}, r"\[n, 1 or 3, height, width\], not"),
        (torch.rand(2, 2, 8, 8), {}, r"not \[2, 2, 8, 8\]"),
        (torch.full((1, 1, 2, 2), np.nan), {}, "finite"),
        (torch.rand(2, 1, 8, 8), {"labels": ["a"]}, "labels= needs 2 texts, and has 1"),
        (torch.rand(2, 1, 8, 8), {"rows": ["a", "b"]}, "rows= needs 1 texts"),
    ],
)  # fmt: skip
def test_sheets_say_what_they_take(x, options, message):
    with pytest.raises(ValueError, match=message):
        show.images(x, **options, **WORDS)


# Players


def frames_of(count: int = 4):
    return [a_plot((1.0, 2.0 + n / 10, 3.0)) for n in range(count)]


def a_player(count: int = 4, **options):
    texts = {
        "labels": [f"step {n}" for n in range(count)],
        "alts": [f"Seen at step {n}." for n in range(count)],
    }
    words = {"name": "fit", "caption": "What to see."}
    return show.player(frames_of(count), **(texts | words | options))


def test_merged_frames_are_each_frame_and_share_what_stays():
    frames = [svg.draw(fig, "x") for fig in frames_of()]
    merged = svg.merge(frames, 2)
    alone = [mark for mark in merged.marks if "data-frame" not in mark]
    assert len(alone) > 5
    for number, frame in enumerate(frames):
        seen = []
        for mark in merged.marks:
            group = re.match(r'<g data-frame="(\d+)"( display="none")?>', mark)
            if group is None:
                seen.append(mark)
                continue
            assert (group[2] is None) == (int(group[1]) == 2)
            if int(group[1]) == number:
                seen.append(mark[group.end() : -len("</g>")])
        assert "".join(seen) == "".join(frame.marks)
    one = len("".join(frames[0].marks))
    assert sum(map(len, merged.marks)) < 2 * one


def test_frames_with_other_marks_are_kept_whole_and_sizes_must_agree():
    other = a_plot()
    other.axes[0].plot([0, 2], [1, 3], color=show.INK)
    drawn = [svg.draw(fig, "x") for fig in (a_plot(), other)]
    merged = svg.merge(drawn, 0)
    assert [mark[:16] for mark in merged.marks] == [
        f'<g data-frame="{n}' for n in (0, 1)
    ]
    small, _ = show.axes(width="small")
    with pytest.raises(ValueError, match="one size"):
        svg.merge([svg.draw(a_plot(), "x"), svg.draw(small, "x")], 0)


def test_panels_stand_still_from_frame_to_frame():
    frames = [a_plot((1.0, 2.0, top)) for top in (3.0, 30_000.0)]
    for fig in frames:
        fig.arrange(phone=False)
    before = [fig.axes[0].get_position().extents for fig in frames]
    assert np.abs(before[0] - before[1]).max() > 0.02
    layout.hold_still(frames)
    places = [fig.axes[0].get_position().extents for fig in frames]
    np.testing.assert_array_equal(places[0], places[1])
    assert (places[0][:2] >= np.max(before, axis=0)[:2]).all()
    two, _ = show.axes(columns=2)
    with pytest.raises(ValueError, match="equally many panels"):
        layout.hold_still([frames[0], two])


def test_player_page_shows_the_start_frame_and_holds_all():
    shown = a_player(start=2)
    for drawing in drawings(shown):
        assert drawing.get("aria-label") == "Seen at step 2."
        groups = [item for item in drawing.iter() if item.get("data-frame")]
        open_now = {g.get("data-frame") for g in groups if g.get("display") != "none"}
        assert open_now == {"2"}
        assert {g.get("data-frame") for g in groups} == {"0", "1", "2", "3"}
    assert '<div class="show-controls" hidden>' in shown.html
    assert 'min="0" max="3" step="1" value="2"' in shown.html
    assert 'aria-valuetext="step 2: Seen at step 2."' in shown.html
    ids = re.findall(r'\sid="(.+?)"', shown.html)
    assert len(ids) == len(set(ids))


def test_player_bundle_has_widget_html_and_a_hash_of_all_frames():
    shown = a_player(2)
    bundle = shown._repr_mimebundle_()
    assert {"text/html", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert bundle["text/plain"] == f"player fit: {shown.fingerprint}"
    assert re.fullmatch("[0-9a-f]{8}", shown.fingerprint)
    assert a_player(2, start=1).fingerprint == shown.fingerprint
    last = [*frames_of(1), a_plot((1, 2, 4))]
    texts = ["a", "b"]
    changed = show.player(last, name="fit", labels=texts, alts=texts, caption="c")
    assert changed.fingerprint != shown.fingerprint
    json.dumps(bundle)


def test_widget_turns_with_its_slider():
    shown = a_player(start=1, interval=250)
    picture, controls, _ = shown.widget.children
    play, slider, label = controls.children
    assert (slider.min, slider.max, slider.value) == (0, 3, 1)
    assert (play.min, play.max, play.value, play.interval) == (0, 3, 1, 250)
    assert label.value == "step 1"
    before = picture.value
    slider.value = 3
    assert label.value == "step 3"
    assert 'aria-label="Seen at step 3."' in picture.value
    assert picture.value != before
    assert shown.widget is shown.widget


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 1}, "at least two frames, not 1"),
        ({"labels": ["a"]}, "labels= with a text for each of its 4 frames, and has 1"),
        ({"alts": ["a"] * 5}, "alts= with a text for each of its 4 frames, and has 5"),
        ({"alts": ["a", "b", "", "d"]}, "needs alts="),
        ({"caption": ""}, "needs caption="),
        ({"start": 4}, "from 0 to 3, not 4"),
        ({"start": -1}, "from 0 to 3, not -1"),
        ({"interval": 50}, "at least 100 milliseconds, not 50"),
    ],
)
def test_players_say_what_they_take(options, message):
    with pytest.raises(ValueError, match=message):
        a_player(**options)


def test_twenty_frames_of_pictures_keep_within_their_weight():
    g = generator(0)
    noise = torch.rand(20, 20, 1, 8, 8, generator=g)
    texts = [str(n) for n in range(20)]
    shown = show.player(
        [show.sheet(x) for x in noise], name="p", labels=texts, alts=texts, caption="c"
    )
    assert len(gzip.compress(shown.html.encode())) < PLAYER_LIMIT


def test_ticks_set_by_hand_within_a_decade_of_a_logarithmic_axis_can_be_drawn():
    fig, ax = show.axes()
    show.curves(ax, {"a": ([2, 4, 8], [1, 2, 3])}, log="x")
    ax.set_xticks([2, 4, 8], ["two", "four", "eight"])
    made = show.figure(fig, name="decade", alt="a rise", caption="A rise.").html
    assert all(f">{word}</text>" in made for word in ("two", "four", "eight"))


def test_a_single_name_is_a_choice_and_none_or_two_alike_are_not():
    choice = show.Choice(["the only class"])
    assert choice.tensor(choice.start).tolist() == [0]
    assert "the only class" in choice.markup("label")
    for names in ([], ["a", "b", "a"]):
        with pytest.raises(ValueError, match="needs names, no two alike"):
            show.Choice(names)


def test_a_table_shows_its_cells_as_text():
    rows = {"VAE": ["1.2", "<b>"], "a & b": ["—", "3"]}
    made = show.table(rows, columns=["model", "bits", "x"], name="all", caption="See.")
    bundle = made._repr_mimebundle_()
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "a &amp; b" in bundle["text/html"]
    assert bundle["text/html"].count("<tr>") == 3
    assert bundle["text/plain"].splitlines()[1].split() == ["VAE", "1.2", "<b>"]


def test_a_table_with_holes_is_refused():
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        show.table({"a": ["1"]}, columns=["x", "y", "z"], name="t", caption="See.")
    with pytest.raises(ValueError, match="no rows"):
        show.table({}, columns=["x"], name="t", caption="See.")
