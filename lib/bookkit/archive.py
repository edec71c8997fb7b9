"""Pack the site into one file that is read without a server or a network.

A page opened as a file may load scripts and nothing else. So the files that live models
need, and the runtime with them, become scripts that hand their bytes over when the page
asks for them (live-model.js).
"""

import base64
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from bookkit import BookError, one_sentence
from bookkit.paths import BUILD, SITE, relative, write_whole

TARGET = BUILD / "site-offline.zip"
#: The folder that unpacking makes.
FOLDER = "how-generative-ai-works"
#: What a script would fetch: kinds of files below `_static`.
FETCHED = (".onnx", ".wasm", ".mjs")
_LOADER = "_static/live-model.js"
#: The same date in every archive, so that equal sites make equal archives.
_DATE = (2026, 1, 1, 0, 0, 0)


def as_script(path: str, content: bytes) -> bytes:
    """Return a script that hands over a file's bytes under its path."""
    text = base64.b64encode(content).decode()
    return f"minigenLive.unpack({json.dumps(path)}, {json.dumps(text)});\n".encode()


def contents(site: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of each file of the offline edition."""
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        content = path.read_bytes()
        if name == _LOADER:
            content = b"(globalThis.minigenLive ??= {}).packed = true;\n" + content
        if name.startswith("_static/") and path.suffix in FETCHED:
            below = str(PurePosixPath(name).relative_to("_static"))
            yield f"{name}.js", as_script(below, content)
        else:
            yield name, content


def pack(site: Path = SITE, target: Path = TARGET) -> Path:
    """Write the archive of the site."""
    if not (site / "index.html").is_file():
        raise BookError(f"there is no site in {relative(site)}: run `make book` first")
    return write(target, FOLDER, contents(site))


def write(target: Path, folder: str, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write an archive that unpacks into one folder, whole or not at all."""
    part = target.with_name(f".part-{target.name}")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
            for name, content in files:
                entry = zipfile.ZipInfo(f"{folder}/{name}", _DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                file.writestr(entry, content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def with_checksum(path: Path) -> Path:
    """Write a file's SHA-256 beside it, as `sha256sum --check` reads it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    beside = path.with_name(f"{path.name}.sha256")
    write_whole(beside, f"{digest}  {path.name}\n")
    return path


@one_sentence
def main() -> int:
    """Pack the site from the command line; return the exit status."""
    made = with_checksum(pack())
    size = made.stat().st_size / 1e6
    print(f"{relative(made)}: {size:.0f} MB; unpack it and open {FOLDER}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
