"""Animated PNGs and GIFs made by code, in ways that Pillow does not write."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

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


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


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
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, late, chunk(b"IEND", b"")])


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
