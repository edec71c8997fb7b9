"""Print the whole book as one PDF, from the finished site.

All pages are put into one document, whose links lead to each other inside it, and
Chromium prints that by the site's own style for paper: with bookmarks, page numbers,
and text that can be read aloud. Live figures show their still, folded code and
solutions stay away.
"""

import html
import posixpath
import re
import sys
from pathlib import Path

from bookkit import BookError, archive, one_sentence, toc
from bookkit.meta import NAME
from bookkit.paths import BUILD, SITE, relative
from bookkit.printing import chromium

TARGET = BUILD / "how-generative-ai-works.pdf"
_ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.DOTALL)
_HEADING = re.compile(r"<h1>(.*?)<a class=\"headerlink\"", re.DOTALL)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_STYLE = re.compile(r"<link rel=\"stylesheet\"[^>]*>|<style>.*?</style>", re.DOTALL)
_ID = re.compile(r'(<[^>]*?\s)id="([^"]+)"')
_ADDRESS = re.compile(r'(<[^>]*?\s(?:href|src|poster)=)"([^"]*)"')
_WITHIN = re.compile(r"url\(#([^)]+)\)")
_PAPER = """\
<style>
  body > .bd-main { display: block; break-before: page; }
  .book-title { break-after: page; padding-top: 30vh; text-align: center; }
  .book-title h1 { font-size: 3rem; }
  .book-contents li { margin: 0.15rem 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
</style>"""
_NUMBER = (
    '<p style="width:100%;font-size:8pt;text-align:center;color:#555">'
    '<span class="pageNumber"></span></p>'
)


def whole(site: Path = SITE) -> str:
    """Return all pages of the site as one page, which belongs at its root."""
    contents = toc.read()
    documents = toc.entries(contents)
    pages = {name: _read(site, name) for name in documents}
    styles: dict[str, None] = {}
    articles = []
    for name, page in pages.items():
        for style in _STYLE.findall(page.partition("</head>")[0]):
            styles[_moved(style, name, set())] = None
        article = _ARTICLE.search(page)
        if not article:
            raise BookError(f"the page {name} of the site has no article to print")
        inner = _inside(_SCRIPT.sub("", article[1]), name, set(pages))
        articles.append(
            '<div class="bd-main"><div class="bd-content"><div class='
            f'"bd-article-container"><article class="bd-article" id="{_slug(name)}">'
            f"{inner}</article></div></div></div>"
        )
    titles = {name: _title(page) for name, page in pages.items()}
    return (
        '<!doctype html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{NAME}</title>{"".join(styles)}{_PAPER}</head>'
        f"<body>{_front(contents, titles)}{''.join(articles)}</body></html>"
    )


def _read(site: Path, name: str) -> str:
    path = site / f"{name}.html"
    if not path.is_file():
        raise BookError(f"{relative(path)} is missing: run `make book` first")
    return path.read_text(encoding="utf-8")


def _title(page: str) -> str:
    found = _HEADING.search(page)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def _front(contents: dict, titles: dict[str, str]) -> str:
    """Return the title page and the contents."""
    lines = []
    for part in contents["parts"]:
        lines.append(f"<h2>{html.escape(part['caption'])}</h2><ul>")
        for entry in part["chapters"]:
            name = entry["file"]
            lines.append(f'<li><a href="#{_slug(name)}">{titles[name]}</a></li>')
        lines.append("</ul>")
    return (
        f'<div class="bd-main"><div class="book-title"><h1>{NAME}</h1></div>'
        '<div class="bd-content"><div class="bd-article-container"><article '
        f'class="bd-article book-contents">{"".join(lines)}</article></div></div></div>'
    )


def _slug(name: str) -> str:
    return name.replace("/", "--")


def _inside(article: str, name: str, pages: set[str]) -> str:
    """Give what a page names itself names of its own in the whole."""
    own = _slug(name)
    article = _ID.sub(rf'\1id="{own}--\2"', article)
    article = _WITHIN.sub(rf"url(#{own}--\1)", article)
    return _moved(article, name, pages)


def _moved(text: str, name: str, pages: set[str]) -> str:
    """Return a page's text with addresses as they are seen from the site's root."""
    folder = posixpath.dirname(name)

    def there(match: re.Match[str]) -> str:
        path, sign, label = html.unescape(match[2]).partition("#")
        if re.match(r"[a-z]+:|//", path):
            return match[0]
        if path:
            path = posixpath.normpath(posixpath.join(folder, path))
        target = path.removesuffix(".html") if path else name
        if target in pages and (path.endswith(".html") or not path):
            path, sign = "", "#"
            label = f"{_slug(target)}--{label}" if label else _slug(target)
        return f'{match[1]}"{html.escape(path + sign + label)}"'

    return _ADDRESS.sub(there, text)


def write(text: str, site: Path = SITE, target: Path = TARGET) -> Path:
    """Print one page that belongs at the root of a site."""
    with chromium() as browser:
        page = browser.new_context(offline=True, java_script_enabled=False).new_page()
        page.set_default_timeout(600_000)
        entry = site / ".whole.html"
        try:
            entry.write_text(text, encoding="utf-8")
            page.goto(entry.resolve().as_uri())
            part = target.with_name(f".part-{target.name}")
            page.pdf(
                path=part, format="A4", outline=True, tagged=True,
                print_background=True, display_header_footer=True,
                header_template="<p></p>", footer_template=_NUMBER,
                margin={"top": "18mm", "bottom": "18mm", "left": "20mm",
                        "right": "20mm"},
            )  # fmt: skip
            part.replace(target)
        finally:
            entry.unlink(missing_ok=True)
    return target


@one_sentence
def main() -> int:
    """Print the book from the command line; return the exit status."""
    made = archive.with_checksum(write(whole()))
    print(f"{relative(made)}: {made.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
