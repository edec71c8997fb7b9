"""From matplotlib's SVG to a drawing that is small and follows the page's colours.

The drawing states each colour as a variable of its role, whose fallback is the light
value: one drawing serves light pages, dark pages and print. Pictures are kept at the
resolution of their pixels; those in one colour become masks over that colour.
"""

import base64
import hashlib
import html
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from minigen.show import style
from minigen.show.compact import few_colors, png, short, steps
from minigen.show.layout import BookFigure

_SPACE = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
#: A picture in one of these colours alone, more or less opaque, follows the page.
_MASKED = {role.light for role in style.ROLES} - {style.PAPER}
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif"


@dataclass
class Drawing:
    """The marks of a figure, back to front, and what they refer to by id."""

    width: float
    height: float
    marks: list[str] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)

    def html(self, alt: str) -> str:
        """Return the drawing as an element of a page, with its text alternative."""
        inside = "".join(self.marks)
        shared = "".join(self.shared.values())
        shared = f"<defs>{shared}</defs>" if shared else ""
        colors = _dark_colors(shared + inside)
        return (
            f'<svg class="show" role="img" aria-label="{html.escape(alt)}" '
            f'width="{self.width:g}" height="{self.height:g}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" '
            'style="max-width:100%;height:auto;'
            f'font-family:var(--show-font,{_FONT})" stroke-linejoin="round" '
            f'fill="{style.INK}">{colors}{shared}{inside}</svg>'
        )


def draw(figure: BookFigure, prefix: str) -> Drawing:
    """Draw a figure; `prefix` begins every id, so that pages may hold many drawings."""
    file = io.BytesIO()
    empty = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(file, format="svg", metadata=empty)
    root = ElementTree.fromstring(file.getvalue())
    width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
    return _Reader(Drawing(width, height), prefix).read(root)


def merge(frames: Sequence[Drawing], start: int) -> Drawing:
    """Return one drawing of many frames, in which what never changes stands once.

    What changes is in groups with the frame's number in `data-frame`, all but those of
    frame `start` hidden.
    """
    sizes = {(frame.width, frame.height) for frame in frames}
    if len(sizes) > 1:
        raise ValueError(
            f"the frames of a player must be of one size, not of {sorted(sizes)}; "
            "begin each with the same show.axes(…)"
        )
    marks: list[str] = []
    for run in _runs([frame.marks for frame in frames]):
        if all(part == run[0] for part in run):
            marks += run[0]
            continue
        for number, part in enumerate(run):
            hidden = "" if number == start else ' display="none"'
            marks.append(f'<g data-frame="{number}"{hidden}>{"".join(part)}</g>')
    shared = {name: text for frame in frames for name, text in frame.shared.items()}
    return Drawing(frames[0].width, frames[0].height, marks, shared)


def _runs(frames: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """Cut the frames' marks into stretches that are equal or that differ."""
    if len({len(marks) for marks in frames}) > 1:
        yield [list(marks) for marks in frames]
        return
    begin, was_equal = 0, True
    for place in range(len(frames[0])):
        equal = all(marks[place] == frames[0][place] for marks in frames)
        if equal != was_equal and place > begin:
            yield [marks[begin:place] for marks in frames]
            begin = place
        was_equal = equal
    yield [marks[begin:] for marks in frames]


def _dark_colors(text: str) -> str:
    """Return the rule that sets the drawing's colours on a dark page, not in print."""
    dark = ";".join(
        f"--show-{role.name}:{role.dark}"
        for role in style.ROLES
        if f"var(--show-{role.name}," in text
    )
    pages = "[data-theme=dark] .show,[data-jp-theme-light=false] .show"
    return f"<style>@media screen{{{pages}{{{dark}}}}}</style>" if dark else ""


def _color(value: str) -> str:
    role = style.role_of(value)
    return f"var(--show-{role.name},{role.light})"


class _Reader:
    """Walks matplotlib's tree and collects marks."""

    def __init__(self, drawing: Drawing, prefix: str) -> None:
        self.drawing = drawing
        self.prefix = prefix
        self.clips: dict[str, str] = {}
        self.shapes: dict[str, str] = {}

    def read(self, root: ElementTree.Element) -> Drawing:
        for element in root.iter(f"{_SPACE}clipPath"):
            rectangle = element[0]
            sizes = (
                f' {key}="{short(rectangle.get(key, "0"), 1)}"'
                for key in ("x", "y", "width", "height")
            )
            shape = f"<rect{''.join(sizes)}/>"
            name = self.clips[element.attrib["id"]] = self._name(shape)
            self.drawing.shared[name] = f'<clipPath id="{name}">{shape}</clipPath>'
        for element in root.iter(f"{_SPACE}defs"):
            for path in element.findall(f"{_SPACE}path"):
                self.shapes[path.attrib["id"]] = steps(path.get("d", ""), digits=2)
        self._walk(root, "")
        return self.drawing

    def _name(self, content: str) -> str:
        digest = hashlib.sha256(content.encode()).hexdigest()[:6]
        return f"{self.prefix}-{digest}"

    def _walk(self, parent: ElementTree.Element, clip: str) -> None:
        uses: list[ElementTree.Element] = []
        for element in parent:
            tag = element.tag.removeprefix(_SPACE)
            if tag == "use":
                uses.append(element)
            elif tag == "g":
                self._walk(element, self._clip(element) or clip)
            elif tag in ("path", "text", "image"):
                mark = getattr(self, f"_{tag}")(element, self._clip(element) or clip)
                if mark:
                    self.drawing.marks.append(mark)
        if uses:
            self.drawing.marks.append(self._uses(uses, clip))

    def _clip(self, element: ElementTree.Element) -> str:
        clip = element.get("clip-path")
        return f' clip-path="url(#{self.clips[clip[5:-1]]})"' if clip else ""

    def _style(self, element: ElementTree.Element) -> str:
        """Return the style of a shape as an attribute, its colours by their roles."""
        given = _styles(element)
        given.pop("stroke-linejoin", None)
        for key in ("fill", "stroke"):
            if given.get(key, "none") != "none":
                given[key] = _color(given[key])
        text = ";".join(f"{key}:{value}" for key, value in given.items())
        return f' style="{text}"' if text else ""

    def _path(self, element: ElementTree.Element, clip: str) -> str:
        given = _styles(element)
        if given.get("fill") == "none" and given.get("stroke", "none") == "none":
            return ""
        line = steps(element.get("d", ""))
        return f'<path d="{line}"{clip}{self._style(element)}/>' if line else ""

    def _uses(self, elements: list[ElementTree.Element], clip: str) -> str:
        """Write equal shapes at many places as one line with a marker at each place.

        That takes a quarter of the bytes that one element a place would.
        """
        marks = []
        for (link, _), group in itertools.groupby(
            elements, key=lambda use: (use.attrib[_LINK], use.get("style"))
        ):
            uses = list(group)
            places = "L".join(
                f"{use.get('x', '0')} {use.get('y', '0')}" for use in uses
            )
            line = steps("M" + places) + ("h0" if len(uses) == 1 else "")
            shape = self.shapes[link[1:]]
            content = f'<path d="{shape}"{self._style(uses[0])}/>'
            name = self._name(content)
            self.drawing.shared[name] = (
                f'<marker id="{name}" markerUnits="userSpaceOnUse" markerWidth="1" '
                f'markerHeight="1" overflow="visible">{content}</marker>'
            )
            ends = ("start", "mid", "end") if len(uses) > 1 else ("start",)
            markers = "".join(f' marker-{end}="url(#{name})"' for end in ends)
            marks.append(f'<path d="{line}" fill="none"{markers}/>')
        return f"<g{clip}>{''.join(marks)}</g>" if clip else "".join(marks)

    def _text(self, element: ElementTree.Element, clip: str) -> str:
        given = _styles(element)
        turn = element.get("transform", "")
        if turn.startswith("rotate(-0 "):
            turn = ""
        size = given["font-size"].removesuffix("px")
        look = f"fill:{_color(given.get('fill', style.INK))}"
        if "opacity" in given:
            look += f";opacity:{given['opacity']}"
        attributes = {
            "x": short(element.get("x", ""), 1),
            "y": short(element.get("y", ""), 1),
            "font-size": size,
            "font-weight": "600" if "font-weight" in given else "",
            "text-anchor": given.get("text-anchor", "").removeprefix("start"),
            "transform": turn,
            "style": look,
        }
        written = "".join(f' {key}="{v}"' for key, v in attributes.items() if v)
        return f"<text{written}{clip}>{html.escape(element.text or '')}</text>"

    def _image(self, element: ElementTree.Element, clip: str) -> str:
        data = element.attrib[_LINK].split(",", 1)[1]
        with Image.open(io.BytesIO(base64.b64decode(data))) as opened:
            pixels = np.array(opened.convert("RGBA"))
        colors = {color.tobytes().hex() for color in pixels[pixels[..., 3] > 0, :3]}
        if not colors:
            return ""
        place = (
            f'width="{element.get("width")}" height="{element.get("height")}" '
            f'transform="{short(element.get("transform", ""), 3)}" '
            'preserveAspectRatio="none" style="image-rendering:pixelated"'
        )
        color = f"#{colors.pop()}"
        if colors or color not in _MASKED:
            return f'<g{clip}><image {place} href="{png(few_colors(pixels))}"/></g>'
        mask = f'<image {place} href="{png(Image.fromarray(pixels[..., 3]))}"/>'
        name = self._name(mask)
        self.drawing.shared[name] = f'<mask id="{name}">{mask}</mask>'
        cover = f'<rect width="100%" height="100%" mask="url(#{name})"'
        return f'<g{clip}>{cover} style="fill:{_color(color)}"/></g>'


def _styles(element: ElementTree.Element) -> dict[str, str]:
    parts = (part.split(":", 1) for part in element.get("style", "").split(";") if part)
    return {key.strip(): value.strip() for key, value in parts}
