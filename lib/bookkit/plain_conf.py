"""The book's settings for plain Sphinx, read from the `_config.yml` beside this file.

`python -m bookkit.plain` builds with a copy of it: the way out of Jupyter Book 1.
"""

from pathlib import Path

import yaml

_book = yaml.safe_load(Path(__file__).with_name("_config.yml").read_text("utf-8"))
_html, _repository = _book.get("html", {}), _book.get("repository", {})
_settings = _book["sphinx"]["config"]
_WITHOUT = {"jupyter_book", "sphinx_comments"}

project = html_title = _book["title"]
author, copyright = _book["author"], _book["copyright"]
html_theme = "sphinx_book_theme"
html_baseurl = _html.get("baseurl", "")
exclude_patterns = _book["exclude_patterns"]
external_toc_exclude_missing = _book["only_build_toc_files"]
nb_execution_mode = _book["execute"]["execute_notebooks"]
bibtex_bibfiles = _book["bibtex_bibfiles"]
globals().update(_book["parse"])  # these keep their names
globals().update(_settings)
extensions = [name for name in _settings["extensions"] if name not in _WITHOUT]
html_theme_options = {
    "home_page_in_toc": _html.get("home_page_in_navbar", True),
    "extra_footer": _html.get("extra_footer", ""),
    "repository_url": _repository.get("url", ""),
    "repository_branch": _repository.get("branch", ""),
    "use_repository_button": _html.get("use_repository_button", False),
} | _settings.get("html_theme_options", {})
