"""Keep the addresses that others may have linked to: one line each, page#label.

Every explicit label of the book is such an address. New ones are added by
`python -m bookkit.anchors --update`; a line goes only with `--remove`.
"""

import argparse
import sys
from pathlib import Path

from sphinx.util.inventory import InventoryFile

from bookkit import BookError, one_sentence
from bookkit.paths import BUILD, PAGES, relative, write_whole

LIST = PAGES / "data" / "anchors.txt"
INVENTORY = BUILD / "sphinx" / "_build" / "html" / "objects.inv"
#: Labels that Sphinx gives to pages of its own.
OWN = {"genindex", "modindex", "py-modindex", "search"}


def listed(path: Path = LIST) -> list[str]:
    """Return the addresses that the book has promised to keep."""
    return path.read_text(encoding="utf-8").split() if path.is_file() else []


def made(inventory: Path = INVENTORY) -> set[str]:
    """Return the address of every explicit label of the book that was last built."""
    if not inventory.is_file():
        raise BookError(f"{relative(inventory)} is missing: run `make book` first")
    with inventory.open("rb") as stream:
        labels = InventoryFile.load(stream, "", lambda _, path: path)["std:label"]
    return {address for name, (_, _, address, _) in labels.items() if name not in OWN}


def update(path: Path, addresses: set[str], *, remove: bool = False) -> list[str]:
    """Write the list with what is new, and without what is gone if `remove`.

    Returns the lines that changed, each with `+` or `-` before it.
    """
    old = set(listed(path))
    new = addresses if remove else old | addresses
    write_whole(path, "".join(f"{address}\n" for address in sorted(new)))
    return [f"+ {a}" for a in sorted(new - old)] + [f"- {a}" for a in sorted(old - new)]


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Compare or update the list from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.anchors", description=__doc__
    )
    parser.add_argument("--update", action="store_true", help="add what is new")
    parser.add_argument(
        "--remove",
        action="store_true",
        help="drop what is gone: links to it will break",
    )
    options = parser.parse_args(arguments)
    addresses = made(INVENTORY)
    if options.update or options.remove:
        print("\n".join(update(LIST, addresses, remove=options.remove)) or "no change")
        return 0
    old = set(listed(LIST))
    for address in sorted(old ^ addresses):
        print(f"{'gone' if address in old else 'new'}: {address}")
    return int(bool(old ^ addresses))


if __name__ == "__main__":
    sys.exit(main())
