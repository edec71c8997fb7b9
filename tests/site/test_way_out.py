"""The book also builds without Jupyter Book, and keeps its addresses."""

from pathlib import Path

from bookkit import anchors, plain, site


def test_plain_sphinx_builds_the_same_pages(tmp_path: Path) -> None:
    documents = site.stage(tmp_path / "source")
    html = plain.build(tmp_path / "source", tmp_path / "html", documents)
    assert anchors.made() <= anchors.made(html / "objects.inv")
