"""Pictures of shapes: what is drawn is what the caption says, pixel and word."""

import math
from dataclasses import replace
from itertools import product

import pytest
import torch
from torch.nn.functional import avg_pool2d

from minigen import data
from minigen.data import shapes
from minigen.data.captions import MAX_WORDS
from minigen.data.shapes import Description, Mention, Scene, Thing
from minigen.repro import generator

PAIRS = list(product(shapes.COLOURS, shapes.SHAPES))
ONE = [
    Description((Mention(shape, colour=colour, size=size, place=place),))
    for (colour, shape), size, place in product(PAIRS, shapes.SIZES, shapes.PLACES)
]
TWO = [
    Description((Mention(s, colour=c), Mention(t, colour=d)), relation=relation)
    for (c, s), (d, t) in product(PAIRS, repeat=2)
    for relation in ("left of", "above")
    if c != d and s != t
]
WHITE = (1.0, 1.0, 1.0)


def inside(shape: str, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Tell which points lie in a shape of radius 1, by its definition (y is down)."""
    square, thin = 0.88, 0.34
    if shape == "circle":
        return x**2 + y**2 <= 1
    if shape == "ring":
        return (x**2 + y**2 <= 1) & (x**2 + y**2 >= 0.25)
    if shape == "square":
        return (x.abs() <= square) & (y.abs() <= square)
    if shape == "cross":
        return (x.abs().minimum(y.abs()) <= thin) & (x.abs().maximum(y.abs()) <= 1)
    return (y <= 0.9) & (y >= -0.9) & (x.abs() <= (y + 0.9) / 1.8)


@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_a_pixel_is_as_bright_as_the_share_of_it_that_is_covered(shape: str) -> None:
    scene = Scene((Thing(shape, "white", 0.47, 0.52, 0.27, WHITE),))
    fine = 16 * 40
    point = (torch.arange(fine) + 0.5) / fine
    y, x = torch.meshgrid((point - 0.52) / 0.27, (point - 0.47) / 0.27, indexing="ij")
    exact = avg_pool2d(inside(shape, x, y).float()[None], 40)[0]
    background = shapes.BACKGROUND[0]
    drawn = (shapes.render([scene])[0, 0] - background) / (1 - background)
    assert (drawn - exact).abs().max() < 0.35  # at a sharp corner
    assert (drawn - exact).abs().mean() < 0.01
    assert drawn.sum().item() == pytest.approx(exact.sum().item(), rel=0.03)


def test_a_larger_picture_is_the_same_picture() -> None:
    scenes = shapes.sample(20, generator=generator(0), objects=2)
    small, large = shapes.render(scenes), shapes.render(scenes, size=64)
    assert large.shape == (20, 3, 64, 64)
    assert (avg_pool2d(large, 4) - small).abs().mean() < 0.005


def test_moving_a_thing_by_a_pixel_moves_its_picture() -> None:
    thing = Thing("triangle", "red", 0.45, 0.5, 0.2, (0.9, 0.1, 0.1))
    moved = replace(thing, x=thing.x + 1 / 16)
    still, shifted = shapes.render([Scene((thing,)), Scene((moved,))])
    assert torch.allclose(still.roll(1, dims=-1), shifted, atol=1 / 255)


def test_a_picture_does_not_depend_on_its_batch() -> None:
    scenes = shapes.sample(3, generator=generator(0)) + shapes.sample(
        3, generator=generator(0), objects=2
    )
    together = shapes.render(scenes)
    for picture, scene in zip(together, scenes, strict=True):
        assert torch.equal(picture, shapes.render([scene])[0])
    assert shapes.render([]).shape == (0, 3, 16, 16)
    assert torch.equal(together.mul(255), together.mul(255).round())


@pytest.mark.parametrize("wanted", [ONE, TWO])
def test_words_geometry_and_words_again(wanted: list[Description]) -> None:
    source = generator(1)
    for description in wanted:
        scene = shapes.arrange(description, generator=source)
        assert shapes.describe(scene) == description
        for thing in scene.things:
            reach = thing.radius
            assert reach < thing.x < 1 - reach
            assert reach < thing.y < 1 - reach
        for caption in shapes.captions(description):
            assert shapes.parse(caption) == description


def test_every_description_has_captions_of_its_own() -> None:
    written = [caption for d in ONE + TWO for caption in shapes.captions(d)]
    assert len(set(written)) == len(written) == len(ONE) + 2 * len(TWO)
    assert {word for caption in written for word in caption.split()} == set(
        shapes.VOCABULARY[1:]
    )
    assert max(len(caption.split()) for caption in written) == MAX_WORDS


def test_captions_read_as_english() -> None:
    small = Mention("ring", colour="red", size="small", place="top left")
    assert shapes.captions(Description((small,))) == (
        "a small red ring in the top left",
    )
    pair = Description(
        (Mention("ring", colour="red"), Mention("square", colour="blue")), "left of"
    )
    assert shapes.captions(pair) == (
        "a red ring left of a blue square",
        "a blue square right of a red ring",
    )


def test_every_attribute_can_be_read_off_sixteen_pixels() -> None:
    pictures = shapes.draw(300, generator=generator(2))
    ink = (pictures.x - torch.tensor(shapes.BACKGROUND)[:, None, None]).abs()
    weight = ink.amax(dim=1)  # [picture, 16, 16]
    palette = torch.tensor([shapes.PALETTE[c] for c in shapes.COLOURS])
    for x, w, scene in zip(pictures.x, weight, pictures.scenes, strict=True):
        (mention,) = shapes.describe(scene).mentions
        brightest = x.flatten(1)[:, w.argmax()]
        nearest = (palette - brightest).norm(dim=1).argmin()
        assert shapes.COLOURS[nearest] == mention.colour
        # Each shape drawn at the same spot: the right one explains the picture best.
        rivals = [Scene((replace(scene.things[0], shape=s),)) for s in shapes.SHAPES]
        error = (shapes.render(rivals) - x).square().sum(dim=(1, 2, 3))
        assert error.argmin() == shapes.SHAPES.index(mention.shape)
        assert error.sort().values[1] > 0.2
        # The extent in pixels, where a pixel that is half covered counts half.
        spans = [(w / w.max()).amax(dim=axis) for axis in (0, 1)]
        extent = max(span.sum().item() for span in spans)
        assert ("large" if extent > 6.4 else "small") == mention.size
        pixel = (torch.arange(16) + 0.5) / 16 - 0.5
        middle = [(pixel @ span / span.sum()).item() for span in spans]
        assert mention.place == (
            "centre"
            if max(map(abs, middle)) < 0.1
            else f"{'top' if middle[1] < 0 else 'bottom'} "
            f"{'left' if middle[0] < 0 else 'right'}"
        )


@pytest.mark.parametrize("size", [16, 50])
def test_two_things_share_no_pixel(size: int) -> None:
    scenes = shapes.sample(500, generator=generator(3), objects=2)
    background = torch.tensor(shapes.BACKGROUND).mul(255).round()[:, None, None]
    alone = [
        shapes.render([Scene((scene.things[i],)) for scene in scenes], size=size)
        for i in (0, 1)
    ]
    one, two = ((x.mul(255).round() != background).any(dim=1) for x in alone)
    assert not (one & two).any()
    assert one.flatten(1).any(dim=1).all()
    assert two.flatten(1).any(dim=1).all()


def test_two_things_differ_in_both_words_and_keep_to_their_relation() -> None:
    for scene in shapes.sample(500, generator=generator(4), objects=2):
        one, two = scene.things
        assert one.colour != two.colour
        assert one.shape != two.shape
        along, off = sorted((abs(one.x - two.x), abs(one.y - two.y)), reverse=True)
        assert along > 3 * off
        assert shapes.describe(Scene((two, one))) == shapes.describe(scene)


@pytest.mark.parametrize("objects", [1, 2])
def test_what_is_held_out_is_never_drawn(objects: int) -> None:
    def drawn(**limits: object) -> set[tuple[str, str]]:
        made = shapes.sample(600, generator=generator(5), objects=objects, **limits)
        return {(t.colour, t.shape) for scene in made for t in scene.things}

    assert drawn(without=shapes.HELD_OUT) == set(PAIRS) - set(shapes.HELD_OUT)
    assert drawn(only=shapes.HELD_OUT) == set(shapes.HELD_OUT)
    assert drawn() == set(PAIRS)


def test_held_out_words_are_still_met_in_other_company() -> None:
    left = set(PAIRS) - set(shapes.HELD_OUT)
    assert {colour for colour, _ in left} == set(shapes.COLOURS)
    assert {shape for _, shape in left} == set(shapes.SHAPES)


@pytest.mark.parametrize("objects", [1, 2])
def test_all_words_are_equally_likely(objects: int) -> None:
    number = 4000
    scenes = shapes.sample(number, generator=generator(6), objects=objects)
    read = shapes.targets([shapes.describe(scene) for scene in scenes])
    for column, answers in zip(
        read.T, shapes.ATTRIBUTES[objects].values(), strict=True
    ):
        counts = column.bincount(minlength=len(answers))
        expected = number / len(answers)
        assert (counts - expected).abs().max() < 5 * math.sqrt(expected)


def test_a_seed_repeats_and_another_differs() -> None:
    first, again, other = (
        shapes.draw(20, generator=generator(seed), objects=2) for seed in (7, 7, 8)
    )
    assert torch.equal(first.x, again.x)
    assert first.captions == again.captions
    assert first.captions != other.captions
    for caption, scene in zip(first.captions, first.scenes, strict=True):
        assert caption in shapes.captions(shapes.describe(scene))
    both = {c == shapes.captions(shapes.describe(s))[0]
            for c, s in zip(first.captions, first.scenes, strict=True)}  # fmt: skip
    assert both == {True, False}


def test_one_caption_has_many_pictures() -> None:
    wanted = shapes.parse("a large green ring in the centre")
    source = generator(9)
    scenes = [shapes.arrange(wanted, generator=source) for _ in range(50)]
    pictures = shapes.render(scenes)
    assert len({tuple(picture.flatten().tolist()) for picture in pictures}) == 50


@pytest.mark.parametrize(
    "caption",
    ["a ring", "A large ring.", "a red ring", "a ring in the top right",
     "a ring above a square", "a white ring right of a cross"],
)  # fmt: skip
def test_what_a_caption_leaves_open_is_drawn_at_random(caption: str) -> None:
    wanted = shapes.parse(caption)
    source = generator(10)
    drawn = {
        shapes.describe(shapes.arrange(wanted, generator=source)) for _ in range(40)
    }
    assert len(drawn) > 5
    assert all(found.fits(wanted) for found in drawn)
    assert not any(wanted.fits(found) for found in drawn)


def test_fits_compares_every_word() -> None:
    scene = shapes.parse("a small red ring in the centre")
    others = ["a large red ring", "a blue ring", "a red circle",
              "a ring in the top left", "a red ring above a blue square"]  # fmt: skip
    for other in others:
        assert not scene.fits(shapes.parse(other))
    pair = shapes.parse("a red ring above a blue square")
    assert pair.fits(shapes.parse("a blue square below a red ring"))
    assert not pair.fits(shapes.parse("a red ring below a blue square"))
    assert not pair.fits(shapes.parse("a blue ring above a red square"))
    assert not pair.fits(shapes.parse("a red ring left of a blue square"))


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("a red rign", r"do not know the word 'rign' \(did you mean 'ring'\?\)"),
        ("a dog", "do not know the word 'dog'"),
        ("", "a caption reads"),
        ("red ring", "a caption reads .* not 'red ring'"),
        ("a ring red", "a caption reads"),
        ("a red blue ring", "a caption reads"),
        ("a red ring left of", "a caption reads"),
        ("a small ring above a red square", "a caption reads"),
        ("a ring in the left top", "a caption reads"),
    ],
)
def test_what_is_no_caption_is_refused(caption: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shapes.parse(caption)


def test_encoding_numbers_words_and_pads_with_zero() -> None:
    texts = ["a red ring left of a blue square", "a ring"]
    numbers = shapes.encode(texts)
    assert numbers.shape == (2, MAX_WORDS)
    words = [[shapes.VOCABULARY[i] for i in row if i] for row in numbers.tolist()]
    assert [" ".join(row) for row in words] == texts
    assert numbers[1, 2:].tolist() == [0] * (MAX_WORDS - 2)
    with pytest.raises(ValueError, match="'octopus'"):
        shapes.encode(["an octopus".replace("an", "a")])
    with pytest.raises(ValueError, match="at most 8 words, not 9"):
        shapes.encode(["a " * 9])


def test_targets_index_the_answers() -> None:
    said = [shapes.parse("a small red ring in the top left"), shapes.parse("a ring")]
    assert shapes.targets(said).tolist() == [[0, 0, 3, 0], [-1, -1, 3, -1]]
    two = ["a red ring above a blue square", "a blue square below a red ring"]
    pair = [shapes.parse(caption) for caption in two]
    assert shapes.targets(pair).tolist() == [[1, 0, 3, 2, 1]] * 2
    with pytest.raises(ValueError, match="one number of objects"):
        shapes.targets([*said, *pair])


def test_the_set_by_name_is_labelled_by_shape() -> None:
    found = data.images("shapes")
    assert found.train_x.shape == (4000, 3, 16, 16)
    assert found.test_x.shape == (1000, 3, 16, 16)
    assert found.classes == shapes.SHAPES
    assert found.levels == 256
    scenes = shapes.draw(5000, generator=generator(0)).scenes
    kinds = [found.classes[i] for i in [*found.train_y, *found.test_y]]
    assert kinds == [scene.things[0].shape for scene in scenes]


def test_mistakes_are_named() -> None:
    source = generator(0)
    with pytest.raises(ValueError, match="size must be at least 16 pixels"):
        shapes.draw(1, generator=source, size=8)
    with pytest.raises(ValueError, match="objects must be 1 or 2, not 3"):
        shapes.sample(1, generator=source, objects=3)
    with pytest.raises(ValueError, match=r"'ring', 'red'\) is no \(colour, shape\)"):
        shapes.sample(1, generator=source, without=[("ring", "red")])
    with pytest.raises(ValueError, match="leave no"):
        shapes.sample(1, generator=source, without=PAIRS)
    with pytest.raises(ValueError, match="differ in both colour and shape"):
        shapes.sample(
            1, generator=source, objects=2, only=[("red", "ring"), ("red", "cross")]
        )
    with pytest.raises(ValueError, match=r"shape must be one of circle, .* not 'star'"):
        Thing("star", "red", 0.5, 0.5, 0.2, WHITE)
    with pytest.raises(ValueError, match="1 or 2 things, not 0"):
        Scene(())
    with pytest.raises(ValueError, match=r"place must be one of .* not 'middle'"):
        Mention("ring", place="middle")
    with pytest.raises(ValueError, match="relation must be one of left of, above"):
        Description((Mention("ring"), Mention("cross")), relation="below")
    with pytest.raises(ValueError, match="not a size or a place"):
        Description((Mention("ring", size="small"), Mention("cross")), "above")
    with pytest.raises(ValueError, match="one mention and no relation"):
        Description((Mention("ring"), Mention("cross")))
