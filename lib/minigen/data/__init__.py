"""The book's datasets by name, and the reader's own by path."""

from minigen.data.sets import ImageSet, TextSet

__all__ = ["ImageSet", "TextSet", "images", "text"]


def images(name: str) -> ImageSet:
    """Return a dataset of pictures."""
    from minigen.data import digits

    if name == "digits":
        return digits.load()
    raise ValueError(f"there is no image dataset {name!r}; use 'digits'")


def text(name: str) -> TextSet:
    """Return a dataset of text."""
    raise ValueError(f"there is no text dataset {name!r}")
