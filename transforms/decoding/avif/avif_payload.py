"""The place of the picture's bitstream in an AVIF: the primary item's, or that of a track's first sample."""

from contextlib import suppress
from typing import IO

from transforms.containers.boxes import FULL_BOX_BYTES, find
from transforms.containers.item_tables import IN_FILE, IN_META, Location, read_locations

_STREAM_BYTES = 1_000
"""The sequence header stands at the beginning."""


def read_item_start(file: IO[bytes], meta: bytes, item: int) -> bytes:
    """Return the first bytes of an item (ISO/IEC 14496-12, 8.11.3); none if its place is not understood."""
    location = _find_location(find(meta, b"iloc") or b"", item)
    if location is None:
        return b""
    start = location.extents[0].start
    if location.method == IN_META:
        return (find(meta, b"idat") or b"")[start : start + _STREAM_BYTES]
    return _read_at(file, start) if location.method == IN_FILE else b""


def read_sample_start(file: IO[bytes], sample_table: bytes) -> bytes:
    """Return the first bytes of a track's first sample, by the offset of its first chunk."""
    for kind, offset_bytes in ((b"stco", 4), (b"co64", 8)):
        offsets = find(sample_table, kind) or b""
        first = offsets[FULL_BOX_BYTES + 4 :][:offset_bytes]
        if len(first) == offset_bytes:
            return _read_at(file, int.from_bytes(first))
    return b""


def _find_location(iloc: bytes, item: int) -> Location | None:
    """Return the place of an item; None if it has none, or if the table is broken."""
    with suppress(EOFError, ValueError):
        for location in read_locations(iloc):
            if location.item == item and location.extents:
                return location
    return None


def _read_at(file: IO[bytes], offset: int) -> bytes:
    place = file.tell()
    file_bytes = file.seek(0, 2)
    content = b""
    if offset < file_bytes:
        file.seek(offset)
        content = file.read(_STREAM_BYTES)
    file.seek(place)
    return content
