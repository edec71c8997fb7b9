"""The pipeline as doit tasks: what depends on what, by content hash.

`doit list` names the tasks; the Makefile calls them. Each step is a command that a
person can run by hand (`python -m bookkit.execute --help`).
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from doit.tools import config_changed

from bookkit import BookError, imports, toc
from bookkit.paths import (
    BUILD,
    GRADING,
    PAGES,
    ROOT,
    SCOREBOARD,
    SITE,
    SMOKE,
    SOURCE,
)
from bookkit.reporter import Reporter

JOBS = int(os.environ.get("JOBS") or os.cpu_count() or 1)
LIB = ROOT / "lib"
SMOKE_BUDGET = 0.02
BUILD.mkdir(exist_ok=True)

DOIT_CONFIG = {
    "default_tasks": ["site"],
    "dep_file": str(BUILD / "doit.sqlite"),
    "backend": "sqlite3",
    "num_process": JOBS if JOBS > 1 else 0,
    "par_type": "thread",
    "verbosity": 2,
    "reporter": Reporter,
}
if JOBS > 1:  # chapters run side by side: one thread each does more work in all
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def run(module, *arguments):
    """Return the command that runs a module of bookkit."""
    return [sys.executable, "-m", f"bookkit.{module}", *map(str, arguments)]


def inputs(chapter):
    """Return the files that a run of the chapter depends on."""
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    used = imports.closure(imports.notebook_source(chapter))
    checkers = imports.module_file(f"minigen.exercises.{chapter.stem}")
    if checkers:  # `checks` finds them by the chapter's name
        used |= {checkers, *imports.closure(checkers.read_text(encoding="utf-8"))}
    weights = set((LIB / "minigen/weights").glob("*.safetensors"))
    book = notebook["metadata"].get("book", {})
    studies = {ROOT / "studies" / f"{name}.json" for name in book.get("studies", [])}
    facts = LIB / "minigen/facts.py" in used
    data = {*(PAGES / "data").glob("*.yml"), PAGES / "references.bib"} if facts else ()
    asked = PAGES / "data" / "questions" / f"{chapter.stem}.yml"
    data = {*data, asked} if asked.is_file() else data
    runner = {LIB / "bookkit" / name for name in ("execute.py", "offline.py")}
    alone = {chapter, ROOT / "constraints.txt"}
    return sorted(alone.union(used, weights, studies, data, runner))


def chapters():
    """Return the chapters in the order of `_toc.yml`, or stop with a sentence."""
    try:
        return toc.chapters()
    except BookError as error:
        sys.exit(f"error: {error}")


def task_smoke():
    """Run each chapter at a small budget, to see that every cell runs."""
    for chapter in chapters():
        target = SMOKE / chapter.name
        yield {
            "name": chapter.stem,
            "actions": [
                run("execute", chapter, target, "-p", f"budget={SMOKE_BUDGET}")
            ],
            "file_dep": inputs(chapter),
            "targets": [target],
        }


def task_reproduce():
    """Run each small chapter again and compare it with the first time."""
    for chapter in chapters():
        yield {
            "name": chapter.stem,
            "actions": [run("reproduce", SMOKE / chapter.name)],
            "file_dep": [
                *inputs(chapter),
                SMOKE / chapter.name,
                LIB / "bookkit/reproduce.py",
            ],
        }


def task_chapter():
    """Run each chapter in full: the figures and numbers of the site."""
    for chapter in chapters():
        target = SOURCE / "chapters" / chapter.name
        yield {
            "name": chapter.stem,
            "actions": [run("execute", chapter, target, "-p", "budget=1")],
            "file_dep": inputs(chapter),
            "targets": [target],
        }


def task_scoreboard():
    """Gather the numbers of all chapters; a missed goal stops the build here."""
    executed = [SOURCE / "chapters" / chapter.name for chapter in chapters()]
    return {
        "actions": [run("scoreboard")],
        "file_dep": [
            *executed,
            LIB / "bookkit/scoreboard.py",
            LIB / "minigen/record.py",
        ],
        "targets": [SCOREBOARD],
        "uptodate": [config_changed(os.environ.get("STRICT", ""))],
    }


def task_site():
    """Make the site and swap it in."""
    executed = [SOURCE / "chapters" / chapter.name for chapter in chapters()]
    pages = [p for p in PAGES.rglob("*") if p.is_file()]
    code = [
        p for p in (LIB / "bookkit").rglob("*") if p.is_file() and p.suffix != ".pyc"
    ]
    web = [p for p in (LIB / "minigen/show").iterdir() if p.suffix in (".css", ".js")]
    settings = [
        ROOT / n
        for n in ("_config.yml", "_toc.yml", "pyproject.toml", "constraints.txt")
    ]
    head = ROOT / ".git" / "logs" / "HEAD"  # the footer names the commit
    return {
        "actions": [run("site")],
        "file_dep": [SCOREBOARD, *executed, *pages, *code, *web, *settings]
        + ([head] if head.is_file() else []),
        "targets": [SITE / "index.html"],
    }


def task_grading():
    """Write the autograder of each chapter; its solutions must earn every point."""
    makers = imports.closure("from bookkit import grading, submission, worker")
    for chapter in chapters():
        target = GRADING / f"{chapter.stem}-autograder.zip"
        yield {
            "name": chapter.stem,
            "actions": [run("grading", chapter)],
            "file_dep": sorted({*inputs(chapter), *makers, ROOT / "pyproject.toml"}),
            "targets": [target],
        }


def task_studies():
    """Run the studies with several seeds (about an hour) and write their results."""
    return {"actions": [run("studies", "--jobs", JOBS)], "uptodate": [False]}
