"""Trained models for whoever needs them: trained once, then read from a file.

    model = zoo.get("density.mixture", seed=0, budget=1)

A family module lists its recipes: `RECIPES = {"mixture": mixture_recipe}`. A recipe is
a function of settings that returns a `Recipe`: how to build the model, how to train it,
and the data that go in. The file's key is a hash of all that shapes the weights: the
code, the settings, the seed, the budget and the data. So a stale file is never read.
"""

import ast
import contextlib
import hashlib
import importlib
import inspect
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import pooch
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from minigen.isolation import own_randomness
from minigen.progress import say
from minigen.repro import check_budget, seed_everything

PACKAGE = Path(__file__).parent
#: Modules that show and store what a model is, and have no part in its weights.
BESIDE = ("minigen.zoo", "minigen.show", "minigen.record", "minigen.progress")


@dataclass(frozen=True)
class Recipe:
    """How to make one trained model."""

    #: Returns the model with weights of no meaning.
    build: Callable[[], nn.Module]
    #: Trains it in place: train(model, seed=…, budget=…).
    train: Callable[..., object]
    #: The tensors and texts that it is trained on; they are part of the key.
    data: tuple[Tensor | str, ...] = ()


class Damaged(ValueError):
    """A file of weights is not what was written."""


def get(name: str, *, seed: int = 0, budget: float = 1.0, **settings: Any) -> nn.Module:
    """Return a trained model, from a file where there is one, in evaluation mode.

    `name` is a module of minigen and one of its recipes, such as "density.mixture";
    the settings go to the recipe. Two processes that ask at once train once. The
    caller's own random numbers stay as they are either way.
    """
    with own_randomness(seed):
        recipe, identity = _asked(name, seed, budget, settings)
        path = path_of(identity)
        with _locked(path):
            model = _read(path, recipe)
            if model is None:
                seed_everything(seed)  # again: a damaged file's model drew numbers
                model = recipe.build()
                began = time.process_time()
                recipe.train(model, seed=seed, budget=identity["budget"])
                taken = time.process_time() - began
                model = _stored(path, model, recipe, identity, seconds=taken)
    return model.eval()


def is_there(name: str, *, seed: int = 0, budget: float = 1.0, **settings: Any) -> bool:
    """Tell whether a model has been trained and stored."""
    with own_randomness(seed):
        return path_of(_asked(name, seed, budget, settings)[1]).exists()


def seconds(name: str, *, seed: int = 0, budget: float = 1.0, **settings: Any) -> float:
    """Return how long a stored model was trained, in seconds of one processor.

    Whatever it trained on the way counts too. A model that is not there, or was stored
    without its time, is a ValueError.
    """
    with own_randomness(seed):
        path = path_of(_asked(name, seed, budget, settings)[1])
    if path.exists() and "seconds" in (header := _header(path)):
        return float(header["seconds"])
    raise ValueError(
        f"nobody knows how long {name} was trained: {path} is not there or does not "
        "say; delete it if it is, and ask for the model with zoo.get"
    )


def _asked(
    name: str, seed: int, budget: float, settings: dict[str, Any]
) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe, and all that shapes the weights."""
    module, recipe_of = _find(name)
    settings = _complete(name, recipe_of, settings)
    recipe = recipe_of(**settings)
    return recipe, {
        "name": name, "seed": seed, "budget": check_budget(budget),
        "settings": settings, "code": code_hash(module),
        "data": fingerprint(*recipe.data), "torch": torch.__version__,
    }  # fmt: skip


def folder() -> Path:
    """Return where models are kept.

    MINIGEN_ZOO names it; else it is _build/zoo in the book's own folder, and where the
    library was installed without the book, a folder in the user's cache.
    """
    if named := os.environ.get("MINIGEN_ZOO"):
        return Path(named)
    root = PACKAGE.parents[1]
    if (root / "_toc.yml").is_file():
        return root / "_build" / "zoo"
    return Path(pooch.os_cache("minigen")) / "zoo"


def path_of(identity: Mapping[str, Any]) -> Path:
    """Return the file for all that shapes a model's weights.

    The name shows seed and budget, so that a quick check's models are told apart.
    """
    text = json.dumps(identity, sort_keys=True, default=str)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    plain = f"{identity['name']}-seed{identity['seed']}-budget{identity['budget']:g}"
    return folder() / f"{plain}-{key}.safetensors"


def code_hash(module: str) -> str:
    """Return a hash of a module's code and of all of minigen that it imports.

    Comments and layout do not count, nor does what only shows or stores (BESIDE).
    """
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = _file(name)
        beside = any(name == b or name.startswith(f"{b}.") for b in BESIDE)
        if file is not None and name not in found and not beside:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found[name] = ast.dump(tree)
            waiting += _imports(tree, name if file.stem == "__init__" else _above(name))
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def fingerprint(*parts: Tensor | str) -> str:
    """Return a hash of tensors (type, shape and every value) and texts."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(b"text" + hashlib.sha256(part.encode()).digest())
        else:
            values = part.detach().cpu().contiguous()
            total.update(f"{values.dtype} {tuple(values.shape)}".encode())
            total.update(values.flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def _above(module: str) -> str:
    return module.rpartition(".")[0]


def _file(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*parts[1:])
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return file
    return None


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    """Give the dotted names that code in a package imports, and the packages above."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*kept, *([base] if base else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        for name in names:
            while name:
                yield name
                name = _above(name)


def _find(name: str) -> tuple[str, Callable[..., Recipe]]:
    family, _, recipe = name.rpartition(".")
    module = f"{PACKAGE.name}.{family}"
    known: Mapping[str, Callable[..., Recipe]] = {}
    if family and _file(module):
        known = getattr(importlib.import_module(module), "RECIPES", {})
    if recipe not in known:
        raise ValueError(
            f"the zoo has no {name!r}; a name is a module and a recipe, such as "
            f'"density.mixture"; {module} has {", ".join(sorted(known)) or "none"}'
        )
    return module, known[recipe]


def _complete(
    name: str, recipe_of: Callable[..., Recipe], settings: dict[str, Any]
) -> dict[str, Any]:
    try:
        bound = inspect.signature(recipe_of).bind(**settings)
    except TypeError as error:
        raise ValueError(
            f"{name} does not take these settings ({error}); it takes "
            f"{inspect.signature(recipe_of)}"
        ) from None
    bound.apply_defaults()
    return dict(bound.arguments)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        raise OSError(
            f"trained models are kept in {path.parent}, which cannot be written "
            f"({error}); name another folder in MINIGEN_ZOO"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _read(path: Path, recipe: Recipe) -> nn.Module | None:
    if not path.exists():
        return None
    try:
        return _loaded(path, recipe)
    except (Damaged, SafetensorError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0]
        say(f"{path.name} is damaged ({reason}), so the model is trained again.")
        return None


def _loaded(path: Path, recipe: Recipe) -> nn.Module:
    header = _header(path)
    model = recipe.build()
    load_model(model, path, strict=True)
    if header.get("weights") != _weights_hash(model):
        raise Damaged("its weights are not those that its header names")
    return model


def _header(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}


def _weights_hash(model: nn.Module) -> str:
    weights = model.state_dict()
    return fingerprint(
        *(part for name in sorted(weights) for part in (name, weights[name]))
    )


def _stored(
    path: Path,
    model: nn.Module,
    recipe: Recipe,
    identity: Mapping[str, Any],
    *,
    seconds: float,
) -> nn.Module:
    """Write a model under its name in one step, and return what a reader will get."""
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise ValueError(
                f"{identity['name']} was trained to weights that are no numbers "
                f"({name}); it is not kept"
            )
    header = {"weights": _weights_hash(model), "seconds": f"{seconds:.3f}"}
    header |= {key: json.dumps(value, default=str) for key, value in identity.items()}
    handle, draft = tempfile.mkstemp(suffix=".draft", dir=path.parent)
    os.close(handle)
    try:
        save_model(model, draft, metadata=header)
        Path(draft).replace(path)
    except (OSError, SafetensorError) as error:
        say(f"The model could not be kept in {path} ({error}).")
        return model
    finally:
        Path(draft).unlink(missing_ok=True)
    # Read back, so that the first caller and all later ones get the same.
    return _loaded(path, recipe)
