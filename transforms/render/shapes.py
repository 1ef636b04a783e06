"""Shapes as masks: mode L, each pixel holding the share of it that lies inside."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor, sqrt

from PIL import Image

from progimage.operations.masks import Mask
from transforms.geometry import Size

Edges = tuple[int, int, int, int]
"""Left, top, right and bottom in px."""

Crossings = Callable[[float], list[float]]
"""Returns for y the ascending x at which a line there enters the shape, leaves it, enters it again."""

Point = tuple[float, float]

_LINES = 4
"""Exact lines per row of px. Their mean is at most 1/8 off, at an edge that is nearly level."""
_ROUNDING = 1e-6
_CORNERS = {
    1: (0, 0, 0, 0),
    2: (0, 1, 0, 1),
    3: (0, 1, 2, 1),
    4: (0, 1, 2, 3),
}
"""For 1 to 4 radii, the radius of each corner, from top left clockwise. Source: CSS Backgrounds 3, 4.1."""


def box_of(operation: Mask, size: Size) -> Edges:
    """Return the whole px around the shape, at least one each way."""
    if operation.shape == "circle":
        side = min(size)
        left = (size.width - side) // 2
        top = (size.height - side) // 2
        return left, top, left + side, top + side
    if operation.points is None:
        return (0, 0, *size)
    corners = _corners(operation.points, size)
    xs = [x for x, _ in corners]
    ys = [y for _, y in corners]
    left = min(floor(min(xs)), size.width - 1)
    top = min(floor(min(ys)), size.height - 1)
    right = max(left + 1, ceil(max(xs)))
    bottom = max(top + 1, ceil(max(ys)))
    return left, top, right, bottom


def draw_shape(operation: Mask, size: Size) -> Image.Image:
    left, top, right, bottom = box_of(operation, size)
    inner = Size(right - left, bottom - top)
    mask = Image.new("L", size)
    if operation.points:
        corners = _corners(operation.points, size)
        moved = [(x - left, y - top) for x, y in corners]
        drawn = fill(inner, polygon(moved))
        mask.paste(drawn, (left, top))
    elif operation.shape == "rectangle":
        radii = operation.radius or (0.0,)
        drawn = fill(inner, rectangle(inner, radii))
        mask.paste(drawn, (left, top))
    else:
        upper_size = Size(inner.width, ceil(inner.height / 2))
        upper = fill(upper_size, ellipse(inner))
        lower = upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        mask.paste(lower, (left, bottom - upper.height))
        mask.paste(upper, (left, top))
    return mask


def _corners(points: Sequence[float], size: Size) -> list[Point]:
    """Return a polygon's corners in px, rounded to remove the error that a product of shares adds."""
    xs = [round(share * size.width, 6) for share in points[::2]]
    ys = [round(share * size.height, 6) for share in points[1::2]]
    return list(zip(xs, ys, strict=True))


def fill(size: Size, crossings: Crossings) -> Image.Image:
    width, height = size
    # a shape may end at the end of the last line
    lines = bytearray(width * height * _LINES + 1)
    inside = memoryview(b"\xff" * width)
    for line in range(height * _LINES):
        start = line * width
        edges = crossings((line + 0.5) / _LINES)
        spans = zip(edges[::2], edges[1::2], strict=True)
        for enter, leave in spans:
            first = int(enter)
            last = int(leave)
            if last <= first:
                lines[start + first] += _level(leave - enter)
                continue
            full = slice(start + first + 1, start + last)
            lines[start + first] += _level(first + 1 - enter)
            lines[full] = inside[: last - first - 1]
            lines[start + last] += _level(leave - last)
    image = Image.frombuffer("L", (width, height * _LINES), lines)
    return image.reduce((1, _LINES))


def _level(share: float) -> int:
    """Return the level of a share of a px, rounded down.

    The shares of one px never add up to more than 255."""
    return int(share * 255 + _ROUNDING)


def ellipse(size: Size) -> Crossings:
    across = size.width / 2
    down = size.height / 2

    def crossings(y: float) -> list[float]:
        height = 1 - y / down
        half = across * sqrt(1 - height**2)
        return [across - half, across + half]

    return crossings


def rectangle(size: Size, radius: tuple[float, ...]) -> Crossings:
    """Return a rectangle with round corners. If radii do not fit together, all shrink by one factor.

    Source: CSS Backgrounds 3, 4.5."""
    radii = [radius[index] for index in _CORNERS[len(radius)]]
    next_radii = [*radii[1:], radii[0]]
    sides = (size.width, size.height, size.width, size.height)
    factor = 1.0
    for corner, next_corner, side in zip(radii, next_radii, sides, strict=True):
        both = corner + next_corner
        if both:
            factor = min(factor, side / both)
    top_left, top_right, bottom_right, bottom_left = (value * factor for value in radii)

    def crossings(y: float) -> list[float]:
        from_bottom = size.height - y
        left = max(_inset(top_left, y), _inset(bottom_left, from_bottom))
        right = max(_inset(top_right, y), _inset(bottom_right, from_bottom))
        return [left, size.width - right]

    return crossings


def _inset(radius: float, y: float) -> float:
    """Return the distance between the side and a round corner, `y` px below the corner's top."""
    if y >= radius:
        return 0.0
    height = radius - y
    return radius - sqrt(radius**2 - height**2)


def polygon(corners: list[Point]) -> Crossings:
    closed = [*corners, corners[0]]
    edges = [sorted(edge, key=lambda corner: corner[1]) for edge in pairwise(closed)]

    def crossings(y: float) -> list[float]:
        xs = []
        for (x0, y0), (x1, y1) in edges:
            if y0 <= y < y1:
                along = (x1 - x0) * (y - y0)
                xs.append(x0 + along / (y1 - y0))
        return sorted(xs)

    return crossings
