"""The bibliography of the book, read from the one file that keeps it."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BOOK = Path(__file__).resolve().parents[2] / "book"

_ENTRY = re.compile(r"^@(\w+)\{([^,\s]+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?\s*$", re.MULTILINE)
#: " and " between two names, not one inside the braces of an organisation's name.
_BETWEEN_NAMES = re.compile(r"\s+and\s+(?![^{]*\})")
_PLACES = ("journal", "booktitle", "institution", "howpublished")


class FactError(ValueError):
    """A row that breaks the rules of the data; the message says how to mend it."""


@dataclass(frozen=True)
class Reference:
    """One entry of the bibliography, as plain text."""

    key: str
    authors: tuple[str, ...]
    title: str
    year: str
    venue: str
    url: str

    @property
    def short(self) -> str:
        """Return how the text names it: "Ho et al. 2020"."""
        names = [name.split(",")[0] for name in self.authors]
        if len(names) == 1:
            return f"{names[0]} {self.year}"
        if len(names) == 2 and names[1] != "others":
            return f"{names[0]} and {names[1]} {self.year}"
        return f"{names[0]} et al. {self.year}"


def read(path: Path) -> str:
    """Return the text of a file of facts, or say how to get it."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileNotFoundError(
            f"{path} is missing: the book's facts come with its repository, so clone "
            "that and install it with `pip install -e .`"
        ) from error


@cache
def references(book: Path = BOOK) -> dict[str, Reference]:
    """Return the bibliography by key; it is read only as `references.bib` is written.

    One field stands on a line, names read "Last, First", and every entry says where it
    can be read: `eprint` (arXiv), `doi` or `url`.
    """
    found: dict[str, Reference] = {}
    for _, key, body in _ENTRY.findall(read(book / "references.bib")):
        given = {name.lower(): value for name, value in _FIELD.findall(body)}
        for needed in ("author", "title", "year"):
            if needed not in given:
                raise FactError(
                    f"references.bib: {key} needs a line `{needed} = {{…}}`"
                )
        if key in found:
            raise FactError(f"references.bib has {key} twice: keep one of them")
        found[key] = _reference(key, given)
    return found


def reference(key: str, *, book: Path = BOOK) -> Reference:
    """Return one entry of the bibliography."""
    try:
        return references(book)[key]
    except KeyError:
        raise KeyError(
            f"there is no source {key!r} in book/references.bib: add it there first"
        ) from None


def _reference(key: str, given: dict[str, str]) -> Reference:
    if "eprint" in given:
        url = f"https://arxiv.org/abs/{given['eprint']}"
    elif "doi" in given:
        url = f"https://doi.org/{given['doi']}"
    else:
        url = given.get("url", "")
    if not url.startswith("https://"):
        raise FactError(f"references.bib: {key} needs an eprint, a doi or an https url")
    venue = next((given[place] for place in _PLACES if place in given), "")
    if not venue and "eprint" in given:
        venue = f"arXiv:{given['eprint']}"
    return Reference(
        key=key,
        authors=tuple(map(_bare, _BETWEEN_NAMES.split(given["author"]))),
        title=_bare(given["title"]),
        year=given["year"],
        venue=_bare(venue),
        url=url,
    )


def _bare(text: str) -> str:
    """Return BibTeX text as plain text, with typographic quotes and dashes."""
    text = text.replace("{", "").replace("}", "").replace("--", "–")
    text = text.replace(r"\&", "&")
    return text.replace("`", "‘").replace("'", "’")
