"""An opaque image on a lattice of half its px, from which an affine map takes the px of a canvas.

Pillow's blend(), paste() and nearest neighbour are many times faster than its resize() and transform(). So
the lattice is four images: as it is, and half a px to the right, below, and both. Each corner of a cell of
the lattice lies in another one, and is there the nearest px to all places in the cell."""

from collections.abc import Iterator
from functools import cache
from math import ceil, floor
from typing import NamedTuple

from PIL import Image, ImageChops

from transforms.geometry import Size

Affine = tuple[float, float, float, float, float, float]
"""Maps x, y of a canvas to a * x + b * y + c, d * x + e * y + f of an image."""
Axis = tuple[float, float, float]

_SHARPNESS = 1.25
"""A px between two others is so much of their mean, less the rest of the mean of the two beyond. 1.125 is
exact for cubes. More makes up for the means that are taken within a cell."""
_BEFORE = 1
_NEIGHBOURS = 4
"""Px in a row of which the one in the middle is made, and how many come before its left neighbour."""
_START = _BEFORE + 0.5
"""Px of the image at which a shifted one begins."""
_BAND_PX = 64
"""Rows that are done at once. So few stay in the processor's cache."""
_MAX_BAND_WIDTH = 900
_STEPS = 32
_LINE_PX = 1_000
"""Steps per px of the line from which shares are read, and its length. It holds a band in
any direction, and 16 bits hold its steps, where Pillow is fastest."""


class Lattice(NamedTuple):
    """The px of an image, and those half a px to the right, below, and both."""

    as_is: Image.Image
    right: Image.Image
    below: Image.Image
    both: Image.Image


def lattice(image: Image.Image) -> Lattice:
    """Return the lattice of an opaque image that has 4 px or more on each side."""
    width, height = image.size
    narrow = width - _NEIGHBOURS + 1
    low = height - _NEIGHBOURS + 1
    right = Image.new(image.mode, (narrow, height))
    below = Image.new(image.mode, (width, low))
    both = Image.new(image.mode, (narrow, low))
    for top in range(0, low, _BAND_PX):
        bottom = min(top + _BAND_PX, low) + _NEIGHBOURS - 1
        strip = image.crop((0, top, width, bottom))
        negative = ImageChops.invert(strip)
        # one of three the other way round: what they are darker or brighter by is nothing in the mean
        negative_right = _between_columns(negative, strip)
        strip_right = ImageChops.invert(negative_right)
        right.paste(strip_right, (0, top))
        below.paste(_between_rows(strip, negative), (0, top))
        both.paste(_between_rows(strip_right, negative_right), (0, top))
    return Lattice(image, right, below, both)


def _between_columns(image: Image.Image, negative: Image.Image) -> Image.Image:
    width = image.width - _NEIGHBOURS + 1
    boxes = [(left, 0, left + width, image.height) for left in range(_NEIGHBOURS)]
    return _between(image, negative, boxes)


def _between_rows(image: Image.Image, negative: Image.Image) -> Image.Image:
    height = image.height - _NEIGHBOURS + 1
    boxes = [(0, top, image.width, top + height) for top in range(_NEIGHBOURS)]
    return _between(image, negative, boxes)


def _between(
    image: Image.Image,
    negative: Image.Image,
    boxes: list[tuple[int, int, int, int]],
) -> Image.Image:
    """Return the px in the middle of four in a row, which the boxes hold.

    blend() cuts fractions off. A negative mean is cut off the other way, by as much as the result."""
    before, left, right, after = boxes
    near = ImageChops.invert(Image.blend(negative.crop(left), negative.crop(right), 0.5))
    far = Image.blend(image.crop(before), image.crop(after), 0.5)
    return Image.blend(far, near, _SHARPNESS)


class Part(NamedTuple):
    """A part of a canvas, and whether it lies in an image without its margin."""

    left: int
    top: int
    size: Size
    is_inside: bool


def transformed(
    source: Lattice,
    canvas: Size,
    back: Affine,
) -> Image.Image:
    """Return the px of a canvas that `back` maps to places in the image. Px far outside of it are black."""
    result = Image.new(source.as_is.mode, canvas)
    for part in parts(Size(*source.as_is.size), canvas, back):
        result.paste(weighed(source, part, back), (part.left, part.top))
    return result


def parts(
    image: Size,
    canvas: Size,
    back: Affine,
    margin: int = 0,
) -> Iterator[Part]:
    """Yield the parts of a canvas that meet an image.

    Pillow adds up steps that are rounded to 16 bits after the point, so a part must not be large."""
    for top in range(0, canvas.height, _BAND_PX):
        height = min(_BAND_PX, canvas.height - top)
        band = Size(canvas.width, height)
        band_back = moved(back, 0, top)
        first, end = _span(image, band, band_back)
        whole_first, whole_end = _span(image, band, band_back, inset=margin, is_whole=True)
        if whole_first >= whole_end:
            whole_first = whole_end = end
        spans = ((first, whole_first, False), (whole_first, whole_end, True), (whole_end, end, False))
        for left, right, is_inside in spans:
            for part_left in range(left, right, _MAX_BAND_WIDTH):
                width = min(_MAX_BAND_WIDTH, right - part_left)
                yield Part(part_left, top, Size(width, height), is_inside)


def _span(
    image: Size,
    band: Size,
    back: Affine,
    *,
    inset: int = 0,
    is_whole: bool = False,
) -> tuple[int, int]:
    """Return the first column in which some px of a band, or all, lie in an image, and the end of these."""
    first = 0.0
    end = float(band.width)
    for side, (across, down, start) in zip(image, (back[:3], back[3:]), strict=True):
        reach = sorted((0.0, down * band.height), reverse=not is_whole)
        least = inset - start - reach[0]
        most = side - inset - start - reach[1]
        if is_whole and (least > most or not across):
            return 0, 0
        if across:
            ends = (least / across, most / across)
            # within the band, since the ends of an angle near 0 are infinite
            first = min(max(first, min(ends)), float(band.width))
            end = max(min(end, max(ends)), 0.0)
    if is_whole:
        return ceil(first), floor(end)
    return floor(first), max(floor(first), ceil(end))


def moved(back: Affine, left: float, top: float) -> Affine:
    """Return the map of the part of a canvas that begins at `left` and `top`."""
    across, down, x, across_y, down_y, y = back
    part_x = x + across * left + down * top
    part_y = y + across_y * left + down_y * top
    return across, down, part_x, across_y, down_y, part_y


def weighed(source: Lattice, part: Part, back: Affine) -> Image.Image:
    """Return the px of a part of a canvas, each weighed from the four corners of its cell."""
    size = part.size
    back = moved(back, part.left, part.top)
    share_across = _share(size, back[:3])
    share_down = _share(size, back[3:])
    upper = _nearest(source.as_is, size, back)
    upper.paste(_nearest(source.right, size, back, left=_START), mask=share_across)
    lower = _nearest(source.below, size, back, top=_START)
    lower.paste(_nearest(source.both, size, back, left=_START, top=_START), mask=share_across)
    upper.paste(lower, mask=share_down)
    return upper


def _nearest(
    image: Image.Image,
    size: Size,
    back: Affine,
    *,
    left: float = 0.0,
    top: float = 0.0,
) -> Image.Image:
    across, down, x, across_y, down_y, y = back
    affine = (across, down, x - left, across_y, down_y, y - top)
    return image.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.NEAREST)


def _share(size: Size, axis: Axis) -> Image.Image:
    """Return how far each place is from the middle of its px along an axis: 255 at the edge of the px."""
    across, down, start = axis
    least = start + min(0.0, across * size.width) + min(0.0, down * size.height)
    line_axis = (across * _STEPS, down * _STEPS, (start - floor(least)) * _STEPS)
    return _line().transform(
        size,
        Image.Transform.AFFINE,
        (*line_axis, 0, 0, 0.5),
        Image.Resampling.NEAREST,
    )


@cache
def _line() -> Image.Image:
    distances = [abs(2 * (step + 0.5) / _STEPS - 1) for step in range(_STEPS)]
    px = bytes(round(255 * distance) for distance in distances)
    return Image.frombytes("L", (_STEPS * _LINE_PX, 1), px * _LINE_PX)
