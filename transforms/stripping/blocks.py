"""The reason why an original cannot be cut down, and blocks that several formats share."""

from collections.abc import Iterator
from typing import NamedTuple

MAX_BLOCKS = 50_000
"""Boxes, chunks or segments of a file. More would take seconds, and hold hardly a pixel each."""


class Unstrippable(ValueError):
    """An original holds something that is not known to be pixels alone."""


class Box(NamedTuple):
    """A box of the ISO base media file format, or of JPEG 2000's container, which has the same form."""

    kind: bytes
    content: bytes

    @property
    def written(self) -> bytes:
        return (len(self.content) + 8).to_bytes(4) + self.kind + self.content


def read_boxes(content: bytes) -> Iterator[Box]:
    """Read boxes up to the end. Raise Unstrippable if one is cut off."""
    position = 0
    for _ in range(MAX_BLOCKS):
        if position == len(content):
            return
        head_bytes = 8
        size = int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        if size == 1:
            head_bytes = 16
            size = int.from_bytes(content[position + 8 : position + 16])
        if size == 0:
            size = len(content) - position
        end = position + size
        if size < head_bytes or end > len(content):
            raise Unstrippable("a box that is cut off")
        yield Box(kind, content[position + head_bytes : end])
        position = end
    raise Unstrippable("too many boxes")
