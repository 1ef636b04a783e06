"""Animated PNGs and GIFs made by code, in ways that Pillow does not write."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from tests.support.png_files import SIGNATURE, chunk
from transforms.decoding.gif import walk_frames

RGBA = 6
KEEP, CLEAR, RESTORE = range(3)
SOURCE, OVER = range(2)


class Part(NamedTuple):
    """A frame of an animated PNG: its place and size, its filtered rows, and its control."""

    box: tuple[int, int, int, int]
    rows: bytes
    delay: tuple[int, int] = (1, 10)
    disposal: int = KEEP
    blend: int = SOURCE


def flat(size: tuple[int, int], pixel: bytes) -> bytes:
    """Return rows without a filter that repeat one pixel of whole bytes."""
    width, height = size
    return (b"\0" + pixel * width) * height


def apng(
    size: tuple[int, int],
    parts: Sequence[Part],
    *,
    color_type: int = RGBA,
    depth: int = 8,
    plays: int = 0,
    frames: int | None = None,
    palette: bytes = b"",
    default_image: bytes = b"",
    late: bytes = b"",
    first_sequence: int = 0,
) -> bytes:
    """Return an animated PNG. `default_image` holds the rows of a picture that is no part of the animation."""
    count = len(parts) if frames is None else frames
    header = struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), palette, chunk(b"acTL", struct.pack(">II", count, plays))]
    if default_image:
        chunks.append(chunk(b"IDAT", zlib.compress(default_image)))
    sequence = first_sequence
    for index, part in enumerate(parts):
        left, top, width, height = part.box
        control = (sequence, width, height, left, top, *part.delay, part.disposal, part.blend)
        chunks.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        sequence += 1
        pixels = zlib.compress(part.rows)
        if index or default_image:
            chunks.append(chunk(b"fdAT", struct.pack(">I", sequence) + pixels))
            sequence += 1
        else:
            chunks.append(chunk(b"IDAT", pixels))
    return SIGNATURE + b"".join([*chunks, late, chunk(b"IEND", b"")])


class GifPart(NamedTuple):
    """A frame of a GIF: its place and size, its indices or the only one, and its control."""

    box: tuple[int, int, int, int]
    indices: int | Sequence[int]
    delay_cs: int = 10
    disposal: int = 0
    transparent: int | None = None
    palette: bytes = b""
    is_interlaced: bool = False
    has_control: bool = True


PALETTE = bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0))
"""Red, green, blue, yellow."""


def loop_count(repeats: int, name: bytes = b"NETSCAPE2.0") -> bytes:
    return b"!\xff\x0b" + name + b"\x03\x01" + struct.pack("<H", repeats) + b"\0"


def gif(
    size: tuple[int, int],
    parts: Sequence[GifPart],
    *,
    palette: bytes = PALETTE,
    before: bytes = b"",
    behind_first: bytes = b"",
) -> bytes:
    """Return a GIF whose palettes have four colours. The background is the last of them."""
    blocks = [b"GIF89a", struct.pack("<HHBBB", *size, 0x81, 3, 0), palette, before]
    for index, part in enumerate(parts):
        left, top, width, height = part.box
        flags = part.disposal << 2 | (part.transparent is not None)
        if part.has_control:
            control = struct.pack("<BHB", flags, part.delay_cs, part.transparent or 0)
            blocks.append(b"!\xf9\x04" + control + b"\0")
        image_flags = (0x81 if part.palette else 0) | (0x40 if part.is_interlaced else 0)
        blocks.append(b"," + struct.pack("<HHHHB", left, top, width, height, image_flags) + part.palette)
        blocks.append(_packed(part))
        if not index:
            blocks.append(behind_first)
    return b"".join([*blocks, b";"])


def _packed(part: GifPart) -> bytes:
    """Return the pixels as Pillow packs them."""
    size = part.box[2:]
    image = Image.new("P", size, part.indices if isinstance(part.indices, int) else 0)
    image.putpalette(bytes(range(256)) * 3)
    if not isinstance(part.indices, int):
        image.putdata(part.indices)
    buffer = io.BytesIO()
    image.save(buffer, "GIF", optimize=False, interlace=part.is_interlaced)
    content = buffer.getvalue()
    frame = next(walk_frames(content))
    return content[frame.pixels_at : frame.end]


def webp(
    size: tuple[int, int],
    parts: Sequence[tuple[tuple[int, int], Image.Image]],
    *,
    duration_ms: int = 100,
    plays: int = 0,
    has_alpha: bool = False,
) -> bytes:
    """Return an animated WebP of opaque or translucent pictures at even places. The background is red."""
    flags = 0x02 | (0x10 if has_alpha else 0)
    chunks = [
        _riff_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + _sides(*size)),
        _riff_chunk(b"ANIM", struct.pack("<IH", 0xFFFF0000, plays)),
    ]
    for (left, top), image in parts:
        place = _24_bits(left // 2) + _24_bits(top // 2)
        control = place + _sides(*image.size) + _24_bits(duration_ms) + b"\0"
        chunks.append(_riff_chunk(b"ANMF", control + _webp_pixels(image)))
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_pixels(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, exact=True)
    # Pillow's file has one chunk if there are no metadata
    return buffer.getvalue()[12:]


def _riff_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _sides(width: int, height: int) -> bytes:
    return _24_bits(width - 1) + _24_bits(height - 1)


def _24_bits(value: int) -> bytes:
    return struct.pack("<I", value)[:3]
