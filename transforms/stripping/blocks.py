"""The reason why an original cannot be cut down, and blocks that several formats share."""

from collections.abc import Iterator
from typing import NamedTuple


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
    while position < len(content):
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
