"""Enlargement by whole numbers, bilinear: as Pillow's resize(), and faster."""

from collections.abc import Iterator
from functools import cache
from math import ceil

from PIL import Image, ImageChops

from transforms.geometry import Size

_STRIP_ROWS = 64
"""So few rows stay in the processor's cache."""


def enlarged(
    image: Image.Image,
    size: Size,
    *,
    scale: int,
    margin: int,
) -> Image.Image:
    """Return the image without its margin `scale` times larger, cut to `size`. An even scale, and one px of
    margin, are the least."""
    box = (margin, 0, margin + size.width / scale, image.height)
    wide = image.resize((size.width, image.height), Image.Resampling.BILINEAR, box=box)
    result = Image.new(image.mode, size)
    rows = ceil(size.height / scale)
    for first in range(0, rows, _STRIP_ROWS):
        count = min(_STRIP_ROWS, rows - first)
        top = margin + first
        strip = wide.crop((0, top - 1, size.width, top + count + 1))
        for place, part in _places(strip, scale):
            _spread_rows(part, result, first * scale + place, scale)
    return result


def _places(strip: Image.Image, scale: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield each place within a row, and the rows at that place, without the first and the last row.

    They are sums of shares from tables: the larger one of a level, and what is left of another. So the sum is
    exact if both are the same."""
    width, height = strip.size
    half = scale // 2
    for place in range(half):
        larger = strip.point(_share(half + place, scale) * len(strip.getbands()))
        rest = ImageChops.subtract_modulo(strip, larger)
        middle = larger.crop((0, 1, width, height - 1))
        below = rest.crop((0, 2, width, height))
        # the sum of images of different sizes has the smaller one
        yield place, ImageChops.add_modulo(middle, rest)
        yield scale - 1 - place, ImageChops.add_modulo(middle, below)


@cache
def _share(place: int, scale: int) -> list[int]:
    """Return `place` and a half of `scale` of each level."""
    share = (place + 0.5) / scale
    return [round(level * share) for level in range(256)]


def _spread_rows(
    rows: Image.Image,
    result: Image.Image,
    first: int,
    step: int,
) -> None:
    """Put each row at its place. Pillow's own crop() and paste() take three times as long for one row."""
    width = rows.width
    source = rows.im
    target = result.im
    places = range(first, result.height, step)
    for row, place in zip(range(rows.height), places, strict=False):
        line = source.crop((0, row, width, row + 1))
        target.paste(line, (0, place, width, place + 1))
