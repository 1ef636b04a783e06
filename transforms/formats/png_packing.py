"""How the rows of a PNG are packed: their filters and zlib's strategy, chosen by a sample of the rows.

Measured at 1600 x 1200 px, in ms and KB. Photographs: level 1 220, 2,900; level 6 910, 2,640; runs 212,
2,640. A diagram: level 6 86, 195; runs 44, 202. A text: 30, 134; 26, 297. docs/decisions.md has a table of
one filter for all rows."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from .png_rows import FILTERED_MODES, RowFilter, filter_rows, pack
from .trial import SaveOptions, bytes_of

_SAMPLED_PIXELS = 32_768
_STRIPS = 8
_RUNS_ALLOWANCE = 1.15
"""Runs may take so many times the bytes if less time goes first."""
_FILTER_ALLOWANCE = 1.09
"""One filter for all rows may take so many times the bytes if less time goes first. By the sample it is
1.0 to 1.06 for most photographs, 1.1 and more for smooth ones and diagrams."""
_FILTERS = (RowFilter.SUB, RowFilter.AVERAGE)
_FASTEST = 1
_FILE_BYTES = 57
"""Of a PNG beside the packed rows: its signature, its header, the frame of its IDAT chunk and its end."""

Strip = tuple[int, int]
"""The rows from the first number to the second."""


class Packing(NamedTuple):
    """zlib's strategy, and the filter of all rows; None if Pillow chooses one for each."""

    strategy: int
    row_filter: RowFilter | None = None


def choose_packing(
    image: Image.Image,
    level: int,
    *,
    is_smallest: bool,
    is_still: bool = True,
) -> Packing:
    """Return the packing of an image that has no palette.

    With `is_smallest` fewer bytes go before less time. Pillow filters the rows of an animation."""
    strips = _find_strips(image)
    if image.mode not in FILTERED_MODES or not is_still:
        return Packing(_choose_strategy(image, strips, level, is_smallest=is_smallest))
    sizes = {
        row_filter: _packed_bytes(_filtered(image, row_filter, strips), level, zlib.Z_RLE)
        for row_filter in _FILTERS
    }
    best = min(_FILTERS, key=sizes.__getitem__)
    rows = _filtered(image, best, strips)
    has_matches = _packed_bytes(rows, _FASTEST, zlib.Z_DEFAULT_STRATEGY) < sizes[best]
    # in noise the search for matches takes the longest, and finds none
    if has_matches or is_smallest:
        strategy = _choose_strategy(image, strips, level, is_smallest=is_smallest)
        if strategy != zlib.Z_RLE:
            return Packing(strategy)
    allowance = 1.0 if is_smallest else _FILTER_ALLOWANCE
    is_good = sizes[best] <= allowance * _pillows_bytes(image, strips, level)
    return Packing(zlib.Z_RLE, best if is_good else None)


def _choose_strategy(
    image: Image.Image,
    strips: Sequence[Strip],
    level: int,
    *,
    is_smallest: bool,
) -> int:
    """Return the strategy for rows whose filters Pillow chooses."""
    sample = _stacked(image, strips)
    run_bytes = bytes_of(sample, "PNG", _options(level, zlib.Z_RLE))
    default_bytes = bytes_of(sample, "PNG", _options(level, zlib.Z_DEFAULT_STRATEGY))
    allowance = 1.0 if is_smallest else _RUNS_ALLOWANCE
    return zlib.Z_RLE if run_bytes <= allowance * default_bytes else zlib.Z_DEFAULT_STRATEGY


def _pillows_bytes(image: Image.Image, strips: Sequence[Strip], level: int) -> int:
    """Return the bytes of the strips if Pillow filters each row and packs runs.

    The row above each strip is written, too, and taken off again. Else the first row of a strip would be
    filtered by the last one of another."""
    options = _options(level, zlib.Z_RLE)
    heads = [(top - 1, top) for top, _ in strips if top]
    if not heads:
        return bytes_of(_stacked(image, strips), "PNG", options) - _FILE_BYTES
    whole = _stacked(image, [(max(0, top - 1), bottom) for top, bottom in strips])
    return bytes_of(whole, "PNG", options) - bytes_of(_stacked(image, heads), "PNG", options)


def _options(level: int, strategy: int) -> SaveOptions:
    return {"compress_level": level, "compress_type": strategy}


def _find_strips(image: Image.Image) -> list[Strip]:
    """Return strips from all over the image.

    A page may hold both graphics and photographs, which pack differently."""
    if image.width * image.height <= _SAMPLED_PIXELS:
        return [(0, image.height)]
    rows = max(1, _SAMPLED_PIXELS // image.width // _STRIPS)
    if rows * _STRIPS >= image.height:
        return [(0, image.height)]
    # the first row of an image has nothing above it, and packs unlike the others
    first = min(1, image.height - rows)
    tops = [first + (image.height - first - rows) * index // (_STRIPS - 1) for index in range(_STRIPS)]
    return [(top, top + rows) for top in tops]


def _stacked(image: Image.Image, strips: Sequence[Strip]) -> Image.Image:
    height = sum(bottom - top for top, bottom in strips)
    stack = Image.new(image.mode, (image.width, height))
    place = 0
    for top, bottom in strips:
        stack.paste(image.crop((0, top, image.width, bottom)), (0, place))
        place += bottom - top
    return stack


def _filtered(image: Image.Image, row_filter: RowFilter, strips: Sequence[Strip]) -> bytes:
    return b"".join(filter_rows(image, row_filter, top, bottom) for top, bottom in strips)


def _packed_bytes(rows: bytes, level: int, strategy: int) -> int:
    return sum(map(len, pack([rows], level, strategy)))
