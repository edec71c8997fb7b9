"""What depends on what: a change must run all that rests on it, and nothing else."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from bookkit import BookError
from bookkit.paths import CHAPTERS, ROOT

CHAPTER = CHAPTERS / "predictive_vs_generative.ipynb"


@pytest.fixture(scope="module")
def dodo():
    """Import the pipeline's file as a module."""
    spec = importlib.util.spec_from_file_location("dodo", ROOT / "dodo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_chapter_rests_on_the_rooms_that_it_uses_and_on_no_other(dodo):
    inputs = {str(path.relative_to(ROOT)) for path in dodo.inputs(CHAPTER)}
    assert {
        "chapters/predictive_vs_generative.ipynb",
        "lib/minigen/density.py",
        "lib/minigen/gaussian.py",
        "lib/minigen/data/digits.py",
        "lib/minigen/show/svg.py",
        "lib/minigen/exercises/predictive_vs_generative.py",
        "lib/minigen/weights/digits_features.safetensors",
        "lib/bookkit/execute.py",
        "book/data/claims.yml",
        "book/data/questions/predictive_vs_generative.yml",
        "constraints.txt",
    } <= inputs
    assert not inputs & {
        "_config.yml",
        "book/data/questions/vae.yml",
        "lib/bookkit/site.py",
        "lib/minigen/show/player.js",
    }


def test_a_study_that_a_chapter_draws_is_an_input(dodo, tmp_path):
    notebook = json.loads(CHAPTER.read_text())
    notebook["metadata"]["book"]["studies"] = ["ruler"]
    changed = tmp_path / "x.ipynb"
    changed.write_text(json.dumps(notebook))
    assert ROOT / "studies" / "ruler.json" in dodo.inputs(changed)


def test_every_step_names_what_it_reads_and_makes(dodo):
    tasks = [*dodo.task_smoke(), *dodo.task_reproduce(), *dodo.task_chapter()]
    tasks += [dodo.task_scoreboard(), dodo.task_site()]
    for task in tasks:
        assert task["file_dep"]
        assert all(command[0] == sys.executable for command in task["actions"])
    smoke = next(iter(dodo.task_smoke()))
    again = next(iter(dodo.task_reproduce()))
    assert set(smoke["targets"]) <= set(again["file_dep"])
    site = {str(path) for path in dodo.task_site()["file_dep"]}
    for name in (
        "_config.yml",
        "_toc.yml",
        "book/index.md",
        "lib/minigen/show/player.js",
    ):
        assert str(ROOT / name) in site


def test_a_broken_toc_stops_the_pipeline_with_its_sentence(dodo, monkeypatch):
    def broken():
        raise BookError(
            "_toc.yml names chapters/lost, but there is no chapters/lost.ipynb"
        )

    monkeypatch.setattr(dodo.toc, "chapters", broken)
    with pytest.raises(SystemExit, match=r"error: _toc\.yml names chapters/lost"):
        dodo.chapters()


def test_doit_knows_the_steps_and_says_what_failed(tmp_path):
    (tmp_path / "dodo.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'lib')!r})\n"
        "from bookkit.reporter import Reporter\n"
        "DOIT_CONFIG = {'reporter': Reporter, 'verbosity': 2}\n"
        "def task_done():\n"
        "    return {'actions': ['true'], 'uptodate': [True], 'targets': []}\n"
        "def task_fails():\n"
        "    return {'actions': [[sys.executable, '-c', 'print(7); exit(3)']]}\n"
        "def task_lacks():\n"
        "    return {'actions': ['true'], 'file_dep': ['nowhere.txt']}\n"
    )

    def doit(*arguments):
        command = [sys.executable, "-m", "doit", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "DOIT_CONFIG": ""},
        )  # fmt: skip

    assert doit("done").returncode == 0
    assert doit("done").stdout == ""
    failed = doit("fails")
    assert failed.returncode != 0
    assert "… fails" in failed.stdout
    assert "7" in failed.stdout
    assert "stopped at fails: see above" in failed.stdout
    assert "nowhere.txt" in doit("lacks").stdout
    assert "smoke" in subprocess.run(
        [sys.executable, "-m", "doit", "list"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
