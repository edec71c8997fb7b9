"""Fetching from a server on this machine: good files, bad ones, and none."""

import errno
import gzip
import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest
import torch

from minigen import data
from minigen.data import fetch


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim])
    return head + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


RNG = np.random.default_rng(0)
ARRAYS = {
    fetch.TRAIN_X: RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8),
    fetch.TRAIN_Y: RNG.integers(0, 10, 6, dtype=np.uint8),
    fetch.TEST_X: RNG.integers(0, 256, (3, 28, 28), dtype=np.uint8),
    fetch.TEST_Y: RNG.integers(0, 10, 3, dtype=np.uint8),
}
FILES = {name: gzip.compress(idx(array), mtime=0) for name, array in ARRAYS.items()}


class Server(ThreadingHTTPServer):
    """Serves FILES below any path; `mischief` changes how; `asked` are the paths."""

    mischief = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    """Answers one request as the server's mischief has it."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = FILES[self.path.rsplit("/", 1)[-1]]
        if self.server.mischief == "missing":
            self.send_error(404)
            return
        if self.server.mischief == "corrupt":
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.mischief == "truncate":
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def source(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> fetch.Source:
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))
    monkeypatch.delenv("MINIGEN_DATA_URL", raising=False)
    return fetch.Source(
        name="mnist",
        url=server.url,
        sha256={name: hashlib.sha256(body).hexdigest() for name, body in FILES.items()},
        classes=tuple("0123456789"),
    )


def test_what_is_served_arrives_and_is_fetched_once(
    source: fetch.Source, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch.SOURCES, "mnist", source)
    found = data.images("mnist")
    assert found.name == "mnist"
    assert found.levels == 256
    assert found.train_x.shape == (6, 1, 28, 28)
    assert found.test_x.shape == (3, 1, 28, 28)
    assert np.array_equal(found.train_x[:, 0].mul(255).round(), ARRAYS[fetch.TRAIN_X])
    assert found.train_y.tolist() == ARRAYS[fetch.TRAIN_Y].tolist()
    assert len(server.asked) == 4
    assert torch.equal(data.images("mnist").test_x, found.test_x)
    assert len(server.asked) == 4


def test_a_mirror_is_asked_below_the_dataset(
    source: fetch.Source, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIGEN_DATA_URL", server.url + "class")
    fetch.fetch(replace(source, url="http://127.0.0.1:9/"), fetch.TEST_Y)
    assert server.asked == [f"/class/mnist/{fetch.TEST_Y}"]
    monkeypatch.setenv("MINIGEN_DATA_URL", "ftp://old.example")
    with pytest.raises(fetch.FetchError, match="must begin with http"):
        fetch.fetch(source, fetch.TEST_X)


@pytest.mark.parametrize(
    ("mischief", "said"),
    [
        ("missing", "the server answered 404"),
        ("corrupt", "its SHA-256 is not the expected one, and what came was removed"),
        ("truncate", "the download broke off, and its part was removed"),
    ],
)
def test_a_bad_answer_leaves_nothing_behind(
    source: fetch.Source, server: Server, mischief: str, said: str
) -> None:
    server.mischief = mischief
    with pytest.raises(fetch.FetchError, match=said) as caught:
        fetch.fetch(source, fetch.TRAIN_X)
    assert "the book itself needs no download" in str(caught.value)
    assert list(fetch.folder(source).iterdir()) == []
    server.mischief = ""
    assert fetch.fetch(source, fetch.TRAIN_X).read_bytes() == FILES[fetch.TRAIN_X]


def test_offline_says_what_to_do(source: fetch.Source) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}/"
    source = replace(source, url=dead)
    with pytest.raises(fetch.FetchError) as caught:
        fetch.load(source)
    said = str(caught.value)
    assert f"mnist could not be fetched from {dead}{fetch.TRAIN_X} (no connection): "
    assert "check your connection and try again, or put the file" in said
    assert f"{fetch.TRAIN_X} (SHA-256 {source.sha256[fetch.TRAIN_X][:12]}…)" in said
    assert str(fetch.folder(source)) in said
    # And doing what it says helps.
    for name, body in FILES.items():
        (fetch.folder(source) / name).write_bytes(body)
    assert len(fetch.load(source).train_x) == 6


def test_a_bad_file_in_the_folder_is_replaced(source: fetch.Source) -> None:
    where = fetch.folder(source)
    where.mkdir(parents=True)
    (where / fetch.TEST_X).write_bytes(FILES[fetch.TEST_X][:50])
    assert fetch.fetch(source, fetch.TEST_X).read_bytes() == FILES[fetch.TEST_X]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, r"No space left on device\): make room on the disk"),
        (errno.EACCES, r"Permission denied\): name a folder that you may write to"),
    ],
)
def test_a_folder_that_takes_nothing(
    source: fetch.Source, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(self: object, url: str, output_file: str, *_: object) -> None:
        Path(output_file).write_bytes(b"half of")
        raise OSError(number, __import__("os").strerror(number))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    with pytest.raises(fetch.FetchError, match=said):
        fetch.fetch(source, fetch.TEST_X)
    assert list(fetch.folder(source).iterdir()) == []


def test_a_server_that_never_answers(
    source: fetch.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slow = replace(source, url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(fetch.FetchError, match=r"no answer in 0\.2 seconds"):
            fetch.fetch(slow, fetch.TEST_X)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_files_are_read_as_written(tmp_path: Path, pack: Any) -> None:
    for array in (*ARRAYS.values(), np.zeros((0, 28, 28), dtype=np.uint8)):
        (tmp_path / "x").write_bytes(pack(idx(array)))
        read = fetch.read_idx(tmp_path / "x")
        assert read.shape == array.shape
        assert np.array_equal(read, array)


GOOD = idx(ARRAYS[fetch.TEST_X])
PACKED = gzip.compress(GOOD, mtime=0)  # test ids must not change with the clock


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"", "should begin with 00 00 08, not nothing"),
        (b"<html>not found</html>", "should begin with 00 00 08, not 3c 68 74"),
        (b"\x00\x00\x0d" + GOOD[3:], "should begin with 00 00 08, not 00 00 0d"),
        (GOOD[:9], "breaks off in its header"),
        (GOOD[:-1], r"should hold 2,352 values for its shape \(3, 28, 28\), not 2,351"),
        (GOOD + b"\x00", "not 2,353"),
        (PACKED[:100], "is a damaged gzip file"),
        (PACKED[:-8] + b"12345678", "is a damaged gzip file"),
    ],
    ids=range(8),
)
def test_a_file_that_is_not_idx_says_where(
    tmp_path: Path, stored: bytes, said: str
) -> None:
    (tmp_path / "x").write_bytes(stored)
    with pytest.raises(ValueError, match=said):
        fetch.read_idx(tmp_path / "x")


@pytest.mark.parametrize(
    ("file", "array", "said"),
    [
        (fetch.TRAIN_Y, np.zeros(5, dtype=np.uint8), "n pictures and n labels"),
        (fetch.TRAIN_X, np.zeros((6, 784), dtype=np.uint8), "n pictures and n labels"),
        (fetch.TRAIN_Y, np.full(6, 10, dtype=np.uint8), "labels below 10, not 10"),
    ],
)
def test_files_that_do_not_belong_together(
    source: fetch.Source, file: str, array: np.ndarray, said: str
) -> None:
    bodies = FILES | {file: idx(array)}
    where = fetch.folder(source)
    where.mkdir(parents=True)
    for name, body in bodies.items():
        (where / name).write_bytes(body)
    hashes = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
    with pytest.raises(ValueError, match=said):
        fetch.load(replace(source, sha256=hashes))
