"""Copies for Colab: made from the one setting, and only there."""

import pytest

from bookkit import colab, elsewhere, notebooks, site, toc


@pytest.fixture
def known(monkeypatch, tmp_path):
    """Let the repository have an address, and the copies a folder of their own."""
    address = {"repository": "https://github.com/a/b", "site": "", "version": "1"}
    monkeypatch.setattr(site, "addresses", lambda: address)
    monkeypatch.setattr(colab, "BUILD", tmp_path)
    return address


def test_a_copy_is_the_chapter_after_one_cell_that_installs(known, tmp_path):
    assert colab.main() == 0
    for chapter in toc.chapters():
        copy = notebooks.read(tmp_path / "colab" / chapter.name)
        first, *rest = copy.cells
        assert '"google.colab" in sys.modules' in first.source
        assert "git clone --quiet --depth 1 https://github.com/a/b.git" in first.source
        assert [c.source for c in rest] == [
            c.source for c in notebooks.read(chapter).cells
        ]


def test_no_chapter_installs_anything_itself():
    for chapter in toc.chapters():
        assert "pip install" not in chapter.read_text()


def test_without_an_address_there_are_no_copies(known, tmp_path, capsys):
    known["repository"] = ""
    assert colab.main() == 0
    assert not (tmp_path / "colab").exists()
    assert "names no repository" in capsys.readouterr().out


def test_another_host_is_refused_with_a_reason(known, capsys):
    known["repository"] = "https://example.org/a/b"
    assert colab.main() == 1
    assert "from GitHub alone" in capsys.readouterr().err


def test_colab_opens_the_copy():
    assert elsewhere.colab("https://github.com/a/b", "vae") == (
        "https://colab.research.google.com/github/a/b/blob/colab/vae.ipynb"
    )
