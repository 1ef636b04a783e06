"""The rows of a PNG with one filter for all of them, filtered by Pillow's arithmetic and packed by zlib.

Pillow tries five filters on each row, which takes as long as packing them (PNG specification, 9 and 10)."""

import zlib
from collections.abc import Iterable, Iterator
from enum import IntEnum

from PIL import Image, ImageChops

_STRIP_BYTES = 1 << 18
"""Rows that are filtered at once. They stay in the processor's cache, and take no memory to speak of."""
_PART_BYTES = 1 << 16
_MOST_MEMORY = 9
"""zlib's memLevel, as Pillow has it."""

FILTERED_MODES = frozenset({"L", "LA", "RGB", "RGBA"})
"""Modes of eight bits a channel: neighbours of the same channel lie whole bytes apart."""


class RowFilter(IntEnum):
    """The byte before a row. The third filter of PNG, UP, is never the best for photographs."""

    NONE = 0
    SUB = 1
    AVERAGE = 3


def pack_rows(
    image: Image.Image,
    row_filter: RowFilter,
    level: int,
    strategy: int,
) -> Iterator[bytes]:
    """Yield the contents of a PNG's IDAT chunks for an image of a mode in `FILTERED_MODES`."""
    return pack(_strips(image, row_filter), level, strategy)


def pack(strips: Iterable[bytes], level: int, strategy: int) -> Iterator[bytes]:
    """Yield filtered rows as zlib packs them, in parts of some size."""
    packer = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, _MOST_MEMORY, strategy)
    packed = b""
    for rows in strips:
        packed += packer.compress(rows)
        if len(packed) >= _PART_BYTES:
            yield packed
            packed = b""
    yield packed + packer.flush()


def filter_rows(
    image: Image.Image,
    row_filter: RowFilter,
    top: int,
    bottom: int,
) -> bytes:
    """Return the rows from `top` to `bottom`, each with the byte of its filter before it."""
    # outside of the image crop() has zeros, and so has the specification
    padded = memoryview(image.crop((-1, top - 1, image.width, bottom)).tobytes())
    pixel_bytes = len(image.getbands())
    row_bytes = (1 + image.width) * pixel_bytes
    size = (row_bytes, bottom - top)
    rows = _as_image(padded[row_bytes:], size)
    if row_filter is not RowFilter.NONE:
        predicted = _as_image(padded[row_bytes - pixel_bytes : -pixel_bytes], size)
        if row_filter is RowFilter.AVERAGE:
            above = _as_image(padded[:-row_bytes], size)
            # it rounds down, as the specification does
            predicted = Image.blend(predicted, above, 0.5)
        rows = ImageChops.subtract_modulo(rows, predicted)
    first = pixel_bytes - 1
    rows.paste(int(row_filter), (first, 0, pixel_bytes, rows.height))
    return rows.crop((first, 0, row_bytes, rows.height)).tobytes()


def _strips(image: Image.Image, row_filter: RowFilter) -> Iterator[bytes]:
    rows = max(1, _STRIP_BYTES // (image.width * len(image.getbands())))
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield filter_rows(image, row_filter, top, bottom)


def _as_image(content: memoryview, size: tuple[int, int]) -> Image.Image:
    """Return bytes as an image of one channel. Pillow reads them where they are."""
    # it takes every buffer, whatever its annotation says
    return Image.frombuffer("L", size, content, "raw", "L", 0, 1)  # type: ignore[arg-type]
