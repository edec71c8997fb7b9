"""The pipeline on small books of its own: what it makes, and what it says at faults."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from bookkit import (
    BookError,
    execute,
    imports,
    offline,
    one_sentence,
    paths,
    scoreboard,
    scores,
    site,
    toc,
)

ROOT = paths.ROOT
RECORD = """\
from minigen.record import record
record("share", {value}, unit="%", baseline=0.1, goal="{goal}")"""


def write_chapter(path, *sources, kernel="python3"):
    """Write a small chapter whose first code cell holds the parameters."""
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {
                "name": kernel,
                "language": "python",
                "display_name": "Python 3",
            },
            "language_info": {"name": "python"},
        }
    )
    first = nbformat.v4.new_code_cell("seed = 0\nbudget = 1")
    first.metadata["tags"] = ["parameters"]
    notebook.cells = [nbformat.v4.new_markdown_cell("(tiny)=\n# Tiny"), first]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in sources]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def test_execute_runs_with_parameters_and_leaves_a_clean_notebook(tmp_path):
    chapter = write_chapter(tmp_path / "tiny.ipynb", "budget * 3")
    output = tmp_path / "out" / "tiny.ipynb"
    assert execute.main([str(chapter), str(output), "-p", "budget=0.5"]) == 0
    made = nbformat.read(output, as_version=4)
    assert made.cells[-1].outputs[0].data["text/plain"] == "1.5"
    assert made.metadata["run"]["parameters"] == {"budget": 0.5}
    assert made.metadata["run"]["seconds"] > 0
    assert "papermill" not in output.read_text()
    injected = next(c for c in made.cells if c.id == "injected-parameters")
    assert "remove-cell" in injected.metadata["tags"]
    assert os.listdir(output.parent) == ["tiny.ipynb"]


def test_a_failing_cell_is_named_and_the_last_good_run_stays(tmp_path, capsys):
    chapter = write_chapter(tmp_path / "tiny.ipynb", "x = 1", "y = x / 0")
    output = tmp_path / "tiny-out.ipynb"
    output.write_text("the last good run")
    assert execute.main([str(chapter), str(output)]) == 1
    told = capsys.readouterr().err
    assert "chapter tiny: code cell" in told
    assert "'y = x / 0'" in told
    assert "ZeroDivisionError: division by zero" in told
    assert output.read_text() == "the last good run"


@pytest.mark.parametrize("budget", ["0", "plenty"])
def test_a_bad_budget_stops_a_chapter_with_its_sentence(tmp_path, capsys, budget):
    source = "from minigen import repro\nrepro.check_budget(budget)"
    chapter = write_chapter(tmp_path / "tiny.ipynb", source)
    assert execute.main(
        [str(chapter), str(tmp_path / "o.ipynb"), "-p", f"budget={budget}"]
    )
    assert "budget must be a number above 0" in capsys.readouterr().err


def test_a_kernel_that_dies_and_a_missing_chapter_are_explained(tmp_path, capsys):
    chapter = write_chapter(tmp_path / "tiny.ipynb", "import os; os._exit(1)")
    assert execute.main([str(chapter), str(tmp_path / "o.ipynb")]) == 1
    assert "its kernel died" in capsys.readouterr().err
    assert execute.main([str(tmp_path / "none.ipynb"), "o.ipynb"]) == 1
    assert "there is no chapter" in capsys.readouterr().err


def test_a_cell_that_never_ends_is_stopped(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(execute, "CELL_SECONDS", 2)
    chapter = write_chapter(tmp_path / "tiny.ipynb", "while True: pass")
    assert execute.main([str(chapter), str(tmp_path / "o.ipynb")]) == 1
    assert "a cell ran longer than 2 s" in capsys.readouterr().err


def test_a_chapter_may_not_use_the_network(tmp_path, capsys):
    source = "import urllib.request as u\nu.urlopen('http://example.org')"
    chapter = write_chapter(tmp_path / "tiny.ipynb", source)
    assert execute.main([str(chapter), str(tmp_path / "o.ipynb")]) == 1
    assert "may not use the network" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        (b"localhost", True),
        (None, True),
        ("::1%lo", True),
        ("10.0.0.1", False),
        ("example.org", False),
        ("2001:db8::1", False),
    ],
)
def test_loopback_is_told_from_the_world(host, near):
    assert offline.is_loopback(host) is near


def test_reproduce_accepts_a_repeat_and_refuses_a_change(tmp_path, capfd):
    steady = (
        "from minigen.record import show_volatile\nimport time\n"
        "show_volatile(str(time.time()))\n1 + 1"
    )
    loose = "import os\nint.from_bytes(os.urandom(8), 'big')"
    outputs = {}
    for name, source in {"steady": steady, "loose": loose, "mute": "x = 1"}.items():
        chapter = write_chapter(tmp_path / f"{name}.ipynb", source)
        outputs[name] = tmp_path / "run" / f"{name}.ipynb"
        execute.execute(chapter, outputs[name], {"budget": 0.02})
    run = [sys.executable, "-m", "bookkit.reproduce"]
    good, bad, mute = (
        subprocess.run([*run, str(outputs[n])], capture_output=True, text=True)
        for n in ("steady", "loose", "mute")
    )
    assert good.returncode == 0, good.stdout + good.stderr
    assert bad.returncode == 1
    assert "gave another output the second time" in bad.stderr
    assert mute.returncode == 1
    assert "no output to compare" in mute.stderr


def test_the_gate_names_a_missed_goal_and_binds_at_the_full_run_only(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(scoreboard, "SCOREBOARD", tmp_path / "scoreboard.json")
    chapter = write_chapter(
        tmp_path / "tiny.ipynb", RECORD.format(value=0.5, goal=">= 0.9")
    )
    full, smoke = tmp_path / "full" / "tiny.ipynb", tmp_path / "smoke" / "tiny.ipynb"
    execute.execute(chapter, full, {"budget": 1})
    execute.execute(chapter, smoke, {"budget": 0.02})
    with pytest.raises(
        BookError, match=r"chapter tiny: share is 50.0 %, the goal is at least 90.0 %"
    ):
        scoreboard.build([full])
    rows = scoreboard.build([smoke])
    assert [r.get("name") for r in rows] == [None, "share"]
    stored = json.loads((tmp_path / "scoreboard.json").read_text())
    assert stored[1] | {"value": 0.5, "met": False, "chapter": "tiny"} == stored[1]
    page = scores.page(rows, {"tiny": "Tiny"}).replace("\N{NO-BREAK SPACE}", " ")
    assert "| share | 50.0 % | baseline 10.0 % | at least 90.0 %: **missed** |" in page
    assert "| [Tiny](#scoreboard-tiny) | 0 of 1 |" in page


def test_goals_of_time_warn_and_bind_when_strict():
    row = {"chapter": "tiny", "name": "seconds", "value": 9.0, "unit": "s"}
    row |= {"goal": "<= 5", "met": False, "volatile": True}
    assert scoreboard.missed([row], strict=False)[0] == []
    assert scoreboard.missed([row], strict=True)[0]


def test_two_records_of_one_name_are_refused(tmp_path):
    cell = RECORD.format(value=0.5, goal=">= 0.1")
    chapter = write_chapter(tmp_path / "tiny.ipynb", cell, cell)
    execute.execute(chapter, tmp_path / "out.ipynb", {})
    with pytest.raises(BookError, match="records 'share' twice"):
        scoreboard.records(tmp_path / "out.ipynb")


def test_imports_follow_relative_and_package_imports(tmp_path):
    files = {
        "room/__init__.py": "",
        "room/a.py": "from . import b",
        "room/b.py": "import math",
        "room/c.py": "from room.b import x",
        "room/sub/__init__.py": "",
        "room/sub/d.py": "from ..a import y",
        "alone.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def names(source, **settings):
        found = imports.closure(source, tmp_path, **settings)
        return {str(path.relative_to(tmp_path)) for path in found}

    assert names("import alone, numpy") == {"alone.py"}
    assert names("from room import c") == {"room/__init__.py", "room/c.py", "room/b.py"}
    (tmp_path / "minigen").mkdir()
    (tmp_path / "minigen" / "gan.py").touch()
    assert names("from x import zoo\nzoo.get('gan.ring', seed=1)") == {"minigen/gan.py"}
    assert names("import room.sub.d") == {
        "room/__init__.py",
        "room/sub/__init__.py",
        "room/sub/d.py",
        "room/a.py",
        "room/b.py",
    }
    aside = names("import room.sub.d, alone, room.c", beside=["room.sub", "room.b"])
    assert aside == {"room/__init__.py", "room/c.py", "alone.py"}


def make_book(folder, toc_text, *names):
    (folder / "_toc.yml").write_text(toc_text)
    (folder / "book").mkdir()
    (folder / "book" / "index.md").write_text("# Home")
    for name in names:
        write_chapter(folder / "chapters" / f"{name}.ipynb", "1")


def test_the_toc_and_the_chapters_must_agree(tmp_path):
    text = "root: index\nparts: [{chapters: [{file: chapters/a}, {file: chapters/a}]}]"
    make_book(tmp_path, text, "a", "b")
    told = toc.problems(tmp_path)
    assert told == [
        "_toc.yml lists chapters/a twice",
        "chapters/b.ipynb is not in _toc.yml: add it or remove it",
    ]
    (tmp_path / "chapters" / "a.ipynb").unlink()
    with pytest.raises(BookError, match=r"_toc\.yml names chapters/a, but there is no"):
        toc.chapters(tmp_path / "_toc.yml")
    (tmp_path / "_toc.yml").write_text("[:")
    with pytest.raises(BookError, match="cannot be read"):
        toc.read(tmp_path / "_toc.yml")


def test_the_book_itself_lists_every_page_and_chapter_once():
    assert toc.problems() == []


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "x.json"
    paths.write_whole(target, "old")

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        paths.write_whole(target, "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.json"]


def test_a_swap_is_whole_and_one_that_was_cut_off_is_undone(tmp_path):
    page = tmp_path / "site" / "index.html"

    def fresh(text):
        new = tmp_path / "site.new"
        new.mkdir()
        (new / "index.html").write_text(text)
        return new

    site.swap(fresh("first"), tmp_path / "site")
    site.swap(fresh("second"), tmp_path / "site")
    assert page.read_text() == "second"
    (tmp_path / "site").rename(tmp_path / "site.old")  # killed between the two renames
    site.restore(tmp_path / "site")
    assert page.read_text() == "second"
    shutil.copytree(
        tmp_path / "site", tmp_path / "site.old"
    )  # killed before the clean-up
    site.restore(tmp_path / "site")
    assert sorted(os.listdir(tmp_path)) == ["site"]


@pytest.fixture
def own_build(tmp_path, monkeypatch):
    """Point the builder at folders of its own, with a last good site in place."""
    for name in ("STAGE", "OUTPUT", "SITE", "LOG"):
        monkeypatch.setattr(site, name, tmp_path / name.lower())
    good = tmp_path / "site" / "index.html"
    good.parent.mkdir()
    good.write_text("the last good site")
    return tmp_path


def small_source(folder, text):
    folder.mkdir()
    (folder / "index.md").write_text(text)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (folder / "_config.yml").write_text(
        "title: Small\nexecute: {execute_notebooks: 'off'}\n"
    )


def test_a_warning_stops_the_build_and_the_last_good_site_stays(
    own_build, monkeypatch, capsys
):
    def stage():
        small_source(own_build / "stage", "# Home\n\n[nowhere](missing.md)\n")
        return ["index"]

    monkeypatch.setattr(site, "stage", stage)
    assert site.main() == 1
    told = capsys.readouterr().err
    assert "Jupyter Book found something wrong" in told
    assert "missing.md" in told
    assert (own_build / "site" / "index.html").read_text() == "the last good site"


def test_a_full_disk_in_the_middle_leaves_the_last_good_site(
    own_build, monkeypatch, capsys
):
    def stage():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(site, "stage", stage)
    assert site.main() == 1
    assert "No space left on device" in capsys.readouterr().err
    assert (own_build / "site" / "index.html").read_text() == "the last good site"


def test_a_page_that_is_not_made_is_missed(own_build, monkeypatch):
    monkeypatch.setattr(site, "stage", lambda: ["index", "lost"])
    monkeypatch.setattr(site, "sphinx", lambda *_: own_build / "site")
    with pytest.raises(BookError, match="the site lacks the pages lost"):
        site.build()


def test_a_failure_is_told_in_a_sentence_and_a_mistake_of_ours_whole(capsys):
    @one_sentence
    def fails(error):
        raise error

    assert fails(BookError("do this")) == 1
    assert fails(FileNotFoundError(2, "No such file")) == 1
    assert capsys.readouterr().err == "error: do this\nerror: [Errno 2] No such file\n"
    with pytest.raises(ValueError, match="ours"):
        fails(ValueError("ours"))


def test_a_killed_run_leaves_the_last_good_notebook(tmp_path):
    ready = tmp_path / "ready"
    source = (
        f"import pathlib, time\npathlib.Path({str(ready)!r}).touch()\ntime.sleep(60)"
    )
    chapter = write_chapter(tmp_path / "tiny.ipynb", source)
    output = tmp_path / "out.ipynb"
    output.write_text("the last good run")
    command = [sys.executable, "-m", "bookkit.execute", str(chapter), str(output)]
    process = subprocess.Popen(command, start_new_session=True)
    for _ in range(200):
        if ready.exists():
            break
        time.sleep(0.1)
    assert ready.exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
    assert output.read_text() == "the last good run"
