"""Copies of the chapters for Colab, which opens a single file and knows no repository.

A copy begins with a cell that brings the repository and installs the library from it.
Such a cell stands in no notebook of the book itself. The copies are published on a
branch of their own, `colab` (see elsewhere.py); without a public address there are
none.
"""

import sys

import nbformat

from bookkit import BookError, one_sentence, site, toc
from bookkit.elsewhere import PACKAGES
from bookkit.notebooks import normal, read
from bookkit.paths import BUILD, relative, write_whole

INSTALL = """\
# Colab only: bring the book's library. Everything after this cell is the chapter.
import sys

if "google.colab" in sys.modules:
    %cd /content
    !git clone --quiet --depth 1 {repository}.git book
    %pip install --quiet --no-deps -e book
    %pip install --quiet {packages}
    sys.path.insert(0, "/content/book/lib")
    %cd book/chapters"""


@one_sentence
def main() -> int:
    """Write the copies to _build/colab; return the exit status."""
    repository = site.addresses()["repository"]
    if not repository:
        print("no copies for Colab: pyproject.toml names no repository yet")
        return 0
    if not repository.startswith("https://github.com/"):
        raise BookError(
            f"Colab opens notebooks from GitHub alone, and the repository is "
            f"{repository}: leave it empty or give its address on github.com"
        )
    for chapter in toc.chapters():
        notebook = read(chapter)
        cell = nbformat.v4.new_code_cell(
            INSTALL.format(repository=repository, packages=PACKAGES)
        )
        cell["id"] = "install-on-colab"
        notebook.cells.insert(0, cell)
        write_whole(BUILD / "colab" / chapter.name, normal(notebook))
    print(f"copies for Colab: {relative(BUILD / 'colab')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
