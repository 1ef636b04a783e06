"""Decoded rows of a TIFF by the libtiff of Pillow's wheel: any compression, predictor and byte order.

Only functions with fixed arguments are called. The layout comes from the tags that Pillow has read."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Any

from transforms.decoding.bundled_libraries import find_library

from .tiff_layout import Layout

Rows = bytes | bytearray
_ROWS_PIXELS = 1_000_000
"""Px that are converted at once: conversions hold several times the bytes of their pixels."""


def is_available() -> bool:
    return _library() is not None


def has_codec(compression: int) -> bool:
    """Whether this libtiff decodes a compression."""
    library = _library()
    return library is not None and bool(library.TIFFIsCODECConfigured(ctypes.c_uint16(compression)))


def read_rows(file: IO[bytes], directory: int, layout: Layout) -> Iterator[tuple[int, int, list[Rows]]]:
    """Yield the first row, the number of rows, and their bytes: one for all samples, or one per plane.

    `directory` is the offset of the page's directory. Raise OSError if the file is damaged."""
    with _opened(file, directory) as handle:
        blocks = _tile_rows(handle, layout) if layout.tile else _strips(handle, layout)
        yield from _regrouped(blocks, layout)


def _regrouped(
    blocks: Iterator[tuple[int, list[Rows]]],
    layout: Layout,
) -> Iterator[tuple[int, int, list[Rows]]]:
    """Join and cut blocks of rows to a moderate number of px."""
    wanted_rows = max(1, _ROWS_PIXELS // layout.width)
    top = 0
    pending: list[list[Rows]] = []
    pending_rows = 0
    for rows, planes in blocks:
        pending.append(planes)
        pending_rows += rows
        if pending_rows < wanted_rows and top + pending_rows < layout.height:
            continue
        joined = planes if len(pending) == 1 else [b"".join(parts) for parts in zip(*pending, strict=True)]
        for start in range(0, pending_rows, wanted_rows):
            count = min(wanted_rows, pending_rows - start)
            first = start * layout.row_bytes
            last = first + count * layout.row_bytes
            yield top + start, count, [plane[first:last] for plane in joined]
        top += pending_rows
        pending = []
        pending_rows = 0


def _strips(handle: ctypes.c_void_p, layout: Layout) -> Iterator[tuple[int, list[Rows]]]:
    strip_count = -(-layout.height // layout.rows_per_strip)
    for index in range(strip_count):
        rows = min(layout.rows_per_strip, layout.height - index * layout.rows_per_strip)
        planes = [
            _read(
                _library().TIFFReadEncodedStrip, handle, plane * strip_count + index, rows * layout.row_bytes
            )
            for plane in range(layout.planes)
        ]
        yield rows, planes


def _tile_rows(handle: ctypes.c_void_p, layout: Layout) -> Iterator[tuple[int, list[Rows]]]:
    """Yield rows of tiles, cut to the image's width and height."""
    if layout.tile is None:
        return
    tile_width, tile_height = layout.tile
    across = -(-layout.width // tile_width)
    down = -(-layout.height // tile_height)
    tile_row_bytes = layout.bytes_of(tile_width)
    for row in range(down):
        rows = min(tile_height, layout.height - row * tile_height)
        planes = []
        for plane in range(layout.planes):
            first = (plane * down + row) * across
            tiles = [
                _read(_library().TIFFReadEncodedTile, handle, first + column, tile_height * tile_row_bytes)
                for column in range(across)
            ]
            planes.append(_side_by_side(tiles, rows, tile_row_bytes, layout.row_bytes))
        yield rows, planes


def _side_by_side(tiles: list[Rows], rows: int, tile_row_bytes: int, row_bytes: int) -> Rows:
    parts = []
    for start in range(0, rows * tile_row_bytes, tile_row_bytes):
        row = b"".join([tile[start : start + tile_row_bytes] for tile in tiles])
        parts.append(row[:row_bytes])
    return b"".join(parts)


def _read(function: Any, handle: ctypes.c_void_p, index: int, size: int) -> Rows:
    content = bytearray(size)
    # a strip may be the whole image, so nothing here copies it
    count = function(handle, index, (ctypes.c_char * size).from_buffer(content), size)
    if count != size:
        raise OSError(f"libtiff has decoded {count} of {size} bytes")
    return content


@contextmanager
def _opened(file: IO[bytes], directory: int) -> Iterator[ctypes.c_void_p]:
    """Open the page whose directory stands at that offset. Leave the file's position as it was."""
    library = _library()
    if library is None:
        raise OSError("libtiff is missing")
    number = file.fileno()
    position = os.lseek(number, 0, os.SEEK_CUR)
    os.lseek(number, 0, os.SEEK_SET)
    # without c libtiff would cut a single strip in many, whose numbers no tag tells
    duplicate = os.dup(number)
    handle = library.TIFFFdOpen(duplicate, b"image", b"rc")
    if not handle:
        # only a handle closes it, and an open file would keep its place on the disk
        os.close(duplicate)
        raise OSError("libtiff cannot open it")
    try:
        if not library.TIFFSetSubDirectory(handle, directory):
            raise OSError("libtiff cannot read the directory")
        yield handle
    finally:
        library.TIFFClose(handle)
        os.lseek(number, position, os.SEEK_SET)


@cache
def _library() -> Any:
    library = find_library("libtiff")
    if library is None:
        return None
    pointer = ctypes.c_void_p
    library.TIFFFdOpen.restype = pointer
    library.TIFFFdOpen.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)
    library.TIFFSetSubDirectory.argtypes = (pointer, ctypes.c_uint64)
    library.TIFFClose.argtypes = (pointer,)
    library.TIFFClose.restype = None
    for function in (library.TIFFReadEncodedStrip, library.TIFFReadEncodedTile):
        function.argtypes = (pointer, ctypes.c_uint32, pointer, ctypes.c_ssize_t)
        function.restype = ctypes.c_ssize_t
    # libtiff prints errors of untrusted files to stderr
    for setter in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
        setter.argtypes = (pointer,)
        setter.restype = pointer
        setter(None)
    return library
