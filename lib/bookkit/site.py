"""Make the site of the executed chapters and the pages of `book/`.

It is built beside the old one and swapped in whole, so a failure leaves the last good
site standing.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml

from bookkit import (
    BookError,
    assets,
    chart,
    contents,
    elsewhere,
    excerpts,
    facts,
    folding,
    glossing,
    guide,
    live,
    meta,
    one_sentence,
    pages,
    scores,
    slides,
    teaching,
    toc,
)
from bookkit.elsewhere import addresses
from bookkit.paths import BUILD, PAGES, ROOT, SCOREBOARD, SITE, SOURCE, WEB, relative
from minigen.facts import terms

STAGE = BUILD / "stage"
OUTPUT = BUILD / "sphinx"
LOG = BUILD / "site.log"
SHOW = ROOT / "lib" / "minigen" / "show"


def commit() -> str:
    """Return the short name of the commit that is being built, or "" outside of git."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return run.stdout.strip()


def configuration() -> dict[str, Any]:
    """Return `_config.yml` with the footer and what the public addresses allow."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    known = addresses()
    report = elsewhere.report(known["repository"])
    edition = f"Edition {known['version']}" + (
        f", commit {commit()}" if commit() else ""
    )
    config.setdefault("html", {})["extra_footer"] = (
        f"<p>{edition}. Text and figures CC BY 4.0, code MIT. "
        '<a href="THIRD-PARTY.txt" data-from-root>Work of others</a>. '
        f'<a href="{report}"{"" if "://" in report else " data-from-root"}>'
        "Report a mistake</a>.</p>"
    )
    # Sphinx reads it from where it runs, not from where the configuration lies.
    config["sphinx"]["config"]["html_search_scorer"] = str(WEB / "scorer.js")
    if known["site"]:
        config["html"]["baseurl"] = known["site"] + "/"
    if known["repository"]:
        config["repository"] = {"url": known["repository"], "branch": "main"}
        config["html"]["use_repository_button"] = True
    return config


def stage(target: Path = STAGE) -> list[str]:
    """Lay out the source of the site in `target`; return the documents it must make."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(PAGES, target, ignore=shutil.ignore_patterns("_*", ".*"))
    (target / "chapters").mkdir(exist_ok=True)
    titles = stage_chapters(target)
    stage_pages(target, titles)
    shutil.copy2(ROOT / "_toc.yml", target / "_toc.yml")
    config = yaml.safe_dump(configuration(), allow_unicode=True, sort_keys=False)
    (target / "_config.yml").write_text(config, encoding="utf-8")
    modules = assets.install()
    assets.copy(modules, target / "_assets")
    for path in [
        *SHOW.glob("*.css"),
        *SHOW.glob("*.js"),
        *WEB.glob("*.css"),
        *WEB.glob("*.js"),
        *WEB.glob("*.svg"),
    ]:
        shutil.copy2(path, target / "_assets" / path.name)
    (target / "THIRD-PARTY.txt").write_text(assets.notice(modules), encoding="utf-8")
    return toc.entries(toc.read())


def stage_chapters(target: Path) -> dict[str, str]:
    """Lay out the executed chapters as the site shows them; return their titles."""
    titles = {}
    repository = addresses()["repository"]
    for chapter in toc.chapters():
        executed = SOURCE / "chapters" / chapter.name
        if not executed.is_file():
            raise BookError(f"{relative(executed)} is missing: run `make book`")
        notebook = nbformat.read(executed, as_version=4)
        titles[chapter.stem] = pages.title(notebook)
        links = {"Slides": f"../{slides.FOLDER}/{chapter.stem}.html"}
        links |= elsewhere.links(repository, chapter.stem)
        pages.add_head(notebook, links)
        live.place(notebook, chapter.stem, target / "_assets")
        pages.keep_what_is_shown(notebook)
        folding.fold(notebook)
        glossing.link(notebook, terms())
        staged = target / "chapters" / chapter.name
        nbformat.write(notebook, staged)
        when = executed.stat()
        os.utime(staged, ns=(when.st_atime_ns, when.st_mtime_ns))
    return titles


def stage_pages(target: Path, titles: dict[str, str]) -> None:
    """Lay out the pages written by hand, and those made of numbers and facts."""
    runs = SOURCE / "chapters"
    rows = json.loads(SCOREBOARD.read_text(encoding="utf-8"))
    for page in target.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        text = contents.insert(text, toc.read(), runs, facts.planned())
        text = slides.insert(scores.insert(text, rows, titles))
        text = guide.insert(excerpts.insert(text, runs), runs)
        page.write_text(text, encoding="utf-8")
    notebooks = [runs / path.name for path in toc.chapters()]
    made = {
        "scoreboard.md": scores.page(rows, titles),
        "next.md": chart.page(chart.read(notebooks, facts.planned())),
    }
    facts.check()
    teaching.check()
    for name, text in (made | facts.all_pages(rows)).items():
        (target / name).write_text(text, encoding="utf-8")


def sphinx(source: Path, output: Path) -> Path:
    """Run Jupyter Book with warnings as errors; return the folder of HTML."""
    shutil.rmtree(output / "_build" / "html", ignore_errors=True)
    command = [
        sys.executable, "-c", "from jupyter_book.cli.main import main; main()",
        "build", str(source), "--path-output", str(output),
        "--all", "--warningiserror", "--nitpick", "--keep-going", "--quiet",
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    LOG.write_text(run.stdout + run.stderr, encoding="utf-8")
    if run.returncode:
        lines = (run.stdout + run.stderr).splitlines()
        told = [s for s in lines if "WARNING" in s or "ERROR" in s] or lines[-8:]
        listed = "\n".join(
            f"    {line.replace(str(source) + '/', '')}" for line in told
        )
        raise BookError(
            f"Jupyter Book found something wrong:\n{listed}\n  The whole log is in "
            f"{relative(LOG)}; the last good site still stands."
        )
    return output / "_build" / "html"


def swap(new: Path, site: Path) -> None:
    """Put `new` in the place of `site`; at every moment one of them is whole."""
    old = site.with_name(site.name + ".old")
    restore(site)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def restore(site: Path) -> None:
    """Bring back the old site if a swap was cut off in its middle."""
    old = site.with_name(site.name + ".old")
    if old.exists():
        if site.exists():
            shutil.rmtree(old)
        else:
            old.rename(site)


def build() -> None:
    """Build the site and swap it in."""
    restore(SITE)
    documents = stage()
    html = sphinx(STAGE, OUTPUT)
    missing = [name for name in documents if not (html / f"{name}.html").is_file()]
    if missing:
        raise BookError(f"the site lacks the pages {', '.join(missing)}; see {LOG}")
    shutil.copy2(STAGE / "THIRD-PARTY.txt", html / "THIRD-PARTY.txt")
    pages.finish(html, addresses(), meta.described(STAGE))
    slides.write(html / slides.FOLDER, scripts="../_static/")
    new = SITE.with_name("site.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(html, new, ignore=shutil.ignore_patterns(".buildinfo*", "*.inv"))
    swap(new, SITE)


@one_sentence
def main() -> int:
    """Build the site from the command line; return the exit status."""
    build()
    print(f"site: open {relative(SITE / 'index.html')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
