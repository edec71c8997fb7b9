"""Read a chapter's prose piece by piece, and say a piece of it in HTML.

What is made of chapters beside the site takes single sentences, formulas and lists out
of their MyST. Links lose their targets, which are in the book and not here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

#: Where a sentence ends: its mark, what closes after it, a gap, and a new beginning.
_END = re.compile(r"""(?<=[.!?])(["”’)*_]*)\s+(?=["“‘(*_`$\[]*[A-Z0-9$`\[{])""")
#: What ends with a full stop and ends no sentence.
_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|et al|vs|cf|Eq|Fig|No|St|Mr|Dr|[A-Z])\.)$")
_MATH = re.compile(r"^:label: *(\S+) *$\n?", re.MULTILINE)
_UNNAMED = re.compile(r"\[\]\((\w+)\.ipynb\)")


@dataclass(frozen=True)
class Block:
    """A heading, paragraph, list, formula, table or something else of a text."""

    kind: str
    text: str
    level: int = 0
    label: str = ""


@dataclass
class Voice:
    """How pieces are said: the equations' numbers, and the titles of chapters."""

    equations: dict[str, int] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    def number(self, sources: Sequence[str]) -> None:
        """Number the labelled equations of a chapter, as the site does."""
        for source in sources:
            for block in blocks(source):
                if block.kind == "formula" and block.label:
                    self.equations.setdefault(block.label, len(self.equations) + 1)

    def line(self, text: str) -> str:
        """Return a sentence or a few in HTML."""
        named = _UNNAMED.sub(lambda m: self.titles.get(m[1], m[1]), text)
        return str(_READER.renderInline(named, {"voice": self})).strip()

    def block(self, block: Block) -> str:
        """Return a block in HTML."""
        if block.kind == "formula":
            number = self.equations.get(block.label)
            mark = f'<span class="number">({number})</span>' if number else ""
            return f'<div class="math">\\[{escape(block.text)}\\]{mark}</div>'
        if block.kind == "paragraph":
            return f"<p>{self.line(block.text)}</p>"
        named = _UNNAMED.sub(lambda m: self.titles.get(m[1], m[1]), block.text)
        return str(_READER.render(named, {"voice": self})).strip()


def blocks(source: str) -> list[Block]:
    """Return the blocks of a Markdown cell, in their order."""
    lines = source.splitlines()
    found = []
    tokens = _READER.parse(source)
    for n, token in enumerate(tokens):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        kind = token.type.removesuffix("_open")
        text = "\n".join(lines[slice(*token.map)]).strip()
        if kind == "heading":
            found.append(Block(kind, tokens[n + 1].content, int(token.tag[1:])))
        elif kind == "fence" and token.info.strip() == "{math}":
            label = _MATH.search(token.content)
            tex = _MATH.sub("", token.content).strip()
            found.append(Block("formula", tex, label=label[1] if label else ""))
        elif kind in ("math_block", "math_block_label", "amsmath"):
            found.append(Block("formula", token.content.strip(), label=token.info))
        elif kind in ("bullet_list", "ordered_list"):
            found.append(Block("list", text))
        elif kind == "paragraph":
            found.append(Block(kind, " ".join(text.split())))
        elif kind != "myst_target":
            found.append(Block("table" if kind == "table" else "other", text))
    return found


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph."""
    found: list[str] = []
    at = 0
    for end in _END.finditer(text):
        piece = text[at : end.end(1)]
        open_ = piece.count("(") > piece.count(")")  # a parenthesis of many sentences
        if open_ or _SHORT.search(piece) or any(piece.count(s) % 2 for s in "$`"):
            continue
        found.append(piece.strip())
        at = end.end()
    return [*found, text[at:].strip()] if text[at:].strip() else found


def words(text: str) -> int:
    """Return how many words a text has, a formula or a link counting as it is read."""
    return len(re.sub(r"\]\([^)]*\)|\$[^$]*\$", " x", text).split())


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"typographer": True, "html": False})
    reader.enable(["table", "smartquotes", "replacements"])
    reader.use(dollarmath_plugin, allow_space=False).use(amsmath_plugin)
    reader.use(myst_role_plugin).use(myst_block_plugin)

    def formula(_: Any, tokens: Any, at: int, *__: Any) -> str:
        return f'<span class="math">\\({escape(tokens[at].content)}\\)</span>'

    def role(_: Any, tokens: Any, at: int, __: Any, env: Any) -> str:
        name, text = tokens[at].meta["name"], tokens[at].content
        if name == "eq":
            return f"({env['voice'].equations.get(text, '?')})"
        return escape(text.partition("<")[0].strip())

    def nothing(*_: Any) -> str:
        return ""

    for kind, rule in {
        "math_inline": formula, "myst_role": role, "link_open": nothing,
        "link_close": nothing, "myst_target": nothing,
    }.items():  # fmt: skip
        reader.add_render_rule(kind, rule)
    return reader


_READER = _reader()
