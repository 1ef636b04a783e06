"""The chunks of a PNG (PNG third edition, 5.3). They are untrusted bytes."""

import zlib
from collections.abc import Iterator
from io import SEEK_END
from struct import Struct
from typing import IO, NamedTuple

from progimage.errors import UnprocessableImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHECKSUM_BYTES = 4
_HEAD = Struct(">I4s")
_MAX_CHUNKS = 50_000
"""Pillow takes 5 microseconds for each. Encoders that cut pixels in pieces of 1 KB make half as many of the
largest upload."""
_END = b"IEND"


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
    """Yield the chunks in their order up to the end of the image, as far as their heads are there.

    Raise UnprocessableImage for more chunks than a picture has."""
    place = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        size, kind = _HEAD.unpack(head)
        chunk = Chunk(kind, place + _HEAD.size, size)
        yield chunk
        if kind == _END:
            return
        place = chunk.end
    raise UnprocessableImage(f"Expected a PNG of at most {_MAX_CHUNKS:,} chunks but received more")


def read_content(file: IO[bytes], chunk: Chunk) -> bytes:
    """Return the content of a chunk. Raise UnprocessableImage if it is cut off or has a wrong checksum."""
    content, found = read_with_checksum(file, chunk)
    if found != checksum(chunk.kind, content):
        raise UnprocessableImage("A chunk of the PNG is damaged or incomplete")
    return content


def read_with_checksum(file: IO[bytes], chunk: Chunk) -> tuple[bytes, bytes]:
    """Return the content of a chunk and the checksum behind it, as far as they are there."""
    # a chunk may declare 4 GB, for which Python would take the memory first
    room = max(0, file.seek(0, SEEK_END) - chunk.start)
    file.seek(chunk.start)
    return file.read(min(chunk.size, room)), file.read(CHECKSUM_BYTES)


def as_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk with its checksum."""
    return _HEAD.pack(len(content), kind) + content + checksum(kind, content)


def checksum(kind: bytes, content: bytes) -> bytes:
    """Return the checksum that stands behind a chunk."""
    return zlib.crc32(content, zlib.crc32(kind)).to_bytes(CHECKSUM_BYTES)
