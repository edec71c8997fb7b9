"""The list of addresses that the book has promised to keep."""

import zlib

import pytest

from bookkit import BookError, anchors


@pytest.fixture
def inventory(tmp_path, monkeypatch):
    """Make an inventory as Sphinx writes it, with two labels of the book."""
    path = tmp_path / "objects.inv"
    rows = [
        "home std:label -1 index.html#$ The book",
        "vae-elbo std:label -1 chapters/vae.html#vae-elbo The bound",
        "search std:label -1 search.html Search Page",
        "index std:doc -1 index.html The book",
    ]
    head = (
        "# Sphinx inventory version 2\n# Project: x\n# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    path.write_bytes(head.encode() + zlib.compress("\n".join(rows).encode()))
    monkeypatch.setattr(anchors, "INVENTORY", path)
    monkeypatch.setattr(anchors, "LIST", tmp_path / "anchors.txt")
    return path


BOTH = {"index.html#home", "chapters/vae.html#vae-elbo"}


def test_labels_of_the_book_are_found_and_no_others(inventory):
    assert anchors.made(inventory) == BOTH


def test_without_a_build_it_says_what_to_do(tmp_path):
    with pytest.raises(BookError, match="run `make book` first"):
        anchors.made(tmp_path / "objects.inv")


def test_update_adds_and_only_remove_removes(inventory, capsys):
    anchors.LIST.write_text("old.html#gone\nindex.html#home\n")
    assert anchors.main([]) == 1
    told = capsys.readouterr().out
    assert "gone: old.html#gone" in told
    assert "new: chapters/vae.html#vae-elbo" in told
    assert anchors.main(["--update"]) == 0
    assert set(anchors.listed(anchors.LIST)) == {*BOTH, "old.html#gone"}
    assert anchors.main(["--update", "--remove"]) == 0
    assert set(anchors.listed(anchors.LIST)) == BOTH
    assert "- old.html#gone" in capsys.readouterr().out
    assert anchors.main([]) == 0


def test_the_list_is_sorted_and_update_is_stable(inventory, capsys):
    anchors.main(["--update"])
    first = anchors.LIST.read_text()
    assert first == "".join(f"{address}\n" for address in sorted(BOTH))
    anchors.main(["--update"])
    assert anchors.LIST.read_text() == first
    assert "no change" in capsys.readouterr().out
