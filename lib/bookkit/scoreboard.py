"""Gather the numbers of the executed chapters, and stop the build at a missed goal."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat

from bookkit import BookError, one_sentence, toc
from bookkit.paths import SCOREBOARD, SOURCE, write_whole
from minigen.record import RECORD_MIME, VOLATILE_MIME, number, parse_goal

DEFAULT_BUDGET = 1


def records(notebook: Path) -> list[dict[str, Any]]:
    """Return the records in a chapter's outputs, in order; names must differ."""
    found: dict[str, dict[str, Any]] = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            made = data.get(RECORD_MIME) or data.get(VOLATILE_MIME)
            if made and "name" in made:
                if made["name"] in found:
                    raise BookError(
                        f"chapter {notebook.stem} records {made['name']!r} twice: "
                        "give the second another name"
                    )
                found[made["name"]] = {"chapter": notebook.stem, **made}
    return list(found.values())


def run_of(notebook: Path) -> dict[str, Any]:
    """Return a chapter's seconds, peak memory and parameters as a record of its own."""
    run = nbformat.read(notebook, as_version=4).metadata.get("run", {})
    return {"chapter": notebook.stem, "run": dict(run)}


def missed(rows: list[dict[str, Any]], *, strict: bool) -> tuple[list[str], list[str]]:
    """Return the missed goals that fail the build, and those that only warn."""
    failures: list[str] = []
    warnings: list[str] = []
    for row in rows:
        if row.get("met") is False:
            text = (
                f"chapter {row['chapter']}: {row['name']} is "
                f"{number(row['value'], row['unit'])}, the goal is {aim(row)}"
            )
            (warnings if row["volatile"] and not strict else failures).append(text)
    return failures, warnings


def build(notebooks: list[Path], *, strict: bool = False) -> list[dict[str, Any]]:
    """Write the scoreboard of executed chapters, then raise if a goal was missed.

    Goals bind at the book's own parameters alone (default seed and data, budget 1).
    """
    rows: list[dict[str, Any]] = []
    binding: list[dict[str, Any]] = []
    for notebook in notebooks:
        run, made = run_of(notebook), records(notebook)
        rows += [run, *made]
        if run["run"].get("parameters") == {"budget": DEFAULT_BUDGET}:
            binding += made
    write_whole(SCOREBOARD, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    failures, warnings = missed(binding, strict=strict)
    for text in warnings:
        print(f"warning: {text}", file=sys.stderr)
    if failures:
        raise BookError(
            "; ".join(failures) + ". Mend the method, not the goal; the site was not "
            "replaced."
        )
    return rows


def aim(row: dict[str, Any]) -> str:
    """Return a goal in words and in the value's own unit: "at least 90.0 %"."""
    sign, bound = parse_goal(row["goal"])
    word = {"<=": "at most", ">=": "at least"}[sign]
    return f"{word} {number(bound, row['unit'])}"


@one_sentence
def main() -> int:
    """Build the scoreboard of the book's executed chapters; return the exit status."""
    notebooks = [SOURCE / "chapters" / path.name for path in toc.chapters()]
    build(notebooks, strict=os.environ.get("STRICT") == "1")
    return 0


if __name__ == "__main__":
    sys.exit(main())
