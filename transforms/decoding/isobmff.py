"""Boxes of ISO base media files (ISO/IEC 14496-12), as AVIF, HEIC and JPEG 2000 hold them.

They are untrusted bytes: a box that ends outside of its parent ends the walk."""

from collections.abc import Iterator
from typing import IO, NamedTuple

_MAX_BOXES = 1_000
"""In one parent. A file of a thousand tiles has its items within few boxes."""
_MOST_BYTES = 100_000_000
_HEAD_BYTES = 8
_LARGE_HEAD_BYTES = 16
FULL_BOX_BYTES = 4
"""Version and flags."""


class Box(NamedTuple):
    kind: bytes
    content: bytes


def boxes(content: bytes, start: int = 0) -> Iterator[Box]:
    """Yield the boxes that follow one another in `content`."""
    position = start
    for _ in range(_MAX_BOXES):
        head = content[position : position + _LARGE_HEAD_BYTES]
        size = _size(head, len(content) - position)
        if size is None:
            return
        length, head_bytes = size
        yield Box(head[4:8], content[position + head_bytes : position + length])
        position += length


def find(content: bytes, *path: bytes, start: int = 0) -> bytes | None:
    """Return the content of the first box at `path`. Of a path through `meta` skip its version and flags."""
    for kind in path:
        found = next((box.content for box in boxes(content, start) if box.kind == kind), None)
        if found is None:
            return None
        content = found
        start = FULL_BOX_BYTES if kind == b"meta" else 0
    return content


def find_in_file(file: IO[bytes], kind: bytes, max_bytes: int) -> bytes | None:
    """Return the content of the first top-level box of that kind if it has at most `max_bytes`.

    Leave the file at the place where it was."""
    place = file.tell()
    try:
        return _find_in_file(file, kind, max_bytes)
    finally:
        file.seek(place)


def has_box(file: IO[bytes], kind: bytes) -> bool:
    """Whether the file has a top-level box of that kind."""
    return find_in_file(file, kind, _MOST_BYTES) is not None


def _find_in_file(file: IO[bytes], kind: bytes, max_bytes: int) -> bytes | None:
    file_bytes = file.seek(0, 2)
    position = 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(_LARGE_HEAD_BYTES)
        size = _size(head, file_bytes - position)
        if size is None:
            return None
        length, head_bytes = size
        if head[4:8] == kind:
            if length > max_bytes:
                return None
            file.seek(position + head_bytes)
            return file.read(length - head_bytes)
        position += length
    return None


def _size(head: bytes, room: int) -> tuple[int, int] | None:
    """Return the bytes of a box and of its head; None if it has no place in `room`."""
    if len(head) < _HEAD_BYTES:
        return None
    length = int.from_bytes(head[:4])
    head_bytes = _HEAD_BYTES
    if length == 0:
        # it reaches to the end of its parent
        length = room
    elif length == 1:
        length = int.from_bytes(head[8:16])
        head_bytes = _LARGE_HEAD_BYTES
    return (length, head_bytes) if head_bytes <= length <= room else None
