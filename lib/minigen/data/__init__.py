"""The book's datasets by name, and the reader's own by path.

Each dataset's own file is imported when it is asked for, so that a chapter loads no
library that it does not use.
"""

import difflib
from pathlib import Path

from minigen.data.sets import ImageSet, TextSet
from minigen.repro import generator

__all__ = ["IMAGES", "TEXTS", "ImageSet", "TextSet", "images", "text"]

IMAGES = ("digits", "shapes", "mnist", "fashion_mnist")
TEXTS = ("stories", "python_docs")
#: Stories in the set by name; what needs more, or other settings, samples its own.
STORIES_TRAIN, STORIES_TEST = 10_000, 1_000


def images(name: str | Path) -> ImageSet:
    """Return a dataset of pictures, by its name or from a folder of the reader's own.

    A name comes before a folder so called: write "./digits" for the folder. A
    ValueError says what is wrong with a name or a folder, a `fetch.FetchError` why a
    download failed.
    """
    if name == "digits":
        from minigen.data import digits

        return digits.load()
    if name == "shapes":
        from minigen.data import shapes

        return shapes.load()
    if name in ("mnist", "fashion_mnist"):
        from minigen.data import fetch

        return fetch.load(fetch.SOURCES[str(name)])
    folder = _existing(name, kind="image", known=IMAGES, place="folder of pictures")
    if not folder.is_dir():
        raise ValueError(
            f"{name} is a file, and an image dataset is a folder of pictures: give the "
            "folder that holds them (unpacked, if it is an archive)"
        )
    from minigen.data import files

    return files.image_folder(folder)


def text(name: str | Path) -> TextSet:
    """Return a text in two parts, by its name or from a file of the reader's own.

    A name comes before a file so called: write "./stories" for the file. A
    ValueError says what is wrong with a name or a file.
    """
    if name == "stories":
        return _stories()
    if name == "python_docs":
        from minigen.data import docs

        return docs.load()
    file = _existing(name, kind="text", known=TEXTS, place="UTF-8 text file")
    if file.is_dir():
        raise ValueError(
            f"{name} is a folder, and a text dataset is one UTF-8 text file: give the "
            "path of the file"
        )
    from minigen.data import files

    return files.text_file(file)


def _stories() -> TextSet:
    # Both parts are plain samples, so that the grammar's entropy is the floor of both.
    from minigen.data import stories

    train = stories.corpus(STORIES_TRAIN, generator=generator(0))
    return TextSet(
        "stories", train, stories.corpus(STORIES_TEST, generator=generator(1))
    )


def _existing(
    name: str | Path, *, kind: str, known: tuple[str, ...], place: str
) -> Path:
    path = Path(name).expanduser()
    try:
        if str(name).strip() and path.exists():
            return path
    except OSError as error:
        raise ValueError(
            f"the path {str(name)!r} cannot be read ({error.strerror}): check its "
            "spelling and who may read it"
        ) from error
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(
        f"there is no {kind} dataset {str(name)!r}{hint}: the names are "
        f"{', '.join(known)}, and anything else must be the path of a {place} that "
        "exists"
    )
