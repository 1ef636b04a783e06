"""The blocks of a GIF (GIF89a, 17 to 27). They are untrusted bytes."""

import re
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

FRAME = 0x2C
CONTROL = 0xF9
COMMENT = 0xFE
APPLICATION = 0xFF
HAS_PALETTE = 0x80
PALETTE_BITS = 7
IMAGE_HEAD = Struct("<HHHHB")
_HEAD_BYTES = 13
_FLAGS_AT = 10
_LABEL_BYTES = 1
_CODE_SIZE_BYTES = 1
"""Before the data blocks of a frame."""
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
    """Yield the blocks up to the end mark. Bytes that belong to no block are passed over."""
    _, place = read_global_palette(content)
    while introducer := _INTRODUCER.search(content, place):
        if introducer[0] == b";":
            return
        start = introducer.start()
        is_frame = introducer[0] == b","
        head_end = introducer.end() + (IMAGE_HEAD.size if is_frame else _LABEL_BYTES)
        if head_end >= len(content):
            return
        if is_frame:
            palette, data_at = _read_palette(content, head_end, content[head_end - 1])
            place = _skip_data(content, data_at + _CODE_SIZE_BYTES)
            yield Block(FRAME, start, introducer.end(), data_at, place, palette)
        else:
            place = _skip_data(content, head_end)
            yield Block(content[head_end - 1], start, head_end, head_end, place, b"")


def read_global_palette(content: bytes) -> tuple[bytes, int]:
    """Return the palette of all frames that have none of their own, and the place of the first block."""
    return _read_palette(content, _HEAD_BYTES, content[_FLAGS_AT])


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


def _skip_data(content: bytes, place: int) -> int:
    """Return the place behind a row of data blocks. A block of no bytes ends it."""
    while place < len(content):
        size = content[place]
        place += size + 1
        if not size:
            return place
    return len(content) + 1
