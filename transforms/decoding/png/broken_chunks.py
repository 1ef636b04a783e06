"""PNGs with a damaged chunk that the picture does not need.

Pillow refuses a file with a wrong checksum anywhere but in its pixels. libpng, and with it browsers, drop an
ancillary chunk whose checksum is wrong (PNG, third edition, 13.1). The frames of an animation are ancillary,
too, but an animation without them would be another one."""

import zlib
from collections.abc import Iterator
from io import SEEK_CUR, SEEK_END, BytesIO
from typing import IO, NamedTuple

from progimage.errors import UnprocessableImage
from transforms.decoding.failures import DAMAGED

_SIGNATURE_BYTES = 8
_HEAD_BYTES = 8
_CHECKSUM_BYTES = 4
_IS_ANCILLARY = 0x20
"""The bit of a small letter, in the first letter of the kind (5.4)."""
_END = b"IEND"
_FRAMES = frozenset({b"acTL", b"fcTL", b"fdAT"})
_MOST_CHUNKS = 50_000
"""Pillow takes 5 microseconds for each. Encoders that cut pixels in pieces of 1 KB make half as many of the
largest upload."""


class _Chunk(NamedTuple):
    start: int
    end: int
    is_broken: bool


def without_broken_chunks(file: IO[bytes]) -> IO[bytes]:
    """Return a PNG without the ancillary chunks whose checksums are wrong; the same file if all are right.

    Raise UnprocessableImage for more chunks than a picture has."""
    broken = [chunk for chunk in _read_chunks(file, is_ancillary=True) if chunk.is_broken]
    file.seek(0)
    if not broken:
        return file
    kept = BytesIO()
    for chunk in broken:
        kept.write(file.read(chunk.start - file.tell()))
        file.seek(chunk.end)
    kept.write(file.read())
    file.seek(0)
    kept.seek(0)
    return kept


def check_critical_chunks(file: IO[bytes]) -> None:
    """Raise UnprocessableImage if the checksum of a chunk that the picture needs is wrong.

    Pillow does not look at the checksums of pixels. A byte that was changed on the way then shows as wrong
    colours, and no error."""
    if any(chunk.is_broken for chunk in _read_chunks(file, is_ancillary=False)):
        raise UnprocessableImage(DAMAGED)


def _read_chunks(file: IO[bytes], *, is_ancillary: bool) -> Iterator[_Chunk]:
    """Yield the chunks of one kind, and look at their checksums. The content of the others is not read."""
    file_bytes = file.seek(0, SEEK_END)
    file.seek(_SIGNATURE_BYTES)
    for _ in range(_MOST_CHUNKS):
        start = file.tell()
        head = file.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            return
        size = int.from_bytes(head[:4])
        kind = head[4:]
        may_be_dropped = bool(kind[0] & _IS_ANCILLARY) and kind not in _FRAMES
        if may_be_dropped != is_ancillary:
            if kind == _END:
                return
            file.seek(size + _CHECKSUM_BYTES, SEEK_CUR)
            continue
        # a chunk may declare 4 GB, for which Python would take the memory first
        content = file.read(min(size, file_bytes))
        checksum = file.read(_CHECKSUM_BYTES)
        is_whole = len(checksum) == _CHECKSUM_BYTES
        yield _Chunk(start, file.tell(), is_whole and checksum != _checksum(kind, content))
        if kind == _END:
            return
    raise UnprocessableImage(f"Expected a PNG of at most {_MOST_CHUNKS:,} chunks but received more")


def _checksum(kind: bytes, content: bytes) -> bytes:
    return zlib.crc32(content, zlib.crc32(kind)).to_bytes(_CHECKSUM_BYTES)
