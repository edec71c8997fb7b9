"""Run an executed chapter again with nbval and compare what its cells give."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import IPyNbFile

from bookkit import BookError, offline, one_sentence
from bookkit.paths import relative

#: What two equal runs need not share. HTML is skipped because everything that it shows
#: is also there as plain text or as a record; pictures, because nbval skips them and a
#: figure's plain text carries the hash of its data.
SKIPPED = (
    "text/html",
    "image/svg+xml",
    "application/vnd.minigen.volatile+json",
    "application/vnd.minigen.live+json",  # its outputs' hash is there as plain text
)


class _Comparison:
    """The plugin that tells nbval what to leave out of the comparison."""

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        if isinstance(collector, IPyNbFile):
            collector.skip_compare = tuple(collector.skip_compare) + SKIPPED


def comparable(notebook: Path) -> int:
    """Return how many stored outputs the second run will be compared with."""
    kept = 0
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            kinds = set(output.get("data", {})) - set(SKIPPED) - {"image/png"}
            kept += bool(kinds) or output.output_type == "stream"
    return kept


def reproduce(notebook: Path) -> None:
    """Run the executed notebook again and fail if an output differs."""
    if not comparable(notebook):
        raise BookError(
            f"{relative(notebook)} has no output to compare: run it with "
            "bookkit.execute first, and let it show a result"
        )
    os.environ["PYTHONSTARTUP"] = offline.__file__
    quiet = ["-q", "--no-header", "--no-summary", "--tb=short", "--show-capture=no"]
    alone = ["-p", "no:cacheprovider", "-p", "no:cov", "-o", "addopts="]
    where = ["--rootdir", str(notebook.parent)]
    status = pytest.main(
        ["--nbval", str(notebook), *quiet, *alone, *where], plugins=[_Comparison()]
    )
    if status:
        raise BookError(
            f"chapter {notebook.stem} gave another output the second time: draw from a "
            "seeded generator, and show durations with minigen.record.show_volatile"
        )


@one_sentence
def main(arguments: list[str] | None = None) -> int:
    """Compare the notebooks named on the command line; return the exit status."""
    for name in sys.argv[1:] if arguments is None else arguments:
        reproduce(Path(name).resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
