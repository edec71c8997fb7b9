"""One environment, told in four files: they must agree, and the machine with them."""

import importlib.metadata
import itertools
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bookkit import site
from bookkit.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def requirements():
    extras = itertools.chain(*PROJECT["optional-dependencies"].values())
    return [Requirement(text) for text in [*PROJECT["dependencies"], *extras]]


def test_every_requirement_is_pinned_and_its_pin_fits():
    pins = constraints()
    for requirement in requirements():
        pin = pins[canonicalize_name(requirement.name)]
        [exact] = pin.specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version), (
            f"{pin} breaks {requirement}"
        )


def test_constraints_name_no_file_and_no_address():
    assert not re.search(
        r"://|@ |^-", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )


def test_conda_brings_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    torch = next(
        d for d in environment["dependencies"] if str(d).startswith("pytorch=")
    )
    assert (
        torch == f"pytorch={next(iter(constraints()['torch'].specifier)).version}=cpu_*"
    )
    python = next(
        d for d in environment["dependencies"] if str(d).startswith("python=")
    )
    assert python.removeprefix("python=") in PROJECT["requires-python"]
    [pip] = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    extras = ",".join(PROJECT["optional-dependencies"])
    assert pip == ["-c constraints.txt", f"-e .[{extras}]"]


def test_this_environment_is_the_pinned_one():
    if os.environ.get("ANY_VERSIONS"):
        pytest.skip("ANY_VERSIONS is set: other versions are tried on purpose")
    for requirement in requirements():
        pin = constraints()[canonicalize_name(requirement.name)]
        version = importlib.metadata.version(requirement.name)
        assert pin.specifier.contains(version, prereleases=True), (
            f"{pin}, not {version}"
        )


def test_make_names_the_python_it_needs_and_lists_its_targets():
    makefile = (ROOT / "Makefile").read_text()
    assert "sys.version_info < (3, 11)" in makefile
    assert PROJECT["requires-python"] == ">=3.11"
    told = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True
    )
    readme = (ROOT / "README.md").read_text()
    targets = [line.split()[0] for line in told.stdout.splitlines()]
    assert {"book", "test", "check", "lab", "serve", "help"} <= set(targets)
    for target in targets:
        assert f"`make {target}`" in readme, (
            f"the README does not say what {target} does"
        )


def test_the_citation_follows_the_one_setting():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    known = site.addresses()
    assert citation["version"] == known["version"]
    assert citation.get("repository-code", "") == known["repository"]
    assert citation.get("url", "") == known["site"]


def test_without_an_address_nothing_points_to_one(monkeypatch):
    none = {"repository": "", "site": "", "version": "1"}
    monkeypatch.setattr(site, "addresses", lambda: none)
    bare = site.configuration()
    assert "repository" not in bare
    known = none | {
        "repository": "https://github.com/a/b",
        "site": "https://a.github.io/b",
    }
    monkeypatch.setattr(site, "addresses", lambda: known)
    full = site.configuration()
    assert full["repository"]["url"] == "https://github.com/a/b"
    assert full["html"]["baseurl"] == "https://a.github.io/b/"


def test_types_and_style_hold():
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
    ):
        run = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr
