"""Antialiased drawing of simple shapes, as one pure function of their geometry.

A shape is its signed distance: negative inside, zero on the edge, positive outside. A
pixel is covered by half a pixel's width minus the distance of its centre to the edge.
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

# The triangle stands on a side of length 2 and is 1.8 high: its right side's normal.
_NORMAL_X, _NORMAL_Y = 1.8 / math.hypot(1.8, 1), 1 / math.hypot(1.8, 1)


def _circle(x: Tensor, y: Tensor) -> Tensor:
    return torch.hypot(x, y) - 1


def _ring(x: Tensor, y: Tensor) -> Tensor:
    return (torch.hypot(x, y) - 0.75).abs() - 0.25


def _box(x: Tensor, y: Tensor, width: float, height: float) -> Tensor:
    return torch.maximum(x.abs() - width, y.abs() - height)


def _square(x: Tensor, y: Tensor) -> Tensor:
    return _box(x, y, 0.88, 0.88)


def _cross(x: Tensor, y: Tensor) -> Tensor:
    return torch.minimum(_box(x, y, 1.0, 0.34), _box(x, y, 0.34, 1.0))


def _triangle(x: Tensor, y: Tensor) -> Tensor:
    sides = _NORMAL_X * x.abs() - _NORMAL_Y * (y + 0.9)  # from the tip at y = -0.9
    return torch.maximum(sides, y - 0.9)


#: Signed distances in units of the radius; every shape lies in [-1, 1]²; y is down.
DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "ring": _ring,
    "cross": _cross,
}


def coverage(
    shapes: Sequence[str],
    centre: Float[Tensor, "thing 2"],
    radius: Float[Tensor, " thing"],
    *,
    size: int,
) -> Float[Tensor, "thing {size} {size}"]:
    """Return how far each thing covers each pixel, from 0 to 1.

    `centre` (x to the right, y down) and `radius` are in units of the picture's side.
    """
    pixel = (torch.arange(size) + 0.5) / size
    result = torch.empty(len(shapes), size, size)
    for shape in dict.fromkeys(shapes):
        rows = torch.tensor([i for i, other in enumerate(shapes) if other == shape])
        r = radius[rows, None, None]
        x = (pixel[None, None, :] - centre[rows, 0, None, None]) / r
        y = (pixel[None, :, None] - centre[rows, 1, None, None]) / r
        x, y = torch.broadcast_tensors(x, y)  # [thing, size, size]
        result[rows] = (0.5 - DISTANCES[shape](x, y) * r * size).clamp(0, 1)
    return result
