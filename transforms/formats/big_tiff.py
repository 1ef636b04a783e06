"""BigTIFF, whose places have eight bytes: one of its directories as that of a usual TIFF.

Source: BigTIFF design, AWare Systems; libtiff's tiff.h."""

from contextlib import suppress
from io import SEEK_END, BytesIO
from typing import IO

from .exif import EXIF, GPS, IMAGE, LONG, ByteOrder, Directory, Exif, TagFilters, Value, read_exif

_MAGIC: dict[bytes, ByteOrder] = {b"II+\0\x08\0\0\0": "little", b"MM\0+\0\x08\0\0": "big"}
_PLACE_BYTES = 8
_ENTRY_BYTES = 20
_MAX_ENTRIES = 4_096
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8}
_PLACES = frozenset({13, 16, 18})
"""Types of a place and of numbers of eight bytes."""


def read_tiff(
    file: IO[bytes],
    filters: TagFilters,
    *,
    max_bytes: int,
    start: int | None = None,
) -> Exif:
    """Return the values of EXIF, or of a TIFF's or BigTIFF's tags. Parameters and errors are read_exif's."""
    head = file.read(_PLACE_BYTES)
    file.seek(0)
    if head not in _MAGIC:
        return read_exif(file, filters, max_bytes=max_bytes, start=start)
    usual = _as_usual_tiff(file, max_bytes, start)
    return read_exif(BytesIO(usual), filters, max_bytes=len(usual))


def _as_usual_tiff(
    file: IO[bytes],
    max_bytes: int,
    start: int | None,
) -> bytes:
    """Return a TIFF of a directory's values, with the directories of EXIF and GPS that it names.

    No pixels are copied: their places are those in `file`. Values that are broken, or that together are more
    than `max_bytes`, are left out."""
    file.seek(0)
    order = _MAGIC[file.read(_PLACE_BYTES)]
    first = int.from_bytes(file.read(_PLACE_BYTES), order)
    reader = _Reader(file, order, max_bytes)
    image = reader.read_directory(start or first)
    directories = {IMAGE: image}
    for name in (EXIF, GPS):
        pointer = image.pop(name, None)
        if pointer:
            directories[name] = reader.read_directory(int.from_bytes(pointer.content[:4], order))
    return Exif(order, directories).to_bytes()


class _Reader:
    def __init__(self, file: IO[bytes], order: ByteOrder, max_bytes: int) -> None:
        self._file = file
        self._order = order
        self._bytes_left = max_bytes
        self._end = file.seek(0, SEEK_END)

    def read_directory(self, place: int) -> Directory:
        values: Directory = {}
        with suppress(ValueError):
            count = self._number(self._take(place, _PLACE_BYTES))
            entries = self._take(place + _PLACE_BYTES, _ENTRY_BYTES * min(count, _MAX_ENTRIES))
            for at in range(0, len(entries), _ENTRY_BYTES):
                entry = entries[at : at + _ENTRY_BYTES]
                with suppress(ValueError):
                    values[self._number(entry[:2])] = self._read_value(entry)
        return values

    def _read_value(self, entry: bytes) -> Value:
        type = self._number(entry[2:4])
        size = _SIZES.get(type, 0) * self._number(entry[4:12])
        if not size:
            raise ValueError(f"Expected a value but received none of type {type}")
        place = self._number(entry[12:])
        content = entry[12 : 12 + size] if size <= _PLACE_BYTES else self._take(place, size)
        if type not in _PLACES:
            return Value(type, content)
        width = _SIZES[type]
        numbers = [self._number(content[at : at + width]) for at in range(0, size, width)]
        if max(numbers) >= 1 << 32:
            raise ValueError("Expected a number of four bytes")
        return Value(LONG, b"".join(number.to_bytes(4, self._order) for number in numbers))

    def _number(self, content: bytes) -> int:
        return int.from_bytes(content, self._order)

    def _take(self, place: int, size: int) -> bytes:
        if place + size > self._end or size > self._bytes_left:
            raise ValueError(f"Expected at most {self._bytes_left} bytes but received {size}")
        self._bytes_left -= size
        self._file.seek(place)
        return self._file.read(size)
