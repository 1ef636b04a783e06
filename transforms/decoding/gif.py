"""GIF (GIF89a), frame by frame, as browsers play it.

An area that no frame covers is transparent, and so is the area of a frame that is cleared. Pillow fills both
with a colour of the palette. So it decodes each frame as a still GIF here, and frame_canvas.py draws them."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from struct import Struct
from typing import IO, NamedTuple

from PIL import GifImagePlugin

from progimage.errors import UnprocessableImage
from transforms.containers.gif_blocks import (
    APPLICATION,
    CONTROL,
    FRAME,
    HAS_PALETTE,
    HEAD_BYTES,
    IMAGE_HEAD,
    PALETTE_BITS,
    read_global_palette,
    walk_blocks,
)
from transforms.geometry import Size
from transforms.limits import Limits

from .frame_canvas import Corners, Disposal, ShownFrame, StoredFrame, check_areas, compose

_CONTROL = Struct("<BHB")
"""Flags, the delay in hundredths of a second, and the index that is transparent."""
_IS_INTERLACED = 0x40
_PALETTE_BYTES = 768
_FULL_PALETTE = HAS_PALETTE | PALETTE_BITS
_LOOP_COUNT = re.compile(rb"\x0b(?:NETSCAPE2\.0|ANIMEXTS1\.0)\x03\x01(..)", re.DOTALL)
"""Both names mean the same."""
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE, 4: Disposal.RESTORE}
"""Old encoders write 4 for 3."""
_MIN_DELAY_CS = 2
_SHORT_DELAY_MS = 100
"""Browsers show a frame of 0 or 1 hundredths of a second for so long."""


class GifFrame(NamedTuple):
    """The places of a frame's blocks in its file, and its palette.

    `control_at` is the place of the content of its graphic control extension, -1 if there is none."""

    control_at: int
    head_at: int
    pixels_at: int
    end: int
    palette: bytes


def check_blocks(file: IO[bytes]) -> None:
    """Raise UnprocessableImage for more blocks than a picture has: frames, extensions and pieces of data.

    Pillow walks through all of them to count the frames."""
    file.seek(0)
    content = file.read()
    file.seek(0)
    if len(content) >= HEAD_BYTES:
        for _ in walk_blocks(content):
            pass


def walk_frames(content: bytes) -> Iterator[GifFrame]:
    """Yield the frames as far as their pixels begin. The last one may be cut off."""
    global_palette, _ = read_global_palette(content)
    control_at = -1
    for block in walk_blocks(content):
        if block.label == CONTROL and content[block.body] == _CONTROL.size:
            control_at = block.body + 1
        if block.label == FRAME:
            palette = block.palette or global_palette
            yield GifFrame(control_at, block.body, block.data_at, block.end, palette)
            control_at = -1


def read_gif_plays(file: IO[bytes]) -> int:
    """Return the number of times that an animation plays; 0 is for ever. Leave the file at its place.

    The number in the file counts the repeats after the first time. Without a number it is once."""
    place = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(place)
    for block in walk_blocks(content):
        count = _LOOP_COUNT.match(content, block.body) if block.label == APPLICATION else None
        if count:
            repeats = int.from_bytes(count[1], "little")
            return repeats + 1 if repeats else 0
    return 1


def read_gif(
    file: IO[bytes],
    size: Size,
    count: int,
    limits: Limits,
) -> Iterator[ShownFrame]:
    """Yield the first `count` frames on a canvas of `size`. Raise UnprocessableImage if there are fewer."""
    file.seek(0)
    content = file.read()
    frames = list(islice(walk_frames(content), count))
    stored = [_as_stored(content, frame) for frame in frames]
    if len(stored) < count:
        raise UnprocessableImage("The GIF ends before its last frame")
    check_areas(stored, limits)
    is_gray = all(_is_gray(frame.palette) for frame in frames)
    return compose(stored, size, GifImagePlugin.GifImageFile, is_gray=is_gray)


def _is_gray(palette: bytes) -> bool:
    return palette[0::3] == palette[1::3] == palette[2::3]


def _as_stored(content: bytes, frame: GifFrame) -> StoredFrame:
    left, top, width, height, _ = IMAGE_HEAD.unpack_from(content, frame.head_at)
    control = content[frame.control_at : frame.control_at + _CONTROL.size] if frame.control_at >= 0 else b""
    if len(control) < _CONTROL.size:
        control = bytes(_CONTROL.size)
    control_flags, delay_cs, _ = _CONTROL.unpack(control)
    return StoredFrame(
        corners=Corners(left, top, left + width, top + height),
        file=_as_still(content, frame, control),
        duration_ms=Fraction(10 * delay_cs if delay_cs >= _MIN_DELAY_CS else _SHORT_DELAY_MS),
        disposal=_DISPOSALS.get(control_flags >> 2 & 7, Disposal.KEEP),
        is_blended=True,
    )


def _as_still(content: bytes, frame: GifFrame, control: bytes) -> bytes:
    """Return the frame as a file of its own. Colours that its palette lacks are black."""
    sides = content[frame.head_at + 4 : frame.head_at + 8]
    interlace = content[frame.head_at + 8] & _IS_INTERLACED
    has_palette = bool(frame.palette)
    parts = [
        b"GIF89a",
        sides,
        bytes((_FULL_PALETTE if has_palette else 0, 0, 0)),
        frame.palette.ljust(_PALETTE_BYTES if has_palette else 0, b"\0"),
        bytes((0x21, CONTROL, _CONTROL.size)),
        control,
        b"\0,\0\0\0\0",
        sides,
        bytes((interlace,)),
        content[frame.pixels_at : frame.end],
    ]
    return b"".join(parts)
