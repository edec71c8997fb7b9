"""The reader's own data: a folder of pictures, or a text file."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from minigen.data.sets import ImageSet, TextSet, stratified_split

#: Larger pictures are made as small as this: the book's models run on a laptop.
LARGEST_SIDE = 32
#: A shorter text leaves too little to train on and to hold out.
LEAST_CHARACTERS = 1000
TEXT_TEST_SHARE = 0.1
IMAGE_TEST_SHARE = 0.2


def image_folder(folder: Path) -> ImageSet:
    """Return the pictures of a folder, one in five held out; subfolders are classes.

    Each picture is cut to its middle square and resized to the smallest side found, at
    most 32 pixels. The set has one channel if every picture is grey and three if not;
    what is transparent becomes white. A ValueError says what is amiss.
    """
    try:
        by_class = _picture_files(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error
    pictures = [(_opened(file), name) for name in by_class for file in by_class[name]]
    side = min(LARGEST_SIDE, *(min(picture.size) for picture, _ in pictures))
    mode = "L" if all(picture.mode == "L" for picture, _ in pictures) else "RGB"
    pixels = np.stack([_square(picture, side, mode) for picture, _ in pictures])
    labels = np.array([list(by_class).index(name) for _, name in pictures])
    train, test = stratified_split(
        labels, test_share=IMAGE_TEST_SHARE, rng=np.random.default_rng(0)
    )
    x = torch.from_numpy(pixels).float().div(255)  # [n, channel, side, side]
    y = torch.from_numpy(labels).long()
    return ImageSet(
        name=folder.resolve().name,
        train_x=x[train],
        train_y=y[train],
        test_x=x[test],
        test_y=y[test],
        classes=tuple(by_class),
        levels=256,
    )


def _unreadable(path: Path, error: OSError) -> ValueError:
    return ValueError(
        f"{path} cannot be read ({error.strerror}): check who may read it"
    )


def _picture_files(folder: Path) -> dict[str, list[Path]]:
    known = Image.registered_extensions()

    def pictures(files: list[Path]) -> list[Path]:
        return sorted(
            file
            for file in files
            if file.suffix.lower() in known
            and not file.name.startswith(".")
            and file.is_file()
        )

    loose = pictures(list(folder.iterdir()))
    subfolders = sorted(p for p in folder.iterdir() if p.is_dir())
    found = {sub.name: pictures(list(sub.rglob("*"))) for sub in subfolders}
    by_class = {name: files for name, files in found.items() if files}
    if loose and by_class:
        raise ValueError(
            f"the folder {folder} holds pictures ({loose[0].name}, …) and subfolders "
            f"of pictures ({next(iter(by_class))}, …): put every picture into a "
            "subfolder, which is its class, or none"
        )
    if loose:
        by_class = {folder.resolve().name: loose}
    if not by_class:
        raise ValueError(
            f"the folder {folder} holds no pictures: put .png or .jpg files into it, "
            "or into a subfolder for each class"
        )
    for name, files in by_class.items():
        if len(files) == 1:
            raise ValueError(
                f"{name!r} in {folder} holds one picture: each class needs two at "
                "least, one to train on and one to test on"
            )
    return by_class


def _opened(file: Path) -> Image.Image:
    try:
        with Image.open(file) as stored:
            picture = ImageOps.exif_transpose(stored)
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"the picture {file} cannot be read ({error}): repair it or take it out of "
            "the folder"
        ) from error
    if picture.mode.startswith("I"):  # 16 bits of grey, where convert() would clip
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _square(picture: Image.Image, side: int, mode: str) -> np.ndarray:
    small = ImageOps.fit(picture.convert(mode), (side, side), Image.Resampling.LANCZOS)
    pixels = np.asarray(small)
    return pixels[None] if mode == "L" else pixels.transpose(2, 0, 1)


def text_file(file: Path) -> TextSet:
    """Return a UTF-8 text with its last tenth held out, cut between words if it can be.

    A ValueError says what is wrong with a file that is empty, short or not text.
    """
    try:
        stored = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error
    if b"\x00" in stored and not stored.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(
            f"{file} is not a text file (it has zero bytes in it): give plain text, "
            "saved as UTF-8"
        )
    try:
        text = stored.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file} is not in UTF-8 (at byte {error.start}): open it in an editor and "
            "save it as UTF-8"
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text.strip()) < LEAST_CHARACTERS:
        raise ValueError(
            f"{file} has {len(text.strip()):,} characters of text: a model needs at "
            f"least {LEAST_CHARACTERS:,} to learn from"
        )
    share = int(len(text) * (1 - TEXT_TEST_SHARE))
    # The next space is seldom far; where there is none, words are cut as they come.
    near = range(share, share + (len(text) - share) // 2)
    cut = next((at for at in near if text[at - 1].isspace()), share)
    return TextSet(file.name, text[:cut], text[cut:])
