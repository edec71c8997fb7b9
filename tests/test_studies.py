"""Studies: what is committed fits the code, a small budget runs, results load."""

import json
import math

import pytest
import torch
from scipy import stats

from bookkit import BookError, imports, studies
from minigen import repro, ruler
from minigen.studies import load, mean_interval

NAMES = studies.names()
STUDY = """
from minigen import repro

SETTINGS = {"seeds": 3}

def run(settings, budget, report):
    report("working")
    return {"value": settings["seeds"] * budget}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny.py").write_text(STUDY, encoding="utf-8")
    return tmp_path


def finite(value):
    """Tell whether every number in a piece of JSON is one."""
    if isinstance(value, dict):
        return all(finite(v) for v in value.values())
    if isinstance(value, list):
        return all(finite(v) for v in value)
    return not isinstance(value, float) or math.isfinite(value)


@pytest.mark.parametrize("name", NAMES)
def test_committed_results_are_whole_and_made_with_these_settings(name):
    assert studies.check(name) == []
    stored = json.loads((studies.STUDIES / f"{name}.json").read_text(encoding="utf-8"))
    assert finite(stored)
    if studies.is_stale(name):
        print(f"{name} was made with other code: `python -m bookkit.studies {name}`")


@pytest.mark.parametrize("name", NAMES)
def test_every_study_runs_at_a_small_budget(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_STUDIES", str(tmp_path))
    committed = studies.STUDIES / f"{name}.json"
    before = committed.read_bytes() if committed.is_file() else None
    path = studies.run(name, budget=0.02, out=tmp_path)
    made = load(name)
    assert path.parent == tmp_path
    assert finite(made.results)
    assert made.budget == 0.02
    assert (committed.read_bytes() if committed.is_file() else None) == before


def test_a_result_says_how_it_was_made(folder, capsys):
    path = studies.run("tiny", folder=folder)
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert list(stored) == list(studies.KEYS)
    assert stored["results"] == {"value": 3}
    assert stored["code"] == studies.code("tiny", folder)
    assert "working" in capsys.readouterr().out
    assert studies.check("tiny", folder) == []
    assert not studies.is_stale("tiny", folder)


def test_a_small_budget_never_replaces_the_committed_result(folder):
    for out in (None, folder):
        with pytest.raises(BookError, match="--out"):
            studies.run("tiny", budget=0.1, out=out, folder=folder)
    elsewhere = folder / "small"
    studies.run("tiny", budget=0.1, out=elsewhere, folder=folder)
    assert (elsewhere / "tiny.json").is_file()
    assert not (folder / "tiny.json").exists()


def test_check_names_what_does_not_fit(folder):
    assert "no result" in studies.check("tiny", folder)[0]
    path = studies.run("tiny", folder=folder)
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-20], encoding="utf-8")
    assert "not JSON" in studies.check("tiny", folder)[0]
    path.write_text(whole.replace('"code"', '"node"'), encoding="utf-8")
    assert "lacks code" in studies.check("tiny", folder)[0]
    path.write_text(whole, encoding="utf-8")
    study = folder / "tiny.py"
    study.write_text(STUDY.replace('"seeds": 3', '"seeds": 4'), encoding="utf-8")
    assert "SETTINGS" in studies.check("tiny", folder)[0]
    told = STUDY.replace("report):\n", 'report):\n    """Say it."""  # better\n')
    study.write_text(told, encoding="utf-8")
    assert not studies.is_stale("tiny", folder)
    study.write_text(STUDY.replace("* budget", "+ budget"), encoding="utf-8")
    assert studies.check("tiny", folder) == []
    assert studies.is_stale("tiny", folder)


def test_the_code_hash_covers_what_a_study_imports(folder):
    plain = studies.code("tiny", folder)
    text = STUDY.replace("import repro", "import repro, metrics")
    (folder / "tiny.py").write_text(text, encoding="utf-8")
    assert studies.code("tiny", folder) != plain


@pytest.mark.parametrize("name", NAMES)
def test_what_only_shows_or_stores_makes_no_result_stale(name):
    files = studies.covered(name)
    parts = {part for file in files for part in file.relative_to(imports.LIB).parts}
    assert not parts & {"show", "record.py", "progress.py", "zoo.py"}
    assert parts >= {"minigen", "repro.py"}


def test_results_that_json_cannot_hold_are_refused_and_nothing_is_written(folder):
    text = STUDY.replace('settings["seeds"] * budget', 'float("nan")')
    (folder / "tiny.py").write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match="cannot be stored"):
        studies.run("tiny", folder=folder)
    assert [path.name for path in folder.glob("*.json")] == []


def test_a_study_that_is_none_is_named(folder):
    (folder / "empty.py").write_text("SETTINGS = {}\n", encoding="utf-8")
    with pytest.raises(BookError, match="defines no run"):
        studies.run("empty", folder=folder)
    with pytest.raises(BookError, match="there are: empty, tiny"):
        studies.run("tinny", folder=folder)


def test_the_command_runs_checks_and_refuses(folder, capsys):
    assert studies.main(["--check"], folder) == 1
    assert studies.main(["tiny"], folder) == 0
    assert studies.main(["--check"], folder) == 0
    (folder / "tiny.py").write_text(STUDY + "\nlater = 1\n", encoding="utf-8")
    assert studies.main(["--check"], folder) == 0
    assert studies.main(["tiny", "--budget", "0.5"], folder) == 1
    assert studies.main(["tiny", "--budget", "0"], folder) == 1
    assert studies.main(["nothing"], folder) == 1
    assert studies.main([], folder / "empty") == 0
    said = capsys.readouterr()
    assert "tiny: fresh" in said.out
    assert "tiny: stale" in said.out
    assert "there is no study 'nothing'" in said.err
    assert "tiny has no result" in said.err


def test_studies_side_by_side_fail_when_one_fails(monkeypatch):
    seen = []

    class Done:
        def __init__(self, returncode):
            self.returncode = returncode

    def ran(command, env, check):
        seen.append((command[-1], env["OMP_NUM_THREADS"]))
        return Done(int(command[-1] == "bad"))

    monkeypatch.setattr(studies.subprocess, "run", ran)
    assert studies.run_all(["good", "fine"], budget=1.0, out=None, jobs=2) == 0
    assert studies.run_all(["good", "bad"], budget=1.0, out=None, jobs=2) == 1
    assert ("bad", "1") in seen


def test_load_finds_the_nearest_result_above(folder, monkeypatch):
    monkeypatch.delenv("MINIGEN_STUDIES", raising=False)
    studies.run("tiny", out=folder / "studies", folder=folder)
    below = folder / "chapters" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    made = load("tiny")
    assert (made.results, made.settings) == ({"value": 3}, {"seeds": 3})
    with pytest.raises(FileNotFoundError, match=r"no result other\.json"):
        load("other")
    with pytest.raises(ValueError, match="plain name"):
        load("../tiny")
    monkeypatch.setenv("MINIGEN_STUDIES", str(folder))
    with pytest.raises(FileNotFoundError, match=r"no result tiny\.json"):
        load("tiny")
    (folder / "tiny.json").write_text('{"study": "tiny"}', encoding="utf-8")
    with pytest.raises(ValueError, match="not the whole result"):
        load("tiny")


def test_an_interval_over_seeds_is_students():
    mean, reach = mean_interval([1.0, 2.0, 4.0])
    found = stats.ttest_1samp([1.0, 2.0, 4.0], 0).confidence_interval(0.95)
    assert (mean - reach, mean + reach) == pytest.approx((found.low, found.high))
    assert mean_interval([3.0, 3.0]) == (3.0, 0.0)
    with pytest.raises(ValueError, match="2 values or more, not 1"):
        mean_interval([3.0])


# What the ruler's study must show for the ruler to be trusted.


@pytest.fixture(scope="module")
def trust():
    path = studies.STUDIES / "ruler.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_ruler_is_studied_as_it_is_used(trust):
    assert trust["settings"]["draws"] == ruler.DRAWS
    assert trust["results"]["baselines"]["size"] == ruler.SIZE


def test_the_floors_spread_is_within_five_per_cent(trust):
    for floors in trust["results"]["floor"].values():
        assert floors["energy"]["relative"] <= 0.05
        assert floors["energy, few draws"]["relative"] <= 0.05


def test_a_perfect_generator_has_ratio_one_within_its_interval(trust):
    for mode, most in (("labelled", 0.05), ("unlabelled", 0.15)):
        found = trust["results"]["perfect"][mode]
        error = found["energy"]["sd"] / math.sqrt(trust["results"]["splits"])
        assert abs(found["energy"]["mean"] - 1) < 3 * error
        assert found["energy"]["sd"] <= most
        assert found["interval_covers"] >= 0.95


def test_the_energy_distance_was_the_better_choice(trust):
    perfect = trust["results"]["perfect"]["labelled"]
    assert perfect["frechet"]["sd"] > 0.05 >= perfect["energy"]["sd"]
    blur = trust["results"]["defects"]["blur, sigma in pixels"]["measures"]
    assert blur["energy"]["smallest"] < blur["frechet"]["smallest"]


def test_copies_are_found_by_their_own_test_alone(trust):
    found = trust["results"]["defects"]["share of copies of training data"]["measures"]
    assert found["copies, close"]["smallest"] <= 0.05
    assert found["energy"]["smallest"] is None
    assert found["frechet"]["smallest"] is None


def test_a_trials_parts_are_disjoint_and_repeat_with_their_seed():
    module = studies.module("ruler")
    y = torch.randint(10, (200,), generator=repro.generator(0))
    first = module.halves(y, 60, repro.generator(1))
    again = module.halves(y, 60, repro.generator(1))
    assert torch.equal(first[0], again[0])
    assert not set(first[0].tolist()) & set(first[1].tolist())
    assert len(first[0]) + len(first[1]) == 200


def test_the_chapter_on_sampling_says_of_the_rules_what_the_study_shows():
    path = studies.STUDIES / "sampling.json"
    made = json.loads(path.read_text(encoding="utf-8"))["results"]
    found = made["differences"]
    assert found["top-p, widest, over no rule"]["low"] > 0
    for behind in ("top-p over min-p", "top-p, hot over min-p, hot",
                   "top-k over temperature", "top-p over temperature"):  # fmt: skip
        assert found[behind]["high"] < 0
    assert found["min-p over temperature"]["low"] < 0
    assert found["min-p over temperature"]["high"] > 0
    shares = made["curves"]["temperature"]["possible"][1:]
    assert shares == sorted(shares, reverse=True)
