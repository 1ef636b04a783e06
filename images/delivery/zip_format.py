"""The zip format for streams: every length is known before the first byte is read.

The content of a file stands in stored blocks of Deflate, which add 5 bytes to each 65,535. Its CRC-32 follows
it, in a data descriptor. A reader of streams finds the end of the file by the blocks. After the plain method
"stored" it could not, and Java's ZipInputStream refuses a descriptor there.

Sources: APPNOTE.TXT 6.3.10 of PKWARE for the records, RFC 1951 section 3.2.4 for the blocks."""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

_MAX_UINT16 = (1 << 16) - 1
_MAX_UINT32 = (1 << 32) - 1
_ZIP64_FROM = _MAX_UINT32
"""A value of that size or more stands in a record of Zip64, and _MAX_UINT32 stands in its place."""
_MAX_BLOCK_BYTES = _MAX_UINT16
_BLOCK_HEADER_BYTES = 5

_VERSION = 20
_VERSION_OF_ZIP64 = 45
_UNIX = 3
_DESCRIPTOR_FOLLOWS_AND_NAME_IS_UTF_8 = 0x0808
_DEFLATE = 8
_ZIP64_EXTRA = 1
_PLAIN_FILE_0644 = 0o100644 << 16
_FIRST_YEAR = 1980


@dataclass(frozen=True)
class ZipEntry:
    """A file of a zip. `name` is its path inside, `modified_at` its time."""

    name: str
    size_bytes: int
    modified_at: datetime

    @property
    def stored_bytes(self) -> int:
        """The size of the content with the headers of its blocks. An empty content is one empty block."""
        block_count = max(1, -(-self.size_bytes // _MAX_BLOCK_BYTES))
        return self.size_bytes + block_count * _BLOCK_HEADER_BYTES

    @property
    def length(self) -> int:
        """The bytes of the header, the content and the descriptor."""
        return len(self.local_header()) + self.stored_bytes + len(self.descriptor(0))

    def local_header(self) -> bytes:
        """Return the header before the content. Sizes and CRC-32 are 0 in it, because they follow."""
        extra = b""
        size = 0
        if self._is_large:
            extra = struct.pack("<2H2Q", _ZIP64_EXTRA, 16, 0, 0)
            size = _MAX_UINT32
        name = self.name.encode()
        facts = struct.pack("<3L2H", 0, size, size, len(name), len(extra))
        return b"PK\3\4" + self._common_fields(is_zip64=self._is_large) + facts + name + extra

    def descriptor(self, crc32: int) -> bytes:
        """Return the record after the content."""
        sizes = "<L2Q" if self._is_large else "<3L"
        return b"PK\7\x08" + struct.pack(sizes, crc32, self.stored_bytes, self.size_bytes)

    def central_header(self, crc32: int, offset: int) -> bytes:
        """Return the record in the directory at the end. The local header begins at `offset`."""
        values = [self.size_bytes, self.stored_bytes, offset]
        large_values = [value for value in values if value >= _ZIP64_FROM]
        extra = b""
        if large_values:
            extra = struct.pack(
                f"<2H{len(large_values)}Q", _ZIP64_EXTRA, 8 * len(large_values), *large_values
            )
        size, stored, start = (_short(value) for value in values)
        name = self.name.encode()
        is_zip64 = bool(large_values)
        made_by = struct.pack("<2B", _VERSION_OF_ZIP64 if is_zip64 else _VERSION, _UNIX)
        sizes = struct.pack("<3L2H", crc32, stored, size, len(name), len(extra))
        # No comment, the first disk, no attributes of Windows.
        place = struct.pack("<3H2L", 0, 0, 0, _PLAIN_FILE_0644, start)
        return b"PK\1\2" + made_by + self._common_fields(is_zip64=is_zip64) + sizes + place + name + extra

    @property
    def _is_large(self) -> bool:
        return max(self.size_bytes, self.stored_bytes) >= _ZIP64_FROM

    def _common_fields(self, *, is_zip64: bool) -> bytes:
        version = _VERSION_OF_ZIP64 if is_zip64 else _VERSION
        moment = self.modified_at
        time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
        date = max(0, moment.year - _FIRST_YEAR) << 9 | moment.month << 5 | moment.day
        return struct.pack("<5H", version, _DESCRIPTOR_FOLLOWS_AND_NAME_IS_UTF_8, _DEFLATE, time, date)


def length_of(entries: Sequence[ZipEntry]) -> int:
    """Return the bytes of a zip with these files."""
    offset = 0
    directory_bytes = 0
    for entry in entries:
        directory_bytes += len(entry.central_header(0, offset))
        offset += entry.length
    return offset + directory_bytes + len(_end(len(entries), directory_bytes, offset))


class ZipWriter:
    """Makes the bytes of a zip, file after file."""

    def __init__(self) -> None:
        self._offset = 0
        self._directory: list[bytes] = []

    def add(self, entry: ZipEntry, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of a file. Raise ValueError if `content` has not `entry.size_bytes` bytes."""
        yield entry.local_header()
        crc32 = 0
        remaining_bytes = entry.size_bytes
        for block in _blocks(content):
            crc32 = zlib.crc32(block, crc32)
            remaining_bytes -= len(block)
            yield _block_header(len(block), is_last=remaining_bytes == 0) + block
        if entry.size_bytes == 0:
            yield _block_header(0, is_last=True)
        if remaining_bytes != 0:
            raise ValueError(f"Expected {entry.size_bytes} bytes but {remaining_bytes} are missing")
        yield entry.descriptor(crc32)
        self._directory.append(entry.central_header(crc32, self._offset))
        self._offset += entry.length

    def finish(self) -> Iterator[bytes]:
        """Yield the directory of all files, with which a zip ends."""
        yield from self._directory
        directory_bytes = sum(map(len, self._directory))
        yield _end(len(self._directory), directory_bytes, self._offset)


def _blocks(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content in blocks of equal size; the last one may be shorter."""
    waiting = bytearray()
    for chunk in content:
        waiting += chunk
        while len(waiting) >= _MAX_BLOCK_BYTES:
            yield bytes(waiting[:_MAX_BLOCK_BYTES])
            del waiting[:_MAX_BLOCK_BYTES]
    if waiting:
        yield bytes(waiting)


def _block_header(size_bytes: int, *, is_last: bool) -> bytes:
    return struct.pack("<B2H", is_last, size_bytes, size_bytes ^ _MAX_UINT16)


def _end(count: int, directory_bytes: int, directory_offset: int) -> bytes:
    """Return the last records: the place and the length of the directory."""
    zip64_end = b""
    if count >= _MAX_UINT16 or max(directory_bytes, directory_offset) >= _ZIP64_FROM:
        versions = (_VERSION_OF_ZIP64, _VERSION_OF_ZIP64)
        counts = (count, count, directory_bytes, directory_offset)
        zip64_end = b"PK\6\6" + struct.pack("<Q2H2L4Q", 44, *versions, 0, 0, *counts)
        zip64_end += b"PK\6\7" + struct.pack("<LQL", 0, directory_offset + directory_bytes, 1)
    short_count = min(count, _MAX_UINT16)
    size = _short(directory_bytes)
    start = _short(directory_offset)
    return zip64_end + b"PK\5\6" + struct.pack("<4H2LH", 0, 0, short_count, short_count, size, start, 0)


def _short(value: int) -> int:
    return value if value < _ZIP64_FROM else _MAX_UINT32
