"""Every live model of the site gives in the page what torch gave in its chapter."""

import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
import visit
from live_page import CLOSE, RUN, in_time, settle, unpacked
from playwright.sync_api import Browser, Page

from bookkit import archive, live, toc
from bookkit.paths import SITE, SOURCE


def models() -> dict[str, Any]:
    """Return the live models of the executed chapters, by chapter and name."""
    found = {}
    for chapter in toc.chapters():
        executed = nbformat.read(SOURCE / "chapters" / chapter.name, as_version=4)
        for data in live.outputs(executed):
            name = data[live.LIVE_MIME]["name"]
            found[f"{chapter.stem}/{name}"] = data
    return found


MODELS = models()
every_model = pytest.mark.parametrize("model", MODELS)


def where(model: str) -> tuple[str, str]:
    """Return a model's page and its name there."""
    chapter, name = model.split("/")
    return f"chapters/{chapter}.html", name


def stored(model: str) -> Any:
    return MODELS[model][live.LIVE_MIME]


def expect_torchs(tab: Page, name: str, cases: list[Any]) -> None:
    for case in cases:
        made = tab.evaluate(RUN, [name, case["inputs"]])
        for key, packed in case["outputs"].items():
            far = (torch.tensor(made[key]) - unpacked(packed).flatten()).abs().max()
            assert far < CLOSE, f"{name}: {key} is {far:.2g} from torch's"


@every_model
def test_its_file_is_in_the_site(model: str, soup: Any) -> None:
    page, name = where(model)
    file = live.address(MODELS[model], model.partition("/")[0])
    assert soup(page).find(id=f"fig-{name}")["data-model"] == file
    assert (SITE / "_static" / file).read_bytes() == live.file(MODELS[model])


@every_model
def test_it_gives_what_torch_gave(browser: Browser, address: str, model: str) -> None:
    page, name = where(model)
    with visit.opened(browser, address, page) as (tab, seen):
        assert not [url for url in seen.first if "/ort/" in url or ".onnx" in url]
        expect_torchs(tab, name, stored(model)["cases"])
    assert not seen.foreign
    assert not seen.complaints


@every_model
def test_it_shows_its_still_again(browser: Browser, address: str, model: str) -> None:
    page, name = where(model)
    with visit.opened(browser, address, page) as (tab, seen):
        figure = f"document.querySelector('#fig-{name}').live"
        for _ in range(2):  # the first time loads the model
            tab.evaluate(f"{figure}.change()")
            settle(tab, name)
        shown = torch.tensor(tab.evaluate(f"[...{figure}.output.values]"))
        last = unpacked(stored(model)["last"]).flatten()
        assert (shown - last).abs().max() < CLOSE
        if took := tab.evaluate(f"{figure}.loop?.took"):
            steps = tab.evaluate(f"{figure}.loop.total")
            in_time(f"25 steps of {model}", took * 25 / steps, 1000)
        visit.expect_usable(tab)
    assert not seen.complaints


def test_only_pages_with_live_models_load_their_script(page: str, soup: Any) -> None:
    scripts = [tag["src"] for tag in soup(page).find_all("script", src=True)]
    loads = any("live.js" in address for address in scripts)
    assert loads == bool(soup(page).select("figure[data-live]"))


@pytest.mark.skipif(not MODELS, reason="no chapter has a live model")
def test_the_offline_edition_runs_them_too(browser: Browser, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive.pack(SITE, tmp_path / "site.zip")) as file:
        file.extractall(tmp_path)
    root = (tmp_path / archive.FOLDER).as_uri() + "/"
    for model in MODELS:
        page, name = where(model)
        with visit.opened(browser, root, page) as (tab, seen):
            assert not [url for url in seen.first if "/ort/" in url or ".onnx" in url]
            expect_torchs(tab, name, stored(model)["cases"][:1])
        assert not seen.foreign
        assert not seen.complaints
