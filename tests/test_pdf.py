"""The whole book as one page, and as a PDF; and archives with a checksum."""

import hashlib
import re
import subprocess

import pytest
from browsers import needs_browser

from bookkit import BookError, archive, pdf, toc

PAGE = """<!doctype html><html><head><title>T</title>
<link rel="stylesheet" href="{up}_static/a.css"></head><body>
<article class="bd-article"><section id="one">
<h1>{title}<a class="headerlink" href="#one">#</a></h1>
<p id="note"><a href="#one">up</a> <a href="{other}#one">over</a>
<a href="{other}">there</a> <a href="https://example.org/#x">out</a>
<a href="{up}LICENSE.txt">file</a></p>
<svg><path clip-path="url(#clip)"/></svg><clipPath id="clip"/>
<script>document.title = "never"</script><img src="{up}a.png" alt="">
</section></article></body></html>"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Write a site of two pages, one of them in a folder."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "index.html").write_text(
        PAGE.format(up="", other="chapters/vae.html", title="Home")
    )
    (tmp_path / "chapters/vae.html").write_text(
        PAGE.format(up="../", other="../index.html", title="A map")
    )
    parts = [{"caption": "Part I", "chapters": [{"file": "chapters/vae"}]}]
    contents = {"root": "index", "parts": parts}
    monkeypatch.setattr(toc, "read", lambda: contents)
    return tmp_path


def test_pages_become_one_whose_links_lead_to_each_other(site):
    whole = pdf.whole(site)
    ids = re.findall(r'\bid="([^"]+)"', whole)
    assert len(ids) == len(set(ids))
    links = re.findall(r'href="([^"]+)"', whole)
    within = {link[1:] for link in links if link.startswith("#")}
    assert within <= set(ids)
    assert {"index--one", "chapters--vae--one", "index", "chapters--vae"} <= within
    assert {"https://example.org/#x", "LICENSE.txt", "_static/a.css"} <= set(links)
    assert links.count("_static/a.css") == 1
    assert "url(#chapters--vae--clip)" in whole
    assert '"../' not in whole
    assert "<script" not in whole
    assert whole.count('src="a.png"') == 2
    assert '<a href="#chapters--vae">A map</a>' in whole


def test_without_a_site_it_says_what_to_do(site):
    (site / "chapters/vae.html").unlink()
    with pytest.raises(BookError, match=r"vae\.html is missing: run `make book`"):
        pdf.whole(site)
    (site / "chapters/vae.html").write_text("<html></html>")
    with pytest.raises(BookError, match="has no article to print"):
        pdf.whole(site)


@needs_browser
def test_the_pdf_has_pages_bookmarks_and_links_within(site, tmp_path):
    made = pdf.write(pdf.whole(site), site, tmp_path / "book.pdf")
    content = made.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Outlines" in content
    assert b"/StructTreeRoot" in content
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 3
    assert b"/URI (https://example.org" in content
    assert b"file:" not in content.replace(b"file://" + bytes(site) + b"/LICENSE", b"")
    assert sorted(path.name for path in tmp_path.glob("[.b]*")) == ["book.pdf"]


def test_a_checksum_stands_beside_a_file_and_fits(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"all of it")
    assert archive.with_checksum(path) == path
    beside = (tmp_path / "a.zip.sha256").read_text()
    assert beside == f"{hashlib.sha256(b'all of it').hexdigest()}  a.zip\n"
    check = ["sha256sum", "--check", "--status", "a.zip.sha256"]
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0
    path.write_bytes(b"all but one")
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 1
