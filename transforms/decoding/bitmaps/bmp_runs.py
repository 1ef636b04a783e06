"""The run lengths of a bitmap, of indices of 4 or 8 bits, or of OS/2's colours of 24.

Pixels that no run covers have the first colour of the palette, or are black."""

import re

from .bmp_header import RLE4, RLE24, BmpHeader

_END_OF_ROW = 0
_END_OF_PICTURE = 1
_JUMP = 2
_RUNS = re.compile(rb"(?:[^\0].){1,4096}", re.DOTALL)
"""Runs that follow one another. They cover at most a million pixels, whatever the image's size."""
_BYTES = tuple(bytes((byte,)) for byte in range(256))
_NIBBLES = tuple(bytes((byte >> 4, byte & 15)) for byte in range(256))


def decode_runs(content: bytes, header: BmpHeader) -> bytes:
    """Return a byte, or blue, green and red, per pixel. The first row is the first that is stored.

    Raise OSError if the runs end before the picture does."""
    width = header.width
    pixel_bytes = 3 if header.compression == RLE24 else 1
    pixels = bytearray(width * header.height * pixel_bytes)
    column = 0
    row = 0
    position = 0
    while row < header.height:
        if position + 2 > len(content):
            if row == header.height - 1 and column >= width:
                break
            raise OSError("The run lengths end before the picture does")
        count = content[position]
        value = content[position + 1]
        if not count and value == _END_OF_PICTURE:
            break
        if not count and value == _END_OF_ROW:
            position += 2
            column = 0
            row += 1
            continue
        if not count and value == _JUMP:
            if position + 4 > len(content):
                raise OSError("The run lengths end before the picture does")
            column += content[position + 2]
            row += content[position + 3]
            position += 4
            continue
        run, position = _read_run(content, position, header.compression)
        room = max(0, width - column) * pixel_bytes
        start = (row * width + column) * pixel_bytes
        visible = run[:room]
        pixels[start : start + len(visible)] = visible
        column += len(run) // pixel_bytes
    return bytes(pixels)


def _read_run(content: bytes, position: int, compression: int) -> tuple[bytes, int]:
    """Return the pixels of one or more runs, and the position behind them."""
    count = content[position]
    if count and compression == RLE24:
        return content[position + 1 : position + 4] * count, position + 4
    if count:
        runs = _RUNS.match(content, position)
        if runs is None:
            raise OSError("The run lengths end before the picture does")
        return _expand(runs[0], compression), runs.end()
    count = content[position + 1]
    start = position + 2
    if compression == RLE4:
        end = start + (count + 1) // 2
        run = b"".join([_NIBBLES[byte] for byte in content[start:end]])[:count]
    else:
        end = start + count * (3 if compression == RLE24 else 1)
        run = content[start:end]
    # literal pixels fill whole words
    return run, end + (end - start) % 2


def _expand(runs: bytes, compression: int) -> bytes:
    pairs = zip(runs[::2], runs[1::2], strict=True)
    if compression == RLE4:
        return b"".join([(_NIBBLES[value] * ((count + 1) // 2))[:count] for count, value in pairs])
    return b"".join([_BYTES[value] * count for count, value in pairs])
