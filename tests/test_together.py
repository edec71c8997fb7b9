"""Training side by side: the same models as one by one, and no harm where it fails."""

import pytest
import torch

from minigen import together, zoo

NAMES = ("latent.autoencoder", "vqvae.tokens")
SETTINGS = {"seed": 3, "budget": 0.02}


def weights(name):
    return list(zoo.get(name, **SETTINGS).state_dict().values())


@pytest.fixture(autouse=True)
def own_zoo(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path / "zoo"))
    return tmp_path / "zoo"


def test_models_are_those_that_are_trained_one_by_one(monkeypatch, tmp_path, capfd):
    together.train([*NAMES, NAMES[0]], cores=2, **SETTINGS)
    assert all(zoo.is_there(name, **SETTINGS) for name in NAMES)
    said = capfd.readouterr()
    assert "2 models, 2 at a time" in said.err
    assert not said.out
    made = [weights(name) for name in NAMES]
    monkeypatch.setenv("MINIGEN_ZOO", str(tmp_path / "another"))
    for name, theirs in zip(NAMES, made, strict=True):
        assert all(map(torch.equal, weights(name), theirs))


def test_one_core_and_one_missing_model_are_left_to_the_zoo(own_zoo):
    together.train(NAMES, cores=1, **SETTINGS)
    together.train(NAMES[:1], cores=2, **SETTINGS)
    assert not list(own_zoo.glob("*.safetensors"))


def test_a_failure_is_told_by_whoever_asks_for_the_model(own_zoo, capfd):
    own_zoo.write_text("a file where a folder should be")
    together.train(NAMES, cores=2, **SETTINGS)
    assert "Traceback" not in capfd.readouterr().err
    with pytest.raises(OSError, match="MINIGEN_ZOO"):
        zoo.get(NAMES[0], **SETTINGS)


def test_a_wrong_name_is_an_error_at_once():
    with pytest.raises(ValueError, match=r"the zoo has no 'vqvae\.nothing'"):
        together.train(["vqvae.nothing"], cores=2)
