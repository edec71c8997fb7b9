"""Runs the studies and keeps their results: `python -m bookkit.studies [names]`.

A study is `studies/<name>.py` with SETTINGS, a dict that JSON can hold, and
`run(settings, budget, report)`, which returns its results and tells `report` how far it
has come. Its result, `studies/<name>.json`, is written at budget 1 alone.
"""

import argparse
import ast
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from bookkit import BookError, imports, one_sentence
from bookkit.paths import ROOT, relative, write_whole
from minigen.zoo import BESIDE

STUDIES = ROOT / "studies"
KEYS = ("study", "date", "settings", "code", "budget", "seconds", "results")


def names(folder: Path = STUDIES) -> list[str]:
    """Return the names of all studies, sorted."""
    return sorted(path.stem for path in folder.glob("*.py"))


def source(name: str, folder: Path = STUDIES) -> Path:
    """Return the file of a study."""
    path = folder / f"{name}.py"
    if not path.is_file():
        known = ", ".join(names(folder)) or "none"
        raise BookError(f"there is no study {name!r}; there are: {known}")
    return path


def module(name: str, folder: Path = STUDIES) -> ModuleType:
    """Return a study's module, and see that it is a study."""
    path = source(name, folder)
    spec = importlib.util.spec_from_file_location(f"study_{name}", path)
    assert spec is not None  # a path that ends in .py always has a loader
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    for needed in ("SETTINGS", "run"):
        if not hasattr(loaded, needed):
            raise BookError(f"{relative(path)} defines no {needed}: a study has both")
    return loaded


def covered(name: str, folder: Path = STUDIES) -> list[Path]:
    """Return the files of the library that can change a study's numbers, sorted.

    What only shows or stores is left out, as for the trained models of the zoo.
    """
    text = source(name, folder).read_text(encoding="utf-8")
    return sorted(imports.closure(text, beside=BESIDE))


def code(name: str, folder: Path = STUDIES) -> str:
    """Return a hash of the study and of the files of the library that it rests on.

    Comments and docstrings do not count: a better sentence makes no result stale.
    """
    text = source(name, folder).read_text(encoding="utf-8")
    digest = hashlib.sha256(_bare(text).encode())
    for file in covered(name, folder):
        digest.update(str(file.relative_to(imports.LIB)).encode())
        digest.update(_bare(file.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()[:16]


def _bare(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            has = ast.get_docstring(node) is not None
            node.body = node.body[1:] if has else node.body
    return ast.dump(tree)


def run(
    name: str, *, budget: float = 1.0, out: Path | None = None, folder: Path = STUDIES
) -> Path:
    """Run a study and return the file with its result, written whole or not at all."""
    if budget != 1 and (out is None or out.resolve() == folder.resolve()):
        raise BookError(
            f"at budget {budget:g} the result of {name} would replace the committed "
            "one: give --out another folder"
        )
    study, started = module(name, folder), time.perf_counter()
    version = code(name, folder)  # before the run: files may change while it lasts

    def report(text: str) -> None:
        print(f"{name} {time.perf_counter() - started:5.0f} s  {text}", flush=True)

    results = study.run(study.SETTINGS, budget, report)
    stored = {
        "study": name,
        "date": datetime.now(UTC).date().isoformat(),
        "settings": study.SETTINGS,
        "code": version,
        "budget": budget,
        "seconds": round(time.perf_counter() - started, 1),
        "results": results,
    }
    try:
        text = json.dumps(stored, indent=1, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise BookError(f"the result of {name} cannot be stored: {error}") from error
    path = (out or folder) / f"{name}.json"
    write_whole(path, text + "\n")
    report(f"done: {relative(path)}")
    return path


def check(name: str, folder: Path = STUDIES) -> list[str]:
    """Return what is wrong with the committed result; nothing when all is well."""
    path = folder / f"{name}.json"
    again = f"run `python -m bookkit.studies {name}`"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [f"{name} has no result: {again}"]
    except ValueError as error:
        return [f"{relative(path)} is not JSON ({error}): {again}"]
    missing = [key for key in KEYS if key not in stored]
    if missing:
        return [f"{relative(path)} lacks {', '.join(missing)}: {again}"]
    wrong = []
    if stored["study"] != name or stored["budget"] != 1:
        wrong.append(f"{relative(path)} is not {name} at budget 1: {again}")
    if stored["settings"] != json.loads(json.dumps(module(name, folder).SETTINGS)):
        wrong.append(f"{name} has other SETTINGS than its result: {again}")
    return wrong


def is_stale(name: str, folder: Path = STUDIES) -> bool:
    """Tell whether the code has changed since the result was made."""
    stored = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return bool(stored["code"] != code(name, folder))


def check_all(chosen: list[str], folder: Path = STUDIES) -> int:
    """Print the state of each study; return 1 if a result is missing or does not fit.

    Code that has changed since is told and no failure: most changes move no number.
    """
    failed = 0
    for name in chosen:
        wrong = check(name, folder)
        failed |= bool(wrong)
        for sentence in wrong:
            print(f"error: {sentence}", file=sys.stderr)
        if not wrong:
            old = is_stale(name, folder)
            print(f"{name}:", "stale (the code has changed)" if old else "fresh")
    return failed


def run_all(chosen: list[str], *, budget: float, out: Path | None, jobs: int) -> int:
    """Run studies side by side, each a process of its own; return the exit status."""
    command = [sys.executable, "-m", "bookkit.studies", "--budget", repr(budget)]
    if out is not None:
        command += ["--out", str(out)]
    # Side by side, one thread each gets more done.
    environment: dict[str, Any] = {**os.environ, "OMP_NUM_THREADS": "1"}

    def one(name: str) -> int:
        return subprocess.run([*command, name], env=environment, check=False).returncode

    with ThreadPoolExecutor(jobs) as pool:
        return max(pool.map(one, chosen), key=abs)


@one_sentence
def main(arguments: list[str] | None = None, folder: Path = STUDIES) -> int:
    """Run or check studies from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.studies", description="Run the studies, or check them."
    )
    parser.add_argument("names", nargs="*", help="which; all when none is named")
    parser.add_argument("--budget", type=float, default=1.0, help="0.02 is a quick try")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--jobs", type=int, default=1, help="how many side by side")
    parser.add_argument(
        "--check", action="store_true", help="run none: see if they fit"
    )
    options = parser.parse_args(arguments)
    chosen = options.names or names(folder)
    for name in chosen:
        source(name, folder)
    if not chosen:
        print(f"there are no studies in {relative(folder)}")
        return 0
    if options.check:
        return check_all(chosen, folder)
    if not options.budget > 0 or options.jobs < 1:
        raise BookError("--budget must be above 0, and --jobs 1 or more")
    if len(chosen) > 1:
        return run_all(chosen, budget=options.budget, out=options.out,
                       jobs=options.jobs)  # fmt: skip
    run(chosen[0], budget=options.budget, out=options.out, folder=folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
