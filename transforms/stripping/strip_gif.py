"""GIF: frames, their durations, and the number of plays. Source: GIF 89a; Netscape's extension."""

import re

from transforms.containers.gif_blocks import APPLICATION, COMMENT, FRAME, read_global_palette, walk_blocks
from transforms.geometry import Size

from .blocks import Unstrippable

_KEPT = re.compile(rb"!\xf9\x04.{4}\x00|!\xff\x0bNETSCAPE2\.0\x03\x01..\x00", re.DOTALL)
"""The duration of a frame, and the number of plays."""
_END = b";"


def strip_gif(content: bytes, size: Size) -> bytes:
    """Return a GIF without comments and extensions of applications."""
    _, position = read_global_palette(content)
    parts = [content[:position]]
    for block in walk_blocks(content):
        if block.start != position or block.end > len(content):
            raise Unstrippable("bytes between blocks, or a block that is cut off")
        position = block.end
        if block.label == FRAME or _KEPT.fullmatch(content, block.start, block.end):
            parts.append(content[block.start : block.end])
        elif block.label not in (COMMENT, APPLICATION):
            raise Unstrippable("a block that is not known")
    if content[position : position + 1] not in (b"", _END):
        raise Unstrippable("a block that is not known")
    return b"".join([*parts, _END])
