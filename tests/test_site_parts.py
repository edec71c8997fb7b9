"""The parts of a site: assets from npm, the notice, the stage, the scoreboard."""

import json
import subprocess

import nbformat
import pytest

from bookkit import (
    BookError,
    assets,
    contents,
    folding,
    pages,
    paths,
    scoreboard,
    scores,
    site,
)


def npm_gives(monkeypatch, status, *, make=()):
    """Let npm be a function that makes files and ends with a status."""
    calls = []

    def run(command, *, cwd, **_):
        calls.append(command)
        for name in make:
            (cwd / "node_modules" / name).mkdir(parents=True)
        return subprocess.CompletedProcess(command, status, "", "npm error: no network")

    monkeypatch.setattr(assets.subprocess, "run", run)
    return calls


def test_assets_are_installed_once_and_again_when_the_lock_changes(
    monkeypatch, tmp_path
):
    calls = npm_gives(monkeypatch, 0, make=["mathjax"])
    modules = assets.install(tmp_path / "npm")
    assert assets.install(tmp_path / "npm") == modules
    assert len(calls) == 1
    assert calls[0][1:3] == ["ci", "--no-audit"]
    (tmp_path / "npm" / "installed.json").write_text("{}")
    (modules / "mathjax").rmdir()
    assets.install(tmp_path / "npm")
    assert len(calls) == 2


def test_a_failed_npm_says_what_and_is_tried_again(monkeypatch, tmp_path):
    calls = npm_gives(monkeypatch, 1)
    for _ in range(2):
        with pytest.raises(BookError, match="no network"):
            assets.install(tmp_path / "npm")
    assert len(calls) == 2


def test_npm_comes_from_path_or_else_from_pip_or_else_is_asked_for(monkeypatch):
    monkeypatch.setattr(assets.shutil, "which", lambda name: f"/bin/{name}")
    assert assets.command("npm") == ["/bin/npm"]
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    wheel = assets.command("npm")
    run = subprocess.run(
        [*wheel, "--version"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()[0].isdigit()

    def missing(name):
        raise assets.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(assets.importlib.metadata, "version", missing)
    with pytest.raises(BookError, match="run `make env`"):
        assets.command("npm")


def test_an_asset_that_moved_is_named(tmp_path):
    with pytest.raises(BookError, match="no longer has"):
        assets.copy(tmp_path, tmp_path / "out")


def test_the_lock_names_no_address():
    lock = json.loads((paths.WEB / "package-lock.json").read_text())
    wanted = json.loads((paths.WEB / "package.json").read_text())
    assert "resolved" not in json.dumps(lock)
    root = lock["packages"][""]
    assert root["dependencies"] == wanted["dependencies"]
    assert root["devDependencies"] == wanted["devDependencies"]


def executed(tmp_path):
    """Return an executed chapter of one record."""
    record = {"name": "share", "value": 0.5, "unit": "%", "floor": 0.1, "ceiling": None,
              "baseline": None, "goal": None, "met": None, "interval": [0.4, 0.6],
              "volatile": False}  # fmt: skip
    data = {scoreboard.RECORD_MIME: record, "text/plain": "share"}
    cell = nbformat.v4.new_code_cell(
        "x", outputs=[nbformat.v4.new_output("display_data", data)]
    )
    text = nbformat.v4.new_markdown_cell("(tiny)=\n# Tiny *chapter*\n\nIt opens.")
    notebook = nbformat.v4.new_notebook(cells=[text, cell])
    notebook.metadata["run"] = {"seconds": 12.3, "peak_mib": 456.0, "parameters": {}}
    path = tmp_path / "tiny.ipynb"
    nbformat.write(notebook, path)
    return path


def test_the_scoreboards_command_writes_and_reports(tmp_path, monkeypatch, capsys):
    chapter = executed(tmp_path)
    monkeypatch.setattr(scoreboard, "SCOREBOARD", tmp_path / "scoreboard.json")
    monkeypatch.setattr(scoreboard, "SOURCE", tmp_path)
    (tmp_path / "chapters").mkdir()
    chapter.rename(tmp_path / "chapters" / "tiny.ipynb")
    monkeypatch.setattr(scoreboard.toc, "chapters", lambda: [chapter])
    assert scoreboard.main() == 0
    rows = json.loads((tmp_path / "scoreboard.json").read_text())
    page = scores.page(rows, {"tiny": "Tiny"}).replace("\N{NO-BREAK SPACE}", " ")
    assert "| share | 50.0 % (40.0 % to 60.0 %) | floor 10.0 % |" in page
    assert "| [Tiny](#scoreboard-tiny) | none set | 12 s |" in page
    (tmp_path / "chapters" / "tiny.ipynb").unlink()
    assert scoreboard.main() == 1
    assert "error:" in capsys.readouterr().err


def test_a_staged_chapter_has_its_head_and_no_data_for_programs(tmp_path):
    notebook = nbformat.read(executed(tmp_path), as_version=4)
    assert pages.title(notebook) == "Tiny *chapter*"
    pages.add_head(notebook)
    assert notebook.cells[0].source.endswith("# Tiny *chapter*")
    assert "12 s" in notebook.cells[1].source
    assert notebook.cells[2].source == "It opens."
    pages.keep_what_is_shown(notebook)
    assert list(notebook.cells[-1].outputs[0].data) == ["text/plain"]


def measured(chapter, name, value, unit="× floor"):
    return {"chapter": chapter, "name": name, "value": value, "unit": unit,
            "floor": 1.0, "goal": None, "met": None, "volatile": False}  # fmt: skip


def test_the_scoreboard_orders_all_models_on_the_ruler_they_share():
    rows = [
        measured("first", "distance of samples to real digits, mixture", 2.0),
        measured("first", "accuracy", 0.5, "%"),
        measured("second", "distance of samples to real digits", 1.0),
    ]
    titles = {"first": "First", "second": "Second"}
    page = scores.page(rows, titles)
    ruled = page.split("(scoreboard-ruler)=")[1].split("(scoreboard-first)=")[0]
    lines = [line for line in ruled.splitlines() if "class=" in line]
    assert [line.split(" | ")[:2] for line in lines] == [
        ["| [Second](#scoreboard-second)", "1"],
        ["| [mixture](#scoreboard-first)", "2"],
    ]
    assert "--share: 50%" in lines[0]
    assert "(scoreboard-ruler)=" not in scores.page(rows[:2], titles)


def chapter_of(*cells):
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    notebook.metadata["book"] = {"description": "What it shows."}
    return notebook


def code(source, *tags, outputs=()):
    made = nbformat.v4.new_code_cell(source, outputs=list(outputs))
    made.metadata["tags"] = list(tags)
    return made


def test_the_setup_is_one_folded_line_on_the_site():
    text = nbformat.v4.new_markdown_cell
    notebook = chapter_of(
        text("(tiny)=\n# Tiny\n\nIt opens."),
        code("import torch", "hide-input"),
        text("(Two parameters.)"),
        code("seed = 0\nbudget = 1", "parameters"),
        code("budget = 0.5", "remove-cell"),
        text("Now the picture."),
        code('facts.claim("x")', "hide-input"),
    )
    folding.fold(notebook)
    assert [c.cell_type for c in notebook.cells] == [*["markdown"] * 3, "code"]
    folded = notebook.cells[1].source
    assert folded.index("<details") < folded.index("import torch")
    assert folded.index("(Two parameters.)") < folded.index("```python\nseed = 0")
    assert folded.rstrip().endswith("</details></div>\n```")
    assert folding.SETUP in folded
    assert notebook.cells[3].metadata["tags"] == ["remove-input"]


def test_a_setup_that_shows_something_stays_as_it_is():
    shown = nbformat.v4.new_output("stream", text="hello")
    for cells in (
        [code("import torch", outputs=[shown]), code("seed = 0", "parameters")],
        [code("seed = 0")],
    ):
        notebook = chapter_of(*cells)
        folding.fold(notebook)
        assert notebook.cells == cells


def test_the_list_of_chapters_follows_the_table_of_contents(tmp_path):
    nbformat.write(
        chapter_of(nbformat.v4.new_markdown_cell("word " * 300)), tmp_path / "a.ipynb"
    )
    toc = {"parts": [
        {"caption": "Start", "chapters": [{"file": "how"}]},
        {"caption": "Part I", "chapters": [{"file": "chapters/a"}]},
    ]}  # fmt: skip
    planned = {"a": "The first", "b": "The second"}
    made = contents.insert("Before.\n\n%chapters\n", toc, tmp_path, planned)
    assert "Start" not in made
    assert made.index("Part I") < made.index("[](chapters/a.ipynb)")
    assert ": What it shows." in made
    assert "2 min to read" in made
    assert "To come: The second." in made
    named = contents.insert("See {chapter}`a`, {chapter}`b`.", toc, tmp_path, planned)
    assert named == "See [The first](chapters/a.ipynb), *The second* (not written yet)."
    with pytest.raises(BookError, match="'c'"):
        contents.insert("{chapter}`c`", toc, tmp_path, planned)


def test_a_chapter_that_was_not_run_stops_the_site(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "SOURCE", tmp_path)
    with pytest.raises(BookError, match="run `make book`"):
        site.stage(tmp_path / "stage")


def test_outside_of_git_the_footer_names_no_commit(monkeypatch):
    def no_git(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(site.subprocess, "run", no_git)
    assert site.commit() == ""
    assert "commit" not in site.configuration()["html"]["extra_footer"]
