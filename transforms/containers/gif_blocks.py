"""The blocks of a GIF (GIF89a, 17 to 27). They are untrusted bytes."""

import re
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from progimage.errors import UnprocessableImage

FRAME = 0x2C
CONTROL = 0xF9
COMMENT = 0xFE
APPLICATION = 0xFF
HAS_PALETTE = 0x80
PALETTE_BITS = 7
IMAGE_HEAD = Struct("<HHHHB")
HEAD_BYTES = 13
_FLAGS_AT = 10
_LABEL_BYTES = 1
_CODE_SIZE_BYTES = 1
"""Before the data blocks of a frame."""
_MOST_BLOCKS = 500_000
"""Pillow takes half a microsecond for each. A block holds up to 255 bytes of pixels."""
_INTRODUCER = re.compile(rb"[!,;]")


class Block(NamedTuple):
    """A frame, or an extension of that label. It begins at `start`, and its content at `body`.

    `data_at` is the place of its data. `end` lies behind the file's end if it is cut off."""

    label: int
    start: int
    body: int
    data_at: int
    end: int
    palette: bytes


def walk_blocks(content: bytes) -> Iterator[Block]:
    """Yield the blocks up to the end mark, past bytes that belong to none.

    Raise UnprocessableImage if there are too many."""
    _, place = read_global_palette(content)
    room = _MOST_BLOCKS
    while introducer := _INTRODUCER.search(content, place):
        # Pillow walks through bytes that belong to no block, too
        room -= introducer.end() - place
        if introducer[0] == b";":
            return
        start = introducer.start()
        is_frame = introducer[0] == b","
        head_end = introducer.end() + (IMAGE_HEAD.size if is_frame else _LABEL_BYTES)
        if head_end >= len(content):
            return
        if is_frame:
            palette, data_at = _read_palette(content, head_end, content[head_end - 1])
            place, room = _skip_data(content, data_at + _CODE_SIZE_BYTES, room)
            yield Block(FRAME, start, introducer.end(), data_at, place, palette)
        else:
            place, room = _skip_data(content, head_end, room)
            yield Block(content[head_end - 1], start, head_end, head_end, place, b"")


def read_global_palette(content: bytes) -> tuple[bytes, int]:
    """Return the palette of all frames that have none of their own, and the place of the first block."""
    return _read_palette(content, HEAD_BYTES, content[_FLAGS_AT])


def _read_palette(
    content: bytes,
    place: int,
    flags: int,
) -> tuple[bytes, int]:
    """Return the palette that begins at `place` if `flags` say so, and the place behind it."""
    if not flags & HAS_PALETTE:
        return b"", place
    end = place + (6 << (flags & PALETTE_BITS))
    return content[place:end], end


def _skip_data(content: bytes, place: int, room: int) -> tuple[int, int]:
    """Return the place behind a row of data blocks, and the number of blocks for which there is room then.

    A block of no bytes ends the row. Raise UnprocessableImage if there is no room."""
    while place < len(content):
        size = content[place]
        place += size + 1
        room -= 1
        if room < 0:
            raise UnprocessableImage(f"Expected a GIF of at most {_MOST_BLOCKS:,} blocks but received more")
        if not size:
            return place, room
    return len(content) + 1, room
