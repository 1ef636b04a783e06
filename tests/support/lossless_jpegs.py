"""Lossless JPEGs (ITU-T T.81, annex H), which Pillow reads and cannot write."""

import struct

from PIL import Image

from .jpegs import Part, joined

_SIZES = 17
_CODE_BITS = 5


def lossless(image: Image.Image, *, marker: int = 0xC3, bits: int = 8) -> bytes:
    """Return an image in L or RGB whose samples are predicted from the left (selection value 1)."""
    bands = [list(band.tobytes()) for band in image.split()]
    numbers = range(1, len(bands) + 1)
    counts = bytes((0, 0, 0, 0, _SIZES, *bytes(11)))
    tables = bytes((0,)) + counts + bytes(range(_SIZES))
    frame = struct.pack(">BHHB", bits, image.height, image.width, len(bands))
    frame += b"".join(bytes((number, 0x11, 0)) for number in numbers)
    scan = bytes((len(bands),)) + b"".join(bytes((number, 0)) for number in numbers) + bytes((1, 0, 0))
    coded = "".join(
        _code(band, index, image.width) for index in range(image.width * image.height) for band in bands
    )
    coded += "1" * (-len(coded) % 8)
    content = int(coded, 2).to_bytes(len(coded) // 8).replace(b"\xff", b"\xff\0")
    return joined([Part(0xC4, tables), Part(marker, frame), Part(0xDA, scan, content)])


def _code(band: list[int], index: int, width: int) -> str:
    """Return the code of the size of a difference, and the difference in that many bits (H.1.2.2)."""
    above_or_left = index - width if index % width == 0 else index - 1
    prediction = band[above_or_left] if above_or_left >= 0 else 128
    difference = band[index] - prediction
    size = abs(difference).bit_length()
    value = difference if difference > 0 else difference + (1 << size) - 1
    return f"{size:0{_CODE_BITS}b}" + (f"{value:0{size}b}" if size else "")
