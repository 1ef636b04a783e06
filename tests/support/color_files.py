"""Files whose colours are described by code points, gammas or profiles, made by code, and the arithmetic of their
right values."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support import images as made
from tests.support.png_files import png_of

Chunk = tuple[bytes, bytes]

ORANGE = (200, 100, 50)
P3_ORANGE = (215, 93, 31)
BT2020_ORANGE = (240, 76, 29)
LINEAR_ORANGE = (229, 168, 122)
ADOBE_ORANGE = (227, 100, 42)
"""The colour with the numbers of ORANGE in sRGB, if its primaries or its curve are others."""

ADOBE_CHROMATICITIES = ((0.3127, 0.3290), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
"""White, red, green, blue, in the order of cHRM."""
SRGB_CHROMATICITIES = ((0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))


def png(values: Any, *chunks: Chunk, bits: int = 8) -> bytes:
    """Return a PNG of an array of greys, RGB or RGBA with `chunks` before its pixels."""
    array = np.asarray(values)
    height, width = array.shape[:2]
    color_type = {2: 0, 3: 2}[array.ndim] if array.ndim == 2 or array.shape[2] == 3 else 6
    rows = array.astype(">u2" if bits == 16 else ">u1")
    pixels = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return png_of(parts)


def flat(color: Any = ORANGE, side: int = 16) -> NDArray[Any]:
    return np.full((side, side, len(color)), color)


def cicp(primaries: int, transfer: int, matrix: int = 0, is_full_range: int = 1) -> Chunk:
    return b"cICP", bytes((primaries, transfer, matrix, is_full_range))


def iccp(profile: bytes) -> Chunk:
    return b"iCCP", b"name\0\0" + zlib.compress(profile)


def gama(value: float) -> Chunk:
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def chrm(points: tuple[tuple[float, float], ...]) -> Chunk:
    return b"cHRM", struct.pack(">8I", *(round(number * 100_000) for point in points for number in point))


SRGB: Chunk = (b"sRGB", b"\0")


def avif(image: Image.Image, primaries: int = 1, transfer: int = 13, **options: Any) -> bytes:
    """Return an AVIF whose nclx box names these code points."""
    options = {"quality": 100, "subsampling": "4:4:4"} | options
    return with_nclx(made.encoded("avif", image, **options), primaries, transfer)


def heic(primaries: int, transfer: int) -> bytes:
    return with_nclx(made.encoded("heic"), primaries, transfer)


def with_nclx(content: bytes, primaries: int, transfer: int) -> bytes:
    place = content.index(b"colrnclx") + 8
    return content[:place] + struct.pack(">HH", primaries, transfer) + content[place + 4 :]


def without_nclx(content: bytes) -> bytes:
    return content.replace(b"colrnclx", b"freenclx")


def with_bitstream_code_points(content: bytes, primaries: int, transfer: int) -> bytes:
    """Replace the code points of sRGB in the sequence headers of AV1 bitstreams, which stand at any bit."""
    start = content.index(b"mdat") + 4
    bits = "".join(f"{byte:08b}" for byte in content[start:])
    described = f"1{1:08b}{13:08b}{6:08b}"
    place = bits.index(described)
    assert place < 200
    changed = f"1{primaries:08b}{transfer:08b}{6:08b}"
    bits = bits[:place] + changed + bits[place + len(changed) :]
    return content[:start] + int(bits, 2).to_bytes(len(bits) // 8)


def jp2(image: Image.Image, *color_boxes: bytes) -> bytes:
    """Return a JPEG 2000 with these contents of colour boxes instead of the encoder's."""
    content = made.encoded("jp2", image, irreversible=False)
    header = content.index(b"jp2h")
    place = content.index(b"colr", header) - 4
    end = place + int.from_bytes(content[place : place + 4])
    boxes = b"".join(struct.pack(">I", 8 + len(box)) + b"colr" + box for box in color_boxes)
    header_bytes = int.from_bytes(content[header - 4 : header]) + len(boxes) - (end - place)
    return (
        content[: header - 4]
        + struct.pack(">I", header_bytes)
        + content[header:place]
        + boxes
        + content[end:]
    )


def bmp(image: Image.Image, profile: bytes, *, space: bytes = b"MBED", offset: int | None = None) -> bytes:
    """Return a BMP of version 5 with a profile behind its pixels."""
    pixels = image.convert("RGB").transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGR")
    start = 124 + len(pixels)
    header = struct.pack("<IiiHHIIiiII", 124, *image.size, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    header += bytes(16) + space[::-1] + bytes(36 + 12)
    header += struct.pack("<IIII", 4, start if offset is None else offset, len(profile), 0)
    size = 14 + len(header) + len(pixels) + len(profile)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, 14 + len(header)) + header + pixels + profile


def srgb_of_light(light: Any) -> NDArray[np.float64]:
    """Return the sRGB values, 0-255, of linear light from 0 to 1 (IEC 61966-2-1)."""
    light = np.clip(np.asarray(light, float), 0, 1)
    return np.asarray(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def shown(content: bytes, folder: Any, mode: str = "RGB") -> NDArray[np.float64]:
    """Return the pixels of a file once it is converted to PNG."""
    return made.pixels(made.rendered(content, "format=png", folder)[1], mode)


def read_back(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))
