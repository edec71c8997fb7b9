"""The zoo: what makes a new model, what finds the old one, and what goes wrong."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from minigen import density, zoo


class Tied(nn.Module):
    """Two names for one weight, a buffer, and a sign of how often it was trained."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width, bias=False)
        self.second = nn.Linear(width, width, bias=False)
        self.second.weight = self.first.weight
        self.register_buffer("runs", torch.zeros((), dtype=torch.long))


TRAININGS: list[float] = []


def recipe(*, width: int = 3, text: str = "abc", fill: float = 0.0) -> zoo.Recipe:
    def train(model: Tied, *, seed: int, budget: float) -> None:
        TRAININGS.append(budget)
        model.runs += 1
        with torch.no_grad():
            model.first.weight += fill
            torch.rand(3)

    return zoo.Recipe(lambda: Tied(width), train, data=(torch.arange(3.0), text))


@pytest.fixture(autouse=True)
def own_zoo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path / "zoo"))
    monkeypatch.setitem(density.RECIPES, "tied", recipe)
    TRAININGS.clear()
    return tmp_path / "zoo"


def test_the_time_of_training_stays_with_the_model(
    own_zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"is not there.*zoo\.get"):
        zoo.seconds("density.tied", fill=1.0)
    clock = iter([10.0, 12.5])
    monkeypatch.setattr(zoo.time, "process_time", lambda: next(clock))
    for _ in range(2):  # the second is read, and nobody looks at the clock
        zoo.get("density.tied", fill=1.0)
        assert zoo.seconds("density.tied", fill=1.0) == 2.5
    with pytest.raises(ValueError, match="not there"):
        zoo.seconds("density.tied", fill=2.0)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def test_a_model_is_trained_once_and_then_read(own_zoo: Path) -> None:
    first, second = zoo.get("density.tied"), zoo.get("density.tied")
    assert TRAININGS == [1.0]
    assert torch.equal(first.first.weight, second.first.weight)
    assert first.runs == second.runs == 1
    assert second.first.weight is second.second.weight
    assert not first.training
    assert len(files(own_zoo)) == 1
    assert not list(own_zoo.glob("*.draft"))


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"budget": 0.02}, {"width": 4}, {"text": "abd"}, {"fill": 1.0}],
)
def test_what_shapes_the_weights_is_in_the_key(own_zoo: Path, change: dict) -> None:
    zoo.get("density.tied")
    zoo.get("density.tied", **change)
    assert len(TRAININGS) == len(files(own_zoo)) == 2


def test_a_default_said_aloud_is_the_same_model() -> None:
    zoo.get("density.tied")
    zoo.get("density.tied", width=3, budget=1, seed=0)
    assert len(TRAININGS) == 1


def test_a_quick_checks_file_is_told_by_its_name(own_zoo: Path) -> None:
    zoo.get("density.tied", budget=0.02, seed=7)
    assert files(own_zoo)[0].name.startswith("density.tied-seed7-budget0.02-")


def test_code_is_in_the_key(own_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo.get("density.tied")
    monkeypatch.setattr(zoo, "code_hash", lambda module: "other")
    zoo.get("density.tied")
    assert len(files(own_zoo)) == 2


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A library with the package's name, in which `family` imports `deep` by way."""
    root = tmp_path / "minigen"
    (root / "part").mkdir(parents=True)
    sources = {
        "__init__.py": "",
        "family.py": "from minigen import show\nfrom minigen.part import way\n",
        "part/__init__.py": "",
        "part/way.py": "def f():\n    from . import deep\n    from ..beyond import g\n",
        "part/deep.py": "DEEP = 1\n",
        "beyond.py": "import minigen.family\ng = 1\n",
        "show.py": "",
        "other.py": "",
    }
    for name, text in sources.items():
        (root / name).write_text(text)
    monkeypatch.setattr(zoo, "PACKAGE", root)
    return root


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("family.py", True),
        ("part/__init__.py", True),
        ("part/way.py", True),
        ("part/deep.py", True),
        ("beyond.py", True),
        ("show.py", False),
        ("other.py", False),
    ],
)
def test_code_is_what_is_imported_also_by_others(
    package: Path, file: str, counts: bool
) -> None:
    before = zoo.code_hash("minigen.family")
    with (package / file).open("a") as source:
        source.write("CHANGED = True\n")
    assert (zoo.code_hash("minigen.family") != before) == counts


def test_comments_and_layout_are_no_code(package: Path) -> None:
    before = zoo.code_hash("minigen.family")
    (package / "part" / "deep.py").write_text("# Why one?\n\nDEEP  =  1\n")
    assert zoo.code_hash("minigen.family") == before


def test_the_callers_random_numbers_do_not_tell_training_from_reading() -> None:
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002 - the global state is the subject
        random.seed(3)
        zoo.get("density.tied")
        drawn.append((torch.rand(1).item(), np.random.rand(), random.random()))  # noqa: NPY002
    assert len(TRAININGS) == 1
    assert drawn[0] == drawn[1]


def test_equal_seeds_give_equal_weights_and_others_do_not(own_zoo: Path) -> None:
    first = zoo.get("density.tied").first.weight
    files(own_zoo)[0].unlink()
    assert torch.equal(zoo.get("density.tied").first.weight, first)
    assert not torch.equal(zoo.get("density.tied", seed=1).first.weight, first)


def damage_end(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def damage_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))


def damage_all(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [damage_end, damage_bit, damage_all])
def test_a_damaged_file_is_said_and_trained_again(
    own_zoo: Path, capsys: pytest.CaptureFixture, damage
) -> None:
    good = zoo.get("density.tied").first.weight
    damage(files(own_zoo)[0])
    assert torch.equal(zoo.get("density.tied").first.weight, good)
    assert "is damaged" in capsys.readouterr().err
    assert torch.equal(zoo.get("density.tied").first.weight, good)
    assert len(TRAININGS) == 2


def test_weights_that_are_no_numbers_are_not_kept(own_zoo: Path) -> None:
    with pytest.raises(ValueError, match=r"no numbers \(first.weight\)"):
        zoo.get("density.tied", fill=float("nan"))
    assert not files(own_zoo)


def test_a_full_disk_costs_the_file_and_not_the_model(
    own_zoo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def full(model: nn.Module, name: str, metadata: dict) -> None:
        Path(name).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zoo, "save_model", full)
    assert zoo.get("density.tied").runs == 1
    assert "No space left" in capsys.readouterr().err
    assert not files(own_zoo)
    assert not list(own_zoo.glob("*.draft"))


def test_a_folder_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path / "file" / "zoo"))
    with pytest.raises(OSError, match="another folder in MINIGEN_ZOO"):
        zoo.get("density.tied")


@pytest.mark.parametrize("name", ["density.none", "nothing.at_all", "density", "..x."])
def test_an_unknown_name_is_answered_with_the_known(name: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        zoo.get(name)


def test_unknown_settings_are_answered_with_the_known() -> None:
    with pytest.raises(ValueError, match=r"'height'.*width"):
        zoo.get("density.tied", height=3)


def test_the_folder_is_the_books_own_without_a_wish(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MINIGEN_ZOO")
    monkeypatch.setattr(zoo, "PACKAGE", tmp_path / "lib" / "minigen")
    assert tmp_path not in zoo.folder().parents
    (tmp_path / "_toc.yml").write_text("")
    assert zoo.folder() == tmp_path / "_build" / "zoo"


def test_fingerprints_see_type_shape_value_and_order() -> None:
    parts = [
        (torch.zeros(4),),
        (torch.zeros(2, 2),),
        (torch.zeros(4, dtype=torch.int32),),
        (torch.tensor([0.0, 0, 0, 1e-30]),),
        (torch.zeros(4), "a"),
        ("a", torch.zeros(4)),
        ("ab", "c"),
        ("a", "bc"),
        (torch.zeros(()),),
        (torch.zeros(0),),
    ]
    assert len({zoo.fingerprint(*part) for part in parts}) == len(parts)
    assert zoo.fingerprint(torch.eye(3).T) == zoo.fingerprint(torch.eye(3))


ASK = """
from minigen import density, zoo
from test_zoo import recipe
density.RECIPES["tied"] = recipe
model = zoo.get("density.tied", width=400)
from test_zoo import TRAININGS
print(len(TRAININGS), float(model.first.weight.sum()))
"""


def test_processes_that_ask_at_once_train_once_and_read_the_same(
    own_zoo: Path,
) -> None:
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", ASK],
            cwd=Path(__file__).parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].split() for process in asked]
    assert sorted(count for count, _ in answers) == ["0", "1"]
    assert len({total for _, total in answers}) == 1


def test_a_real_recipe_comes_back_from_its_file() -> None:
    trained, read = zoo.get("density.gaussian"), zoo.get("density.gaussian")
    x = torch.rand(3, 1, 8, 8, dtype=torch.float64)
    assert mse_loss(trained.log_joint(x), read.log_joint(x)) == 0
    assert trained.log_prior.exp().sum() == pytest.approx(1)
