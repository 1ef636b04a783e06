"""The segments of a JPEG (ITU-T T.81, B.1.1). They are untrusted bytes."""

from typing import IO, NamedTuple

END = 0xD9
SCAN = 0xDA
APP0 = 0xE0
APP1 = 0xE1
APP2 = 0xE2
APP14 = 0xEE
APP15 = 0xEF
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xDA)})
_LENGTH_BYTES = 2
_MAX_JUNK_BYTES = 65_536


class SegmentPlace(NamedTuple):
    """A segment in a file: `start` is the place of its marker, `body` that of the content behind its length.

    A marker without a length has no content."""

    marker: int
    start: int
    body: int
    end: int
    is_behind_junk: bool
    """Whether bytes that belong to no segment stand before it. Decoders pass over them."""


def read_segment(file: IO[bytes], position: int) -> SegmentPlace | None:
    """Return the first segment from `position` on; None if there is none. It may end behind the file's end.

    Leave the file at its content. Any number of fill bytes may stand before a marker."""
    file.seek(position)
    is_behind_junk = False
    is_prefixed = False
    for _ in range(_MAX_JUNK_BYTES):
        byte = file.read(1)
        if not byte:
            return None
        if byte == b"\xff":
            is_prefixed = True
            continue
        if is_prefixed and byte != b"\0":
            return _measured(file, byte[0], is_behind_junk)
        is_prefixed = False
        is_behind_junk = True
    return None


def _measured(file: IO[bytes], marker: int, is_behind_junk: bool) -> SegmentPlace | None:
    length_at = file.tell()
    start = length_at - 2
    if marker in WITHOUT_LENGTH:
        return SegmentPlace(marker, start, length_at, length_at, is_behind_junk)
    length = int.from_bytes(file.read(_LENGTH_BYTES))
    if length < _LENGTH_BYTES:
        return None
    return SegmentPlace(marker, start, length_at + _LENGTH_BYTES, length_at + length, is_behind_junk)
