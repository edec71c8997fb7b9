"""Which files of `minigen` a chapter rests on: what must change for it to run again."""

import ast
import json
from collections.abc import Collection
from functools import cache
from pathlib import Path

from bookkit.paths import ROOT

LIB = ROOT / "lib"


def module_file(module: str, lib: Path = LIB) -> Path | None:
    """Return the file of a dotted module name under `lib`, if there is one."""
    base = lib.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported(source: str, package: str = "") -> set[str]:
    """Return the dotted names that a piece of Python imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "zoo.get":
            # A trained model is asked for by its module's name: zoo.get("gan.digits").
            wanted = node.args[0] if node.args else None
            if isinstance(wanted, ast.Constant):
                names.add(f"minigen.{str(wanted.value).partition('.')[0]}")
    return names


@cache
def _file_imports(path: Path, lib: Path) -> frozenset[Path]:
    package = ".".join(path.parent.relative_to(lib).parts)
    return _files(imported(path.read_text(encoding="utf-8"), package), lib)


def _files(names: set[str], lib: Path) -> frozenset[Path]:
    found = set()
    for name in names:
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            if file := module_file(".".join(parts[:end]), lib):
                found.add(file)
    return frozenset(found)


def closure(source: str, lib: Path = LIB, *, beside: Collection[str] = ()) -> set[Path]:
    """Return all files under `lib` that the code imports, also through others.

    The modules `beside`, and what is imported through them alone, are left out.
    """
    found: set[Path] = set()
    left = [lib.joinpath(*name.split(".")) for name in beside]
    waiting = set(_files(imported(source), lib))
    while waiting:
        path = waiting.pop()
        aside = any(path.with_suffix("").is_relative_to(base) for base in left)
        if path not in found and not aside:
            found.add(path)
            waiting |= _file_imports(path, lib)
    return found


def notebook_source(path: Path) -> str:
    """Return a notebook's code as one piece, with IPython's own syntax left out."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    lines = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return "\n".join(
        s for s in lines.splitlines() if not s.lstrip().startswith(("%", "!"))
    )
