"""The chunks of a PNG (PNG third edition, 5.3). They are untrusted bytes."""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import IO, NamedTuple

from progimage.errors import UnprocessableImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHECKSUM_BYTES = 4
_HEAD = Struct(">I4s")
_MAX_CHUNKS = 100_000


class Chunk(NamedTuple):
    """A chunk, and the place and the size of its content."""

    kind: bytes
    start: int
    size: int

    @property
    def head_start(self) -> int:
        return self.start - _HEAD.size

    @property
    def end(self) -> int:
        """The place behind the checksum."""
        return self.start + self.size + CHECKSUM_BYTES


def walk_chunks(file: IO[bytes]) -> Iterator[Chunk]:
    """Yield the chunks in their order, as far as their heads are there."""
    place = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        size, kind = _HEAD.unpack(head)
        chunk = Chunk(kind, place + _HEAD.size, size)
        yield chunk
        place = chunk.end


def read_content(file: IO[bytes], chunk: Chunk) -> bytes:
    """Return the content of a chunk. Raise UnprocessableImage if it is cut off or has a wrong checksum."""
    file.seek(chunk.start)
    content = file.read(chunk.size)
    if file.read(CHECKSUM_BYTES) != checksum(chunk.kind, content):
        raise UnprocessableImage("A chunk of the PNG is damaged or incomplete")
    return content


def as_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk with its checksum."""
    return _HEAD.pack(len(content), kind) + content + checksum(kind, content)


def checksum(kind: bytes, content: bytes) -> bytes:
    """Return the checksum that stands behind a chunk."""
    return zlib.crc32(content, zlib.crc32(kind)).to_bytes(CHECKSUM_BYTES)
