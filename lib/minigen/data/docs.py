"""The English of Python's own reference manual and docstrings: real prose, no download.

Every CPython carries both (PSF licence). They differ a little from one version of
Python to the next, and so do numbers measured on them.
"""

import ast
import hashlib
import importlib.util
import re
import tokenize

from minigen.data.sets import TextSet

#: Modules of the standard library whose docstrings explain at length.
MODULES = (
    "argparse", "calendar", "collections", "configparser", "contextlib", "copy", "csv",
    "dataclasses", "difflib", "doctest", "enum", "fractions", "functools", "heapq",
    "inspect", "ipaddress", "json", "logging", "optparse", "pathlib", "pickle",
    "random", "shutil", "socketserver", "statistics", "string", "subprocess",
    "tempfile", "textwrap", "threading", "timeit", "turtle", "typing", "urllib.parse",
    "zipfile",
)  # fmt: skip
TEST_SHARE = 0.1
#: Shorter paragraphs ("Example:") may come twice; longer ones are kept once.
UNIQUE_FROM = 40
#: Typographic signs as ASCII writes them: one byte is then one character, and the few
#: paragraphs with other signs, rare enough to be in one part alone, are left out.
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--", "…": "..."}
)


def load() -> TextSet:
    """Return the reference in ASCII, in whole documents, a tenth of it held out.

    The manual repeats itself (one topic contains another), so that a paragraph which
    came before is left out: nothing to be tested on stands in the training part.
    """
    documents = _plain_without_repeats({**_topics(), **_docstrings()})
    room = TEST_SHARE * sum(map(len, documents.values()))
    parts: dict[str, list[str]] = {"train": [], "test": []}
    # By hash, the order mixes subjects and hardly changes with a version of Python.
    for name in sorted(documents, key=lambda n: hashlib.sha256(n.encode()).digest()):
        part = "test" if len(documents[name]) <= room else "train"
        if part == "test":
            room -= len(documents[name])
        parts[part].append(documents[name])
    return TextSet(
        "python_docs", "\n\n\n".join(parts["train"]), "\n\n\n".join(parts["test"])
    )


def _topics() -> dict[str, str]:
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise _missing("pydoc_data.topics") from error
    return {f"topic {name}": text for name, text in topics.items()}


def _docstrings() -> dict[str, str]:
    return {f"module {name}": _docstrings_of(name) for name in MODULES}


def _docstrings_of(module: str) -> str:
    # From the source, not from the objects, whose docstrings `python -OO` strips.
    try:
        spec = importlib.util.find_spec(module)
        with tokenize.open(spec.origin if spec and spec.origin else "") as source:
            tree = ast.parse(source.read())
    except (ImportError, OSError, SyntaxError) as error:
        raise _missing(module) from error
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [
        (getattr(node, "lineno", 0), ast.get_docstring(node) or "")
        for node in ast.walk(tree)
        if isinstance(node, documented)
    ]
    return "\n\n".join(text for _, text in sorted(found) if text)


def _missing(module: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"this Python carries no source of {module}, which 'python_docs' is made of: "
        "use a complete CPython, or another corpus such as 'stories'"
    )


def _plain_without_repeats(documents: dict[str, str]) -> dict[str, str]:
    seen: set[str] = set()
    kept = {}
    # The longest first: a topic that repeats a part of a longer one gives way.
    for name in sorted(documents, key=lambda name: (-len(documents[name]), name)):
        text = documents[name].translate(_PLAIN).strip()
        paragraphs = [p for p in re.split(r"\n\s*\n", text) if p.isascii()]
        new = []
        for paragraph in paragraphs:
            words = " ".join(paragraph.split())
            if len(words) >= UNIQUE_FROM and words in seen:
                continue
            seen.add(words)
            new.append(paragraph)
        rest = "\n\n".join(new)
        # Of a topic that stands almost whole in another, only shreds are left.
        if len(rest) > len(text) / 2:
            kept[name] = rest
    return kept
