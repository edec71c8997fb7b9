"""Datasets that are fetched when asked for by name, and checked by their SHA-256."""

import errno
import gzip
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
import requests
import torch

from minigen.data.sets import ImageSet

TRAIN_X = "train-images-idx3-ubyte.gz"
TRAIN_Y = "train-labels-idx1-ubyte.gz"
TEST_X = "t10k-images-idx3-ubyte.gz"
TEST_Y = "t10k-labels-idx1-ubyte.gz"
_UNSIGNED_BYTE = 8  # the code of a value's type in an IDX file
_TIMEOUT = 30  # seconds without an answer


class FetchError(RuntimeError):
    """A dataset that is not on this machine could not be brought here."""


@dataclass(frozen=True)
class Source:
    """Where four IDX files come from, and the SHA-256 of each."""

    name: str
    url: str
    sha256: dict[str, str]
    classes: tuple[str, ...]


MNIST = Source(
    name="mnist",
    url="https://ossci-datasets.s3.amazonaws.com/mnist/",
    sha256={
        TRAIN_X: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        TRAIN_Y: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        TEST_X: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        TEST_Y: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    classes=tuple("0123456789"),
)
FASHION_MNIST = Source(
    name="fashion_mnist",
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    sha256={
        TRAIN_X: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        TRAIN_Y: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        TEST_X: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        TEST_Y: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    classes=(
        *("T-shirt", "trousers", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
)
SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST)}


def folder(source: Source) -> Path:
    """Return where a dataset's files lie: below MINIGEN_DATA, or the user's cache."""
    base = os.environ.get("MINIGEN_DATA") or pooch.os_cache("minigen")
    return Path(base).expanduser() / source.name


def load(source: Source) -> ImageSet:
    """Return a dataset of 28×28 grey pictures, fetched first where it is missing."""
    train_x, train_y = _pair(source, TRAIN_X, TRAIN_Y)
    test_x, test_y = _pair(source, TEST_X, TEST_Y)
    return ImageSet(
        name=source.name,
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        classes=source.classes,
        levels=256,
    )


def fetch(source: Source, file: str) -> Path:
    """Return the path of a file whose SHA-256 is right, fetched if need be.

    MINIGEN_DATA_URL names a mirror, which serves <mirror>/<dataset>/<file>. A download
    lands under another name and gets its own only once it is whole and right.
    """
    url, where = _base(source) + file, folder(source)
    try:
        return Path(
            pooch.retrieve(
                url,
                known_hash="sha256:" + source.sha256[file],
                fname=file,
                path=where,
                downloader=pooch.HTTPDownloader(
                    progressbar=True, timeout=_TIMEOUT, chunk_size=2**16
                ),
            )
        )
    except (requests.RequestException, ValueError, OSError) as error:
        raise FetchError(
            f"{source.name} could not be fetched from {url} ({_reason(error)}): "
            f"{_remedy(error)}, or put the file {file} (SHA-256 "
            f"{source.sha256[file][:12]}…) into the folder {where}; the book itself "
            "needs no download"
        ) from error


def _base(source: Source) -> str:
    mirror = os.environ.get("MINIGEN_DATA_URL")
    if not mirror:
        return source.url
    if not mirror.startswith(("http://", "https://")):
        raise FetchError(
            f"MINIGEN_DATA_URL must begin with http:// or https://, not {mirror!r}"
        )
    return f"{mirror.rstrip('/')}/{source.name}/"


def _reason(error: Exception) -> str:
    # Order matters: what requests raises is an OSError as well, some a ValueError too.
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer in {_TIMEOUT} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the download broke off, and its part was removed"
    if isinstance(error, requests.RequestException):
        return "no connection"
    if isinstance(error, ValueError):
        return "its SHA-256 is not the expected one, and what came was removed"
    return str(getattr(error, "strerror", None) or error)


def _remedy(error: Exception) -> str:
    if isinstance(error, requests.RequestException):
        return "check your connection and try again"
    if isinstance(error, ValueError):
        return "try again later"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "make room on the disk, name another folder in MINIGEN_DATA"
    return "name a folder that you may write to in MINIGEN_DATA"


def _pair(
    source: Source, images: str, labels: str
) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = read_idx(fetch(source, images))
    classes = read_idx(fetch(source, labels))
    if pixels.ndim != 3 or classes.shape != pixels.shape[:1]:
        raise ValueError(
            f"{images} and {labels} of {source.name} should hold n pictures and n "
            f"labels, not arrays of shapes {pixels.shape} and {classes.shape}"
        )
    if classes.size and classes.max() >= len(source.classes):
        raise ValueError(
            f"{labels} of {source.name} should hold labels below "
            f"{len(source.classes)}, not {classes.max()}"
        )
    x = torch.from_numpy(pixels).unsqueeze(1).float().div(255)  # [n, 1, 28, 28]
    return x, torch.from_numpy(classes).long()


def read_idx(path: Path) -> np.ndarray:
    """Return the array of bytes in an IDX file, gzipped or not.

    The format: two zero bytes, the type (8 for unsigned bytes), the number of axes,
    each axis's length as four bytes with the highest first, then the values. A
    ValueError says where a file departs from it.
    """
    stored = path.read_bytes()
    if stored[:2] == b"\x1f\x8b":
        try:
            stored = gzip.decompress(stored)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{path} is a damaged gzip file ({error}): remove it and fetch it again"
            ) from error
    if len(stored) < 4 or stored[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise ValueError(
            f"{path} is no IDX file of bytes: it should begin with 00 00 08, "
            f"not {stored[:3].hex(' ') or 'nothing'}"
        )
    start = 4 + 4 * stored[3]
    if len(stored) < start:
        raise ValueError(f"{path} breaks off in its header, after {len(stored)} bytes")
    shape = tuple(np.frombuffer(stored[4:start], dtype=">u4").tolist())
    if len(stored) - start != math.prod(shape):
        raise ValueError(
            f"{path} should hold {math.prod(shape):,} values for its shape {shape}, "
            f"not {len(stored) - start:,}"
        )
    return np.frombuffer(stored, dtype=np.uint8, offset=start).reshape(shape).copy()
