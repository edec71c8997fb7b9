"""Which statements of a notebook one answer needs: it is graded without the rest.

A chapter trains models for minutes, and an exercise needs none of them. So the grader
runs the answer's own definition, what that takes from other places of the notebook, and
nothing else.
"""

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

_BUILTIN = set(dir(builtins)) | {"display"}


@dataclass(frozen=True)
class Statement:
    """A statement at the outer level of a notebook, and the names that it touches."""

    cell: int
    tree: ast.stmt
    binds: frozenset[str]
    #: Names that must be there when it runs, and when a function of it is called.
    now: frozenset[str] = field(default=frozenset())
    later: frozenset[str] = field(default=frozenset())


def statements(cells: list[str]) -> tuple[list[Statement], dict[int, SyntaxError]]:
    """Return all statements of the cells in order, and the cells that are not Python.

    Lines of IPython's own (`%`, `!`) are left out.
    """
    found: list[Statement] = []
    broken: dict[int, SyntaxError] = {}
    for number, source in enumerate(cells):
        try:
            tree = ast.parse(plain(source), filename=name_of(number))
            found += [_statement(number, node) for node in tree.body]
        except SyntaxError as error:
            broken[number] = error
    return found, broken


def plain(source: str) -> str:
    """Return a cell's text with IPython's own lines blank, so that numbers stay."""
    return re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)


def name_of(cell: int) -> str:
    """Return what stands for a file's name in what is told of a cell."""
    return f"<cell {cell + 1}>"


def needed(all_of_it: list[Statement], name: str, before_cell: int) -> list[Statement]:
    """Return, in order, what must run for a name to be what it is before a cell."""
    end = sum(each.cell < before_cell for each in all_of_it)
    chosen: set[int] = set()
    waiting, seen = [(name, end)], set()
    while waiting:
        what, before = item = waiting.pop()
        if item in seen or what in _BUILTIN:
            continue
        seen.add(item)
        for place in _definitions(all_of_it, what, before):
            chosen.add(place)
            waiting += [(other, place) for other in all_of_it[place].now]
            waiting += [(other, end) for other in all_of_it[place].later]
    return [all_of_it[place] for place in sorted(chosen)]


def _definitions(all_of_it: list[Statement], name: str, before: int) -> list[int]:
    """Return the last definition; for a name that has none, whatever imports `*`."""
    places = [n for n in range(before) if name in all_of_it[n].binds]
    return places[-1:] or [n for n in range(before) if "*" in all_of_it[n].binds]


def _statement(cell: int, node: ast.stmt) -> Statement:
    table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    outer = table.get_symbols()
    binds = {s.get_name() for s in outer if s.is_assigned() or s.is_imported()}
    now = {s.get_name() for s in outer if s.is_referenced()}
    changed = {
        base.id
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute | ast.Subscript)
        and isinstance(part.ctx, ast.Store | ast.Del)
        and isinstance(base := _root(part), ast.Name)
        and not isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        binds.add("*")
    later = set(_free(table))
    if isinstance(node, ast.ClassDef):  # its body runs at once
        now |= later
    later -= binds
    return Statement(
        cell, node, frozenset(binds | changed), frozenset(now | changed),
        frozenset(later),
    )  # fmt: skip


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def _free(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the outer names that functions and classes within look up."""
    for child in table.get_children():
        for symbol in child.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                yield symbol.get_name()
        yield from _free(child)
