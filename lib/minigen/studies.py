"""Results of the studies: experiments with many seeds, run once and committed."""

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import t as student


@dataclass(frozen=True)
class Study:
    """What a study measured, when, with which settings, and in how many seconds."""

    name: str
    date: str
    settings: dict[str, Any]
    results: dict[str, Any]
    budget: float
    seconds: float


def load(name: str) -> Study:
    """Return the committed result of a study, such as "ruler".

    It is read from the folder that MINIGEN_STUDIES names, or else from the nearest
    folder `studies` at or above the working directory that has the result.
    """
    path = _find(name)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Study(
            stored["study"], stored["date"], stored["settings"],
            stored["results"], stored["budget"], stored["seconds"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not the whole result of a study ({error!r}): run "
            f"`python -m bookkit.studies {name}` again"
        ) from error


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean over seeds, and half the width of its 95 % interval.

    Student's t, which allows for a spread that few values know badly: with three of
    them it takes 4.3 standard errors, with many 1.96.
    """
    if len(values) < 2:
        raise ValueError(f"an interval needs 2 values or more, not {len(values)}")
    error = statistics.stdev(values) / len(values) ** 0.5
    return statistics.fmean(values), float(student.ppf(0.975, len(values) - 1)) * error


def _find(name: str) -> Path:
    if not name.isidentifier():
        raise ValueError(f"a study has a plain name such as 'ruler', not {name!r}")
    if chosen := os.environ.get("MINIGEN_STUDIES"):
        folders = [Path(chosen).expanduser()]
    else:
        here = Path.cwd()
        folders = [folder / "studies" for folder in (here, *here.parents)]
    for folder in folders:
        if (path := folder / f"{name}.json").is_file():
            return path
    where = folders[0] if chosen else f"studies/ at or above {Path.cwd()}"
    raise FileNotFoundError(
        f"there is no result {name}.json in {where}: run "
        f"`python -m bookkit.studies {name}` in the repository, or set MINIGEN_STUDIES "
        "to the folder that has it"
    )
