"""The reason why an original cannot be cut down, and blocks that several formats share."""

from collections.abc import Iterator

from transforms.containers.boxes import Box, Place, walk_boxes

MAX_BLOCKS = 50_000
"""Chunks or segments of a file. More would take seconds, and hold hardly a pixel each."""


class Unstrippable(ValueError):
    """An original holds something that is not known to be pixels alone."""


def read_places(content: bytes | bytearray, start: int, end: int) -> Iterator[Place]:
    """Read the boxes from `start` to `end`. Raise Unstrippable if they do not fill it."""
    position = start
    for box in walk_boxes(content, start, end):
        position = box.end
        if position > end:
            break
        yield box
    if position != end:
        raise Unstrippable("a box that is cut off")


def read_boxes(content: bytes) -> Iterator[Box]:
    for box in read_places(content, 0, len(content)):
        yield Box(box.kind, content[box.body : box.end])
