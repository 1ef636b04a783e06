"""Shapes as masks: mode L, in each pixel the share of it that lies inside."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor, sqrt

from PIL import Image

from progimage.operations.masks import Mask
from transforms.geometry import Size

Edges = tuple[int, int, int, int]
"""Left, top, right and bottom in px."""

Crossings = Callable[[float], list[float]]
"""From y to the x at which a line there enters the shape, leaves it, enters it again: ascending."""

_LINES = 4
"""Exact lines per row of px: their mean is at most 1/8 off where an edge is nearly level."""
_CORNERS = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 3: (0, 1, 2, 1), 4: (0, 1, 2, 3)}
"""Which of 1 to 4 values is that of a corner, from top left clockwise. Source: CSS Backgrounds 3, 4.1."""


def box_of(operation: Mask, size: Size) -> Edges:
    """Return the whole px around the shape, at least one each way."""
    if operation.shape == "circle":
        side = min(size)
        left, top = (size.width - side) // 2, (size.height - side) // 2
        return left, top, left + side, top + side
    if operation.points is None:
        return (0, 0, *size)
    across, down = _corners(operation.points, size)
    left, top = (min(floor(min(line)), side - 1) for line, side in zip((across, down), size, strict=True))
    return left, top, max(left + 1, ceil(max(across))), max(top + 1, ceil(max(down)))


def draw_shape(operation: Mask, size: Size) -> Image.Image:
    left, top, right, bottom = box_of(operation, size)
    inner = Size(right - left, bottom - top)
    mask = Image.new("L", size)
    if operation.points:
        across, down = _corners(operation.points, size)
        crossings = polygon([(x - left, y - top) for x, y in zip(across, down, strict=True)])
        mask.paste(fill(inner, crossings), (left, top))
    elif operation.shape == "rectangle":
        mask.paste(fill(inner, rectangle(inner, operation.radius or (0.0,))), (left, top))
    else:
        upper = fill(Size(inner.width, ceil(inner.height / 2)), ellipse(inner))
        mask.paste(upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (left, bottom - upper.height))
        mask.paste(upper, (left, top))
    return mask


def _corners(points: Sequence[float], size: Size) -> tuple[list[float], list[float]]:
    """Return the x and the y of a polygon's corners in px, freed of what a product of shares adds to them."""
    return [round(x * size.width, 6) for x in points[::2]], [round(y * size.height, 6) for y in points[1::2]]


def fill(size: Size, crossings: Crossings) -> Image.Image:
    width, height = size
    lines = bytearray(width * height * _LINES + 1)  # a shape may end where the last line does
    inside = memoryview(b"\xff" * width)
    for line in range(height * _LINES):
        start, edges = line * width, crossings((line + 0.5) / _LINES)
        for enter, leave in zip(edges[::2], edges[1::2], strict=True):
            first, last = int(enter), int(leave)
            if last <= first:
                lines[start + first] += _level(leave - enter)
                continue
            lines[start + first] += _level(first + 1 - enter)
            lines[start + first + 1 : start + last] = inside[: last - first - 1]
            lines[start + last] += _level(leave - last)
    return Image.frombuffer("L", (width, height * _LINES), lines).reduce((1, _LINES))


def _level(share: float) -> int:
    """Rounded down, so that the shares of one px never have more than 255 together."""
    return int(share * 255 + 1e-6)


def ellipse(size: Size) -> Crossings:
    across, down = size.width / 2, size.height / 2

    def crossings(y: float) -> list[float]:
        half = across * sqrt(1 - (1 - y / down) ** 2)
        return [across - half, across + half]

    return crossings


def rectangle(size: Size, radius: tuple[float, ...]) -> Crossings:
    """Return a rectangle with round corners. Radii that do not fit together all shrink by one factor.

    Source: CSS Backgrounds 3, 4.5."""
    radii = [radius[index] for index in _CORNERS[len(radius)]]
    sides = zip(radii, (*radii[1:], radii[0]), (size.width, size.height) * 2, strict=True)
    factor = min([1.0, *(side / (one + other) for one, other, side in sides if one + other)])
    top_left, top_right, bottom_right, bottom_left = (value * factor for value in radii)

    def crossings(y: float) -> list[float]:
        left = max(_inset(top_left, y), _inset(bottom_left, size.height - y))
        right = max(_inset(top_right, y), _inset(bottom_right, size.height - y))
        return [left, size.width - right]

    return crossings


def _inset(radius: float, y: float) -> float:
    """Return how far from the side a corner begins, `y` below its top."""
    return radius - sqrt(radius**2 - (radius - y) ** 2) if y < radius else 0.0


def polygon(points: list[tuple[float, float]]) -> Crossings:
    edges = [sorted(edge, key=lambda point: point[1]) for edge in pairwise([*points, points[0]])]

    def crossings(y: float) -> list[float]:
        return sorted(x0 + (x1 - x0) * (y - y0) / (y1 - y0) for (x0, y0), (x1, y1) in edges if y0 <= y < y1)

    return crossings
