"""The way out of Jupyter Book: plain Sphinx reads the same files."""

import shutil

import pytest

from bookkit import BookError, plain
from bookkit.paths import ROOT


@pytest.fixture
def source(tmp_path):
    """Lay out a book of two pages with the settings of this one."""
    folder = tmp_path / "source"
    (folder / "_assets").mkdir(parents=True)
    shutil.copy2(ROOT / "_config.yml", folder)
    (folder / "references.bib").touch()
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters:\n  - file: other\n"
    )
    (folder / "index.md").write_text("(home)=\n# Home\n\nSee [it](other.md): $x^2$.\n")
    (folder / "other.md").write_text("# Other\n\nSee [home](#home).\n")
    return folder


def test_it_builds_with_the_settings_of_the_book(source, tmp_path):
    html = plain.build(source, tmp_path / "html", ["index", "other"])
    page = (html / "index.html").read_text()
    assert "How Generative AI Works" in page
    assert "mathjax/tex-mml-chtml.js" in page
    assert 'href="index.html#home"' in (html / "other.html").read_text()


def test_a_warning_stops_it(source, tmp_path):
    (source / "other.md").write_text("# Other\n\n[nowhere](missing.md)\n")
    with pytest.raises(BookError, match=r"missing\.md"):
        plain.build(source, tmp_path / "html", ["index"])


def test_a_page_that_is_not_made_is_missed(source, tmp_path):
    with pytest.raises(BookError, match="made no page for lost"):
        plain.build(source, tmp_path / "html", ["index", "lost"])


def test_the_command_tells_what_it_made(source, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(plain, "FOLDER", tmp_path)
    monkeypatch.setattr(plain.site, "stage", lambda _: ["index", "other"])
    assert plain.main() == 0
    assert "2 pages" in capsys.readouterr().out
    monkeypatch.setattr(plain.site, "stage", lambda _: ["lost"])
    assert plain.main() == 1
    assert "made no page for lost" in capsys.readouterr().err
