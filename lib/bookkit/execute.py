"""Run one chapter with papermill; leave the executed notebook whole or not at all."""

import argparse
import os
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from bookkit import BookError, offline, one_sentence
from bookkit.paths import CHAPTERS, relative, write_whole

#: The longest that one cell may take: far more than any should, but an end.
CELL_SECONDS = int(os.environ.get("CELL_SECONDS", "1800"))
#: The kernel keeps the memory that a tensor leaves, up to a GiB, for the next one: to
#: ask the system for it anew each time costs a tenth of the time and more.
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class _Progress(NBClientEngine):
    """The usual engine, telling the terminal which cell it is at."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, **options: Any
    ) -> Any:
        total = sum(cell.cell_type == "code" for cell in nb_man.nb.cells)
        begun, done = time.monotonic(), 0
        started = nb_man.cell_start

        def cell_start(cell: Any, *args: Any, **kwargs: Any) -> None:
            nonlocal done
            done += cell.cell_type == "code"
            if cell.cell_type == "code":
                seconds = time.monotonic() - begun
                _say(f"{options['chapter']}: cell {done} of {total}, {seconds:.0f} s")
            started(cell, *args, **kwargs)

        nb_man.cell_start = cell_start
        client = {k: v for k, v in options.items() if k != "chapter"}
        return super().execute_managed_notebook(nb_man, kernel_name, **client)


papermill_engines.register("bookkit", _Progress)


def _say(text: str) -> None:
    """Show progress: one line rewritten on a terminal, silence in a log."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)


def execute(
    chapter: Path,
    output: Path,
    parameters: dict[str, Any],
    *,
    allow_network: bool = False,
) -> float:
    """Run `chapter` with `parameters`, write it to `output`; return the seconds."""
    name = chapter.stem
    environment = {"MPLBACKEND": "agg", "PYTHONHASHSEED": "0", **_KEEP_MEMORY}
    if not allow_network:
        environment["PYTHONSTARTUP"] = str(Path(offline.__file__))
    os.environ.update(environment)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(f".part-{output.name}")
    begun = time.monotonic()
    try:
        papermill.execute_notebook(
            chapter,
            part,
            parameters,
            engine_name="bookkit",
            progress_bar=False,
            cwd=chapter.parent,
            chapter=name,
            extra_arguments=["--log-level=ERROR"],
            execution_timeout=CELL_SECONDS,
        )
        seconds = time.monotonic() - begun
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        notebook = nbformat.read(part, as_version=4)
        _refuse_failed_checks(name, notebook)
        clean(notebook, parameters, seconds=seconds, peak_mib=peak)
        write_whole(output, nbformat.writes(notebook) + "\n")
    except PapermillExecutionError as error:
        raise BookError(_failure(name, error)) from error
    except CellTimeoutError as error:
        raise BookError(
            f"chapter {name}: a cell ran longer than {CELL_SECONDS} s and was stopped; "
            "look for a loop that may not end (CELL_SECONDS=… allows more)"
        ) from error
    except DeadKernelError as error:
        raise BookError(
            f"chapter {name}: its kernel died, most often because memory ran out; "
            "close other programs or build with JOBS=1"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    _say("")
    return seconds


def clean(notebook: Any, parameters: dict[str, Any], **run: float) -> None:
    """Take out what papermill adds and a repeat would change; note the run instead."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    figures = {key: round(value, 1) for key, value in run.items()}
    notebook.metadata["run"] = {"parameters": parameters, **figures}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"].append("remove-cell")
            cell["id"] = "injected-parameters"


def _refuse_failed_checks(name: str, notebook: Any) -> None:
    """A worked solution must pass the check of its own exercise."""
    for cell in notebook.cells:
        if "check" in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                told = output.get("data", {}).get("text/plain", "")
                if told.startswith(("→", "✗")):
                    raise BookError(f"chapter {name}: a solution fails: {told}")


def _failure(name: str, error: PapermillExecutionError) -> str:
    """Say which cell failed and how it ended, in a few lines."""
    text = _COLOUR.sub("", "\n".join(error.traceback)).strip().splitlines()
    first = next(iter((error.source or "").strip().splitlines()), "")
    reason = next(iter(str(error.evalue).splitlines()), "")
    tail = "\n".join(f"    {line}" for line in text[-12:])
    return (
        f"chapter {name}: code cell {error.exec_count} ({first!r}) raised "
        f"{error.ename}: {reason}\n{tail}\n"
        f"  Open {relative(CHAPTERS / name)}.ipynb in JupyterLab, mend it, build again."
    )


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Run a chapter from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bookkit.execute", description=__doc__
    )
    parser.add_argument("chapter", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE",
        help="such as budget=0.02 or dataset=mnist",
    )  # fmt: skip
    parser.add_argument(
        "--allow-network", action="store_true", help="for data that must be fetched"
    )
    options = parser.parse_args(arguments)
    pairs = (item.partition("=")[::2] for item in options.parameter)
    parameters = {name: _value(value) for name, value in pairs}
    if not options.chapter.is_file():
        raise BookError(f"there is no chapter {options.chapter}")
    seconds = execute(
        options.chapter.resolve(),
        options.output.resolve(),
        parameters,
        allow_network=options.allow_network,
    )
    print(f"{options.chapter.stem}: {seconds:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
