"""Build the book with plain Sphinx: the same `_config.yml`, without Jupyter Book.

Jupyter Book 1 is in maintenance. This shows that the book can leave it on any day.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from bookkit import BookError, one_sentence, site
from bookkit.paths import BUILD, relative

FOLDER = BUILD / "plain"
CONF = Path(__file__).with_name("plain_conf.py")


def build(source: Path, output: Path, documents: list[str]) -> Path:
    """Build a staged source with warnings as errors; return the folder of HTML."""
    shutil.copy2(CONF, source / "conf.py")
    shutil.rmtree(output, ignore_errors=True)
    command = [
        sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-n", "-q",
        "-d", str(output / ".doctrees"), str(source), str(output),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        told = run.stderr.replace(f"{source}/", "").strip().splitlines()[-12:]
        listed = "\n".join(f"    {line}" for line in told)
        raise BookError(
            f"plain Sphinx found something wrong:\n{listed}\n  Mend the page, or "
            f"{relative(CONF)} where Jupyter Book alone knows the word."
        )
    missing = [name for name in documents if not (output / f"{name}.html").is_file()]
    if missing:
        raise BookError(
            f"plain Sphinx made no page for {', '.join(missing)}: see _toc.yml and "
            f"{relative(CONF)}"
        )
    return output


@one_sentence
def main() -> int:
    """Stage the book and build it from the command line; return the exit status."""
    documents = site.stage(FOLDER / "source")
    html = build(FOLDER / "source", FOLDER / "html", documents)
    print(f"plain Sphinx: {len(documents)} pages, {relative(html / 'index.html')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
