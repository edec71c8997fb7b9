"""Links from the first use of each term in a chapter to the glossary.

What a chapter links by hand stays as it is; here the site links the first use of every
other term that the glossary knows, so that a new term needs no search through the book.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from minigen import facts

#: Terms whose words also have an everyday sense: only their author can tell.
EVERYDAY = frozenset({
    "attention-head", "bias-social", "exposure", "generator", "parameter", "prior",
    "score", "statistical-power", "temperature",
})  # fmt: skip
#: What is left alone: code, formulas, links, roles, HTML, headings, labels, directives.
_KEPT = re.compile(
    r"""(?P<kept>
      ^(?P<fence>`{3,}|:{3,}).*?^(?P=fence)[ ]*$
    | ^\#.*?$ | ^\([^()\s]+\)=\s*?$ | ^%.*?$
    | \$\$.*?\$\$ | \$[^$\n]*\$
    | \{[\w:+-]+\}`[^`]*` | (?P<ticks>`+).*?(?P=ticks)
    | !?\[(?:[^\[\]]|\[[^\]]*\])*\](?:\([^()\s]*\)|\{[^}]*\})
    | <[^<>]+>
    )""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_BY_HAND = re.compile(r"\]\(#term-([a-z0-9-]+)\)")


def forms(term: facts.Term) -> list[str]:
    """Return the names of a term: itself, an abbreviation in brackets, other forms."""
    name, _, rest = term.term.partition(" (")
    short = rest.rstrip(")")
    return [name, *([short] if short.isupper() else []), *term.also]


def link(notebook: Any, terms: Iterable[facts.Term]) -> list[str]:
    """Link each term at its first use in the prose, in place; return the new links."""
    names = {form: term.id for term in terms for form in forms(term)}
    for everyday in [form for form, id in names.items() if id in EVERYDAY]:
        del names[everyday]
    if not names:
        return []
    wanted = _pattern(names)
    seen: set[str] = set()
    added: list[str] = []

    def linked(match: re.Match[str]) -> str:
        id = names[_known(match["form"], names)]
        if id in seen:
            return match[0]
        seen.add(id)
        added.append(id)
        return f"[{match[0]}](#term-{id})"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = "".join(
                part if kept else wanted.sub(linked, part)
                for kept, part in _parts(cell.source, seen)
            )
    return added


def _parts(text: str, seen: set[str]) -> Iterator[tuple[bool, str]]:
    """Yield what is left alone and what is prose, noting the links by hand as seen."""
    end = 0
    for match in _KEPT.finditer(text):
        yield False, text[end : match.start()]
        seen.update(_BY_HAND.findall(match[0]))
        yield True, match[0]
        end = match.end()
    yield False, text[end:]


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of any name, the longest first; GAN is found in capitals."""
    ordered = sorted(names, key=len, reverse=True)
    either = "|".join(
        re.escape(name) if name.isupper() else f"(?i:{re.escape(name)})"
        for name in ordered
    )
    return re.compile(rf"(?<![\w/–-])(?P<form>{either})(?:s|es)?(?![\w/–-])")


def _known(found: str, names: Iterable[str]) -> str:
    """Return the name as the glossary writes it."""
    return next(n for n in names if n == found or n.casefold() == found.casefold())
