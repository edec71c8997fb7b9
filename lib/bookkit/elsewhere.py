"""Where a chapter runs without installing anything, once there is a repository."""

import tomllib
from urllib.parse import quote

from bookkit.paths import ROOT

GITHUB = "https://github.com/"
#: The branch with the copies of chapters for Colab (see colab.py).
BRANCH = "colab"
#: What the library needs that Colab has not.
PACKAGES = "jaxtyping beartype pooch safetensors"


def addresses() -> dict[str, str]:
    """Return the public addresses of the repository and the site, "" when unsettled."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)
    found = {
        key: project["tool"]["bookkit"][key].rstrip("/")
        for key in ("repository", "site")
    }
    return found | {"version": project["project"]["version"]}


def report(repository: str) -> str:
    """Return where a reader reports a mistake: an issue, or the page that says how."""
    if repository:
        return f"{repository}/issues/new"
    return "how-to-use.html#use-report"


def colab(repository: str, chapter: str) -> str:
    """Return where Colab opens a chapter of a GitHub repository."""
    place = repository.removeprefix(GITHUB)
    return (
        f"https://colab.research.google.com/github/{place}/blob/{BRANCH}/"
        f"{chapter}.ipynb"
    )


def binder(repository: str, chapter: str) -> str:
    """Return where Binder opens a chapter of a GitHub repository."""
    place = repository.removeprefix(GITHUB)
    path = quote(f"chapters/{chapter}.ipynb", safe="")
    return f"https://mybinder.org/v2/gh/{place}/main?labpath={path}"


def links(repository: str, chapter: str) -> dict[str, str]:
    """Return the places to run or to read a chapter, by name; none are known at first.

    Colab and Binder open what is on GitHub, so other hosts give none either.
    """
    if not repository.startswith(GITHUB):
        return {}
    return {
        "Run in Colab": colab(repository, chapter),
        "Run in Binder": binder(repository, chapter),
        "See the notebook": f"{repository}/blob/main/chapters/{chapter}.ipynb",
    }
