"""Numbers in rows and columns, where a figure would hide them."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minigen.show.figure import check_words


@dataclass(frozen=True)
class Table:
    """A table as notebooks and pages take it."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    #: Whether its numbers differ between equal runs, which then do not compare it.
    volatile: bool = False

    def __repr__(self) -> str:
        return f"table {self.name}" if self.volatile else self.plain()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/plain": repr(self), "text/html": self.html()}

    def plain(self) -> str:
        """Return the table as text in columns."""
        lines = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) for cell, width in zip(line, widths, strict=True)
            ).rstrip()
            for line in lines
        )

    def html(self) -> str:
        """Return the table as HTML; the site stacks its rows on a telephone."""
        head = "".join(
            f'<th scope="col">{html.escape(one)}</th>' for one in self.columns
        )
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in self.rows
        )
        return (
            f'<figure class="show-table" id="fig-{self.name}" style="margin-inline:0">'
            f'<table class="table"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def table(
    rows: Mapping[str, Sequence[str]],
    *,
    columns: Sequence[str],
    name: str,
    caption: str,
    volatile: bool = False,
) -> Table:
    """Show texts in rows and columns.

    Parameters
    ----------
    rows: what a row is -> its cells, as texts, one a column but the first.
    columns: the names of all columns, that of the rows' names first.
    name: lower-case words joined by hyphens, one of its own in the chapter.
    caption: what to see, and in which units.
    volatile: true for numbers that two equal runs need not share (durations).
    """
    check_words(name, caption=caption)
    lines = tuple((label, *cells) for label, cells in rows.items())
    for line in lines:
        if len(line) != len(columns):
            raise ValueError(
                f"table {name!r}: the row {line[0]!r} has {len(line) - 1} cells for "
                f"{len(columns) - 1} columns beside its name"
            )
    if not lines:
        raise ValueError(f"table {name!r} has no rows")
    return Table(name, tuple(columns), lines, caption, volatile)
