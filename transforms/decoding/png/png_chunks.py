"""The chunks of a PNG (PNG third edition, 5.3)."""

import zlib
from collections.abc import Iterator
from os import SEEK_END
from struct import Struct
from typing import IO, NamedTuple

from progimage.errors import UnprocessableImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = Struct(">I4s")
CHECKSUM_BYTES = 4


class Chunk(NamedTuple):
    """A chunk, and the place and the size of its content."""

    kind: bytes
    start: int
    size: int


def walk_chunks(file: IO[bytes]) -> Iterator[Chunk]:
    """Yield the chunks in their order up to the end of the image, as far as their heads are there."""
    place = len(SIGNATURE)
    while True:
        file.seek(place)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        size, kind = _HEAD.unpack(head)
        start = place + _HEAD.size
        yield Chunk(kind, start, size)
        if kind == b"IEND":
            return
        place = start + size + CHECKSUM_BYTES


def read_content(file: IO[bytes], chunk: Chunk) -> bytes:
    """Return the content of a chunk. Raise UnprocessableImage if it is cut off or has a wrong checksum."""
    # a chunk may declare 4 GB, for which Python would take the memory first
    room = max(0, file.seek(0, SEEK_END) - chunk.start)
    file.seek(chunk.start)
    content = file.read(min(chunk.size, room))
    if file.read(CHECKSUM_BYTES) != _checksum(chunk.kind, content):
        raise UnprocessableImage("A chunk of the PNG is damaged or incomplete")
    return content


def as_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk with its checksum."""
    return _HEAD.pack(len(content), kind) + content + _checksum(kind, content)


def _checksum(kind: bytes, content: bytes) -> bytes:
    return zlib.crc32(content, zlib.crc32(kind)).to_bytes(CHECKSUM_BYTES)
