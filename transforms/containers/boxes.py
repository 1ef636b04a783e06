"""Boxes of the ISO base media file format (ISO/IEC 14496-12, 4.2), as AVIF, HEIC and JPEG 2000 hold them.

They are untrusted bytes: a box whose size is impossible ends the walk."""

from collections.abc import Callable, Iterator
from os import SEEK_END
from typing import IO, NamedTuple

MAX_BOXES = 10_000
"""In one parent. A file of a thousand tiles has its items within few boxes."""
FULL_BOX_BYTES = 4
"""Version and flags."""
_HEAD_BYTES = 8
_LARGE_HEAD_BYTES = 16


class Place(NamedTuple):
    """A box in a file: `start` is the place of its size, `body` that of its content."""

    kind: bytes
    start: int
    body: int
    end: int


class Box(NamedTuple):
    kind: bytes
    content: bytes

    @property
    def written(self) -> bytes:
        return (len(self.content) + _HEAD_BYTES).to_bytes(4) + self.kind + self.content


def walk_boxes(content: bytes | bytearray, start: int = 0, end: int | None = None) -> Iterator[Place]:
    """Yield the boxes that follow one another from `start` to `end`. The last one may be cut off there."""
    return _walk(
        lambda place: bytes(content[place : place + _LARGE_HEAD_BYTES]),
        start,
        len(content) if end is None else end,
    )


def walk_file_boxes(file: IO[bytes], start: int = 0, end: int | None = None) -> Iterator[Place]:
    """Yield the boxes of a file as `walk_boxes` does. Nothing but their heads is read."""

    def read_head(place: int) -> bytes:
        file.seek(place)
        return file.read(_LARGE_HEAD_BYTES)

    file_bytes = file.seek(0, SEEK_END)
    return _walk(read_head, start, file_bytes if end is None else min(end, file_bytes))


def boxes(content: bytes, start: int = 0) -> Iterator[Box]:
    """Yield the boxes that follow one another in `content`, as far as they are whole."""
    for place in walk_boxes(content, start):
        if place.end <= len(content):
            yield Box(place.kind, content[place.body : place.end])


def find(content: bytes, *path: bytes, start: int = 0) -> bytes | None:
    """Return the content of the first box at `path`. Of a path through `meta` skip its version and flags."""
    for kind in path:
        found = next((box.content for box in boxes(content, start) if box.kind == kind), None)
        if found is None:
            return None
        content = found
        start = FULL_BOX_BYTES if kind == b"meta" else 0
    return content


def find_places(content: bytes, *path: bytes, outer: Place | None = None) -> list[Place]:
    """Return the whole boxes to which a path of kinds leads from `outer`, or from the beginning."""
    found = [outer or Place(b"", 0, 0, len(content))]
    for kind in path:
        found = [
            inner
            for parent in found
            for inner in walk_boxes(content, parent.body, parent.end)
            if inner.kind == kind and inner.end <= parent.end
        ]
    return found


def find_in_file(file: IO[bytes], kind: bytes, max_bytes: int) -> bytes | None:
    """Return the content of the first top-level box of that kind if it is whole and has at most `max_bytes`.

    Leave the file at the place where it was."""
    position = file.tell()
    try:
        return _find_in_file(file, kind, max_bytes)
    finally:
        file.seek(position)


def has_box(file: IO[bytes], kind: bytes) -> bool:
    """Whether the file has a top-level box of that kind. Leave the file at the place where it was."""
    position = file.tell()
    has_kind = any(place.kind == kind for place in walk_file_boxes(file))
    file.seek(position)
    return has_kind


def _find_in_file(file: IO[bytes], kind: bytes, max_bytes: int) -> bytes | None:
    place = next((place for place in walk_file_boxes(file) if place.kind == kind), None)
    if place is None or place.end - place.start > max_bytes:
        return None
    file.seek(place.body)
    content = file.read(place.end - place.body)
    return content if len(content) == place.end - place.body else None


def _walk(
    read_head: Callable[[int], bytes],
    start: int,
    end: int,
) -> Iterator[Place]:
    for _ in range(MAX_BOXES):
        if start + _HEAD_BYTES > end:
            return
        head = read_head(start)
        if len(head) < _HEAD_BYTES:
            return
        size = int.from_bytes(head[:4])
        body = start + _HEAD_BYTES
        if size == 0:
            # it reaches to the end of its parent
            size = end - start
        elif size == 1:
            size = int.from_bytes(head[8:])
            body = start + _LARGE_HEAD_BYTES
        if start + size < body:
            return
        yield Place(head[4:8], start, body, start + size)
        start += size
