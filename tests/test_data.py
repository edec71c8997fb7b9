"""The datasets by name, the reader's own by path, and the page that describes them."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from minigen import data
from minigen.data import digits, docs, fetch, files, stories
from minigen.data.sets import stratified_split

ROOT = Path(__file__).parents[1]


def test_digits_are_scikit_learns_in_seventeenths() -> None:
    from sklearn.datasets import load_digits

    found = data.images("digits")
    assert found.train_x.shape == (1300, 1, 8, 8)
    assert found.test_x.shape == (497, 1, 8, 8)
    assert found.train_x.dtype == torch.float32
    assert found.levels == 17
    assert found.classes == tuple("0123456789")
    ours = torch.cat([found.train_x, found.test_x]).flatten(1).mul(16)
    ours = torch.cat([ours, torch.cat([found.train_y, found.test_y])[:, None]], dim=1)
    stored = load_digits()
    theirs = np.column_stack([stored.data, stored.target])
    # Every picture with its label comes once, whatever the order.
    assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, theirs.tolist()))


def test_digits_are_split_alike_each_time_and_in_each_class() -> None:
    first, second = data.images("digits"), data.images("digits")
    assert torch.equal(first.train_x, second.train_x)
    share = (
        first.test_y.bincount() / torch.cat([first.train_y, first.test_y]).bincount()
    )
    assert (share - 497 / 1797).abs().max() < 0.004
    # Shuffled: the first batch holds many classes, not the first class alone.
    assert len(first.train_y[:64].unique()) == 10


def test_a_changed_digit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"SHA-256 87ff0c9e40dc…, not 000"):
        data.images("digits")


def test_stratified_split_parts_every_member_once() -> None:
    labels = np.repeat([0, 1, 2], [10, 2, 40])
    train, test = stratified_split(labels, test_share=0.2, rng=np.random.default_rng(3))
    assert sorted([*train, *test]) == list(range(52))
    assert np.bincount(labels[test]).tolist() == [2, 1, 8]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnits", r"'mnits' \(did you mean 'mnist'\?\): the names are digits, shapes,"),
        ("nowhere/pictures", "must be the path of a folder of pictures that exists"),
        ("", "there is no image dataset ''"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_an_unknown_image_set_is_told_what_there_is(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        data.images(name)


def test_an_unknown_text_is_told_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"did you mean 'python_docs'\?"):
        data.text("python_doc")


def picture(path: Path, mode: str, size: tuple[int, int], colour: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)  # type: ignore[arg-type]


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for i in range(5):
        picture(folder / "dark" / f"{i}.png", "RGB", (40, 24), (51, 0, 0))
        picture(folder / "light" / "deep" / f"{i}.JPG", "L", (30, 30), 255)
    (folder / "dark" / "notes.txt").write_text("not a picture")
    (folder / "dark" / ".hidden.png").write_text("not a picture either")
    found = data.images(str(folder))
    assert found.name == "mine"
    assert found.classes == ("dark", "light")
    assert found.train_x.shape == (8, 3, 24, 24)
    assert found.test_y.tolist().count(0) == found.test_y.tolist().count(1) == 1
    dark, light = found.train_x[found.train_y == 0], found.train_x[found.train_y == 1]
    assert torch.allclose(dark[:, 0], torch.tensor(0.2))
    assert dark[:, 1:].max() == 0
    assert torch.allclose(light, torch.tensor(1.0))
    assert torch.equal(found.train_x, data.images(folder).train_x)


def test_grey_pictures_stay_grey_and_large_ones_become_small(tmp_path: Path) -> None:
    for i in range(3):
        picture(tmp_path / f"{i}.png", "L", (100, 80), 102)
    found = data.images(tmp_path)
    assert found.train_x.shape == (2, 1, files.LARGEST_SIDE, files.LARGEST_SIDE)
    assert torch.allclose(found.train_x, torch.tensor(0.4))
    assert found.classes == (tmp_path.name,)


def test_the_middle_square_is_kept(tmp_path: Path) -> None:
    wide = np.zeros((8, 24), dtype=np.uint8)
    wide[:, 8:16] = 255
    for i in range(2):
        Image.fromarray(wide).save(tmp_path / f"{i}.png")
    assert data.images(tmp_path).train_x.min() == 1


def test_transparency_is_white_and_sixteen_bits_are_not_clipped(tmp_path: Path) -> None:
    for i in range(2):
        picture(tmp_path / "clear" / f"{i}.png", "RGBA", (8, 8), (0, 0, 0, 0))
        deep = np.full((8, 8), 257 * 51, dtype=np.uint16)
        (tmp_path / "deep").mkdir(exist_ok=True)
        Image.fromarray(deep).save(tmp_path / "deep" / f"{i}.png")
    found = data.images(tmp_path)
    assert found.train_x[found.train_y == 0].min() == 1
    assert torch.allclose(found.train_x[found.train_y == 1], torch.tensor(0.2))


def test_folders_that_cannot_serve_say_why(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"holds no pictures: put \.png or \.jpg"):
        data.images(empty)
    single = tmp_path / "single"
    picture(single / "a.png", "L", (8, 8), 0)
    with pytest.raises(ValueError, match=r"'single' .* holds one picture: each class"):
        data.images(single)
    picture(single / "sub" / "b.png", "L", (8, 8), 0)
    with pytest.raises(ValueError, match=r"\(a\.png, …\) and subfolders .* \(sub, …\)"):
        data.images(single)
    broken = tmp_path / "broken"
    picture(broken / "a.png", "L", (8, 8), 0)
    whole = (broken / "a.png").read_bytes()
    for damaged in (b"this is no picture", whole[: len(whole) // 2], b""):
        (broken / "b.png").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"b\.png cannot be read"):
            data.images(broken)
    with pytest.raises(ValueError, match="is a file, and an image dataset is a folder"):
        data.images(broken / "a.png")


def test_what_the_system_refuses_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    text = tmp_path / "a.txt"
    text.write_text("word " * 400)
    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match=r"cannot be read \(Permission denied\)"):
        data.images(tmp_path)
    with pytest.raises(ValueError, match=r"cannot be read \(Permission denied\)"):
        data.text(text)


def test_a_text_file_loses_nothing_and_is_cut_between_words(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    words = " ".join(f"häuser{i}" for i in range(300))
    file.write_bytes(b"\xef\xbb\xbf" + words.replace(" ", "\r\n").encode())
    found = data.text(str(file))
    assert found.name == "mine.txt"
    assert found.train + found.test == words.replace(" ", "\n")
    assert found.train.endswith("\n")
    assert 0.09 < len(found.test) / len(words) < 0.11


def test_a_text_of_one_word_is_cut_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text("x" * 2000, encoding="utf-8")
    found = data.text(file)
    assert len(found.test) == 200
    assert found.train + found.test == "x" * 2000


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"", "has 0 characters of text"),
        (b" \n" * 5000, "has 0 characters of text"),
        (b"short", "has 5 characters of text: a model needs at least 1,000"),
        (b"\x89PNG\x00\x01" * 500, "is not a text file"),
        ("né ".encode("latin-1") * 500, r"is not in UTF-8 \(at byte 1\)"),
        ("word ".encode("utf-16") * 500, "is not in UTF-8"),
    ],
)
def test_a_text_file_that_cannot_serve_says_why(
    tmp_path: Path, stored: bytes, said: str
) -> None:
    file = tmp_path / "bad.txt"
    file.write_bytes(stored)
    with pytest.raises(ValueError, match=said):
        data.text(file)


def test_a_folder_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder, and a text dataset is one"):
        data.text(tmp_path)


def test_stories_are_the_grammars_and_the_parts_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data, "STORIES_TRAIN", 30)
    monkeypatch.setattr(data, "STORIES_TEST", 10)
    found = data.text("stories")
    train, test = (part.splitlines() for part in (found.train, found.test))
    assert (len(train), len(test)) == (30, 10)
    assert found == data.text("stories")
    assert set(train) != set(test)
    assert all(stories.log_probability(story) > -math.inf for story in test)


def test_python_docs_are_prose_with_nothing_in_both_parts() -> None:
    found = data.text("python_docs")
    assert found == docs.load()
    size = len(found.train) + len(found.test)
    assert 600_000 < size < 1_200_000
    assert 0.08 < len(found.test) / size < 0.101  # line ends between documents count

    def paragraphs(text: str) -> set[str]:
        parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
        return {part for part in parts if len(part) >= docs.UNIQUE_FROM}

    assert not paragraphs(found.train) & paragraphs(found.test)
    assert (found.train + found.test).isascii()
    assert set(found.test) <= set(found.train)
    assert len(re.findall(r"\bthe\b", found.train)) > len(found.train) / 200
    # A sentence of the manual and one of a docstring, which all versions carry.
    assert "Assert statements are a convenient way" in found.train + found.test
    assert "SequenceMatcher is a flexible class" in found.train + found.test


def test_an_incomplete_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "MODULES", ("no_such_module",))
    with pytest.raises(FileNotFoundError, match="no source of no_such_module"):
        data.text("python_docs")
    monkeypatch.setitem(__import__("sys").modules, "pydoc_data.topics", None)
    with pytest.raises(FileNotFoundError, match=r"no source of pydoc_data\.topics"):
        data.text("python_docs")


def test_the_page_on_data_agrees_with_the_code() -> None:
    page = (ROOT / "DATA.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## )", page, re.M | re.S))
    assert set(sections) == {*data.IMAGES, *data.TEXTS}
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert rows == set(sections)
    assert all("**Licence.**" in section for section in sections.values())
    assert digits.SHA256 in sections["digits"]
    for name, source in fetch.SOURCES.items():
        assert source.url in sections[name]
        listed = dict(re.findall(r"^\| `(\S+)` \| `(\w+)` \|", sections[name], re.M))
        assert listed == source.sha256
    assert f"{len(docs.MODULES)} modules" in sections["python_docs"]
