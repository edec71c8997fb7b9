"""What a page's words and tables need to be set well, put into the finished HTML.

Telephones show the rows of a wide table one below the other (see book.css), each value
under its column's name, which the sheet takes from the cells.
"""

import html
import re

#: What is not prose, and the tags between which prose stands.
_CLOSED = re.compile(
    r"(<(pre|code|script|style|svg|head)\b.*?</\2>|<!--.*?-->|<[^>]+>)", re.S
)
_UNIT = re.compile(r"(?<=\d) (?=%|×|(?:s|px|[KMG]i?B)\b)")
#: A formula is a box of its own, around which a browser would break a line.
_SPAN = r'<span class="math [^"]*">(?:(?!<span\b).)*?</mjx-container></span>'
_PUNCTUATED = re.compile(rf"\({_SPAN}[,.;:?!)]*|{_SPAN}[,.;:?!)]+", re.S)
_TABLE = re.compile(r'<table class="table">.*?</table>', re.S)
_ROW = re.compile(r"<tr\b.*?</tr>", re.S)
_CELL = re.compile(r"<(t[dh])\b([^>]*)>(.*?)</t[dh]>", re.S)
_FORMULA = re.compile(r"<mjx-container.*?</mjx-container>", re.S)
#: Letters side by side beyond which a telephone's line is too short for a table.
ROOM = 30


def refined(text: str) -> str:
    """Return a page's HTML with its tables labelled and its units held to numbers."""
    text = _TABLE.sub(lambda found: _labelled(found[0]), text)
    text = _PUNCTUATED.sub(r'<span class="unbroken">\g<0></span>', text)
    parts = _CLOSED.split(text)
    # Two groups: between the texts stand the closed part and the name of its tag.
    parts[::3] = [_UNIT.sub("\N{NO-BREAK SPACE}", part) for part in parts[::3]]
    return "".join(part for n, part in enumerate(parts) if n % 3 != 2)


def _labelled(table: str) -> str:
    """Name each cell of a wide table by its column, for those who see no columns."""
    rows = [
        [_words(cell[3]) for cell in _CELL.finditer(row)] for row in _ROW.findall(table)
    ]
    if not rows or len({len(row) for row in rows}) > 1 or not _is_wide(rows):
        return table
    names = rows[0]

    def name_cells(row: re.Match[str]) -> str:
        count = iter(range(len(names)))

        def name_cell(cell: re.Match[str]) -> str:
            kind, attributes, inside = cell.groups()
            column = next(count)
            if kind == "th":
                attributes += ' role="columnheader"'
            elif not _words(inside):
                attributes += ' role="cell" data-empty'
            else:
                name = html.escape(names[column], quote=True)
                attributes += f' role="cell" data-label="{name}"'
            return f"<{kind}{attributes}>{inside}</{kind}>"

        return _CELL.sub(name_cell, row[0]).replace("<tr", '<tr role="row"', 1)

    table = table.replace('class="table"', 'class="table stacks" role="table"', 1)
    table = re.sub(r"<(thead|tbody)>", r'<\1 role="rowgroup">', table)
    return _ROW.sub(name_cells, table)


def _words(cell: str) -> str:
    """Return the text of a cell; a formula counts as one word."""
    cell = _FORMULA.sub(
        lambda found: re.sub(r"<[^>]+>|\s", "", found[0]) or "formula", cell
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", cell)).split())


def _is_wide(rows: list[list[str]]) -> bool:
    """Say whether the columns' longest words fill a telephone's line."""
    longest = [
        max((len(word) for text in column for word in text.split()), default=0)
        for column in zip(*rows, strict=True)
    ]
    return len(longest) > 3 or (len(longest) == 3 and sum(longest) > ROOM)
