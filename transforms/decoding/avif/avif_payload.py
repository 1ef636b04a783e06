"""The place of the picture's bitstream in an AVIF: the primary item's, or that of a track's first sample."""

from typing import IO

from transforms.containers.boxes import FULL_BOX_BYTES, find

_MAX_ITEMS = 10_000
_STREAM_BYTES = 1_000
"""The sequence header stands at the beginning."""
_IN_FILE, _IN_META = 0, 1


def read_item_start(file: IO[bytes], meta: bytes, item: int) -> bytes:
    """Return the first bytes of an item (ISO/IEC 14496-12, 8.11.3); none if its place is not understood."""
    reader = _Fields(find(meta, b"iloc") or b"")
    try:
        method, offset = _find_item(reader, item)
    except EOFError:
        return b""
    if method == _IN_META:
        return (find(meta, b"idat") or b"")[offset : offset + _STREAM_BYTES]
    return _read_at(file, offset) if method == _IN_FILE else b""


def read_sample_start(file: IO[bytes], sample_table: bytes) -> bytes:
    """Return the first bytes of a track's first sample, by the offset of its first chunk."""
    for kind, offset_bytes in ((b"stco", 4), (b"co64", 8)):
        offsets = find(sample_table, kind) or b""
        first = offsets[FULL_BOX_BYTES + 4 :][:offset_bytes]
        if len(first) == offset_bytes:
            return _read_at(file, int.from_bytes(first))
    return b""


class _Fields:
    """Numbers of untrusted bytes. Raise EOFError behind the last."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def read(self, size: int) -> int:
        end = self._position + size
        if end > len(self._content):
            raise EOFError
        value = int.from_bytes(self._content[self._position : end])
        self._position = end
        return value

    def skip(self, size: int) -> None:
        self._position += size


def _find_item(reader: _Fields, item: int) -> tuple[int, int]:
    """Return how an item is stored, and its offset. Raise EOFError if it is not there."""
    version = reader.read(1)
    reader.read(3)
    sizes = reader.read(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    count_bytes = 2 if version < 2 else 4
    for _ in range(min(_MAX_ITEMS, reader.read(count_bytes))):
        found = reader.read(count_bytes)
        method = reader.read(2) & 15 if version else _IN_FILE
        reader.read(2)
        base = reader.read(base_bytes)
        extents = reader.read(2)
        extent_index_bytes = index_bytes if version else 0
        if found == item and extents:
            reader.read(extent_index_bytes)
            return method, base + reader.read(offset_bytes)
        # at once: extents may take no bytes at all
        reader.skip(extents * (extent_index_bytes + offset_bytes + length_bytes))
    raise EOFError


def _read_at(file: IO[bytes], offset: int) -> bytes:
    place = file.tell()
    file_bytes = file.seek(0, 2)
    content = b""
    if offset < file_bytes:
        file.seek(offset)
        content = file.read(_STREAM_BYTES)
    file.seek(place)
    return content
