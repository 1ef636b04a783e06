"""GIF: frames, their durations, and the number of plays. Source: GIF 89a; Netscape's extension."""

import re

from transforms.geometry import Size

from .blocks import Unstrippable

_HEAD_BYTES = 13
_KEPT = re.compile(rb"!\xf9\x04.{4}\x00|!\xff\x0bNETSCAPE2\.0\x03\x01..\x00", re.DOTALL)
"""The duration of a frame, and the number of plays."""
_FRAME = re.compile(rb",.{8}(.)", re.DOTALL)
_COMMENT = 0xFE
_APPLICATION = 0xFF
_END = b";"


def strip_gif(content: bytes, size: Size) -> bytes:
    """Return a GIF without comments and extensions of applications."""
    position = _HEAD_BYTES + _palette_bytes(content[10])
    parts = [content[:position]]
    while position < len(content) and content[position : position + 1] != _END:
        start = position
        kept = _KEPT.match(content, position)
        frame = _FRAME.match(content, position)
        if kept:
            position = kept.end()
            parts.append(kept[0])
        elif frame:
            # behind the palette stands the size of the first codes
            codes = frame.end() + _palette_bytes(frame[1][0]) + 1
            position = _skip_blocks(content, codes)
            parts.append(content[start:position])
        elif content[position] == ord("!") and content[position + 1] in (_COMMENT, _APPLICATION):
            position = _skip_blocks(content, position + 2)
        else:
            raise Unstrippable("a block that is not known")
    return b"".join([*parts, _END])


def _skip_blocks(content: bytes, position: int) -> int:
    """Return the end of blocks of at most 255 bytes, each behind its length. The last has none."""
    while content[position]:
        position += content[position] + 1
    return position + 1


def _palette_bytes(flags: int) -> int:
    has_palette = flags & 0x80
    if not has_palette:
        return 0
    colors = 2 << (flags & 7)
    return 3 * colors
