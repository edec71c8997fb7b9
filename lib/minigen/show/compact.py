"""Writing coordinates and pictures in few bytes."""

import base64
import io
import re

import numpy as np
from PIL import Image

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_STEP = re.compile(r"([MLz])(?:\s*(-?[\d.]+)\s+(-?[\d.]+))?")


def short(text: str, digits: int) -> str:
    """Write the numbers in a text with so many decimals at most."""

    def one(match: re.Match[str]) -> str:
        number = f"{float(match[0]):.{digits}f}"
        number = number.rstrip("0").rstrip(".") if "." in number else number
        return "0" if number == "-0" else number

    return re.sub(r"\s*([A-Za-z])\s*", r"\1", _NUMBER.sub(one, text)).strip()


def steps(line: str, digits: int = 1) -> str:
    """Write a line by its steps, which takes half the bytes of its places."""
    if set(re.findall("[A-Za-z]", line)) - set("MLz"):
        return short(line, digits)
    unit = 10**digits
    written, here, start = "", (0, 0), (0, 0)
    for command, *place in _STEP.findall(line):
        if command == "z":
            written, here = written + "z", start
            continue
        x, y = (round(float(value) * unit) for value in place)
        if command == "M":
            written, start = f"{written}M{x / unit:g} {y / unit:g}l", (x, y)
        else:
            written += "l" if written.endswith("z") else ""
            for step in (x - here[0], y - here[1]):
                number = re.sub(r"^(-?)0\.", r"\1.", f"{step / unit:g}")
                apart = "" if written[-1] == "l" or number[0] == "-" else " "
                written += apart + number
        here = (x, y)
    return re.sub(r"l(?=[Mz]|$)", "", written)


def few_colors(pixels: np.ndarray) -> Image.Image:
    """Return a picture with a palette: exact up to 256 colours, else of 128."""
    height, width, _ = pixels.shape
    colors, index = np.unique(pixels.reshape(-1, 4), axis=0, return_inverse=True)
    if len(colors) > 256:
        return Image.fromarray(pixels).quantize(
            128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
    image = Image.fromarray(index.reshape(height, width).astype(np.uint8), mode="P")
    image.putpalette(colors.tobytes(), "RGBA")
    return image


def png(image: Image.Image) -> str:
    """Return a picture as an address that holds it."""
    file = io.BytesIO()
    image.save(file, format="png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
