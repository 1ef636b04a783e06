"""EXIF as directories of values that keep their bytes: read from untrusted bytes, and written anew.

Pillow's own writer turns text that is not ASCII into question marks, changes the
types of tags that it does not know, and leaves EXIF's directories out of a TIFF.
Source: TIFF 6.0, section 2; EXIF 2.32, section 4.6."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from os import SEEK_END
from typing import IO, Literal, NamedTuple

IMAGE = -1
EXIF = 0x8769
GPS = 0x8825
"""The directories. EXIF and GPS are named by the tag that points to them; no tag is negative."""
MAKER_NOTE = 0x927C
BYTE = 1
ASCII = 2
SHORT = 3
LONG = 4
RATIONAL = 5
_SIGNED_RATIONAL = 10

_SIZES = {
    BYTE: 1,
    ASCII: 1,
    SHORT: 2,
    LONG: 4,
    RATIONAL: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    _SIGNED_RATIONAL: 8,
    11: 4,
    12: 8,
    129: 1,
}
"""Bytes per item of a type; 129 is EXIF 3.0's UTF-8."""
_UNITS = _SIZES | {RATIONAL: 4, _SIGNED_RATIONAL: 4}
"""Bytes that a change of byte order reverses. A rational is two numbers."""
_HEAD_BYTES = 8
_ENTRY_BYTES = 12
_INLINE_BYTES = 4
"""A value of at most so many bytes stands in the entry itself."""
_MAX_GAP = 4_096

ByteOrder = Literal["little", "big"]
_MAGIC: dict[ByteOrder, bytes] = {"little": b"II*\0", "big": b"MM\0*"}


class Value(NamedTuple):
    """A tag's value. `content` has the byte order of the whole; `offset` is the place where it was read."""

    type: int
    content: bytes
    offset: int = 0


Directory = dict[int, Value]
TagFilters = Mapping[int, Callable[[int], bool]]
"""For each directory to read, a function that says whether to read a tag."""


@dataclass(frozen=True)
class Exif:
    order: ByteOrder = "little"
    directories: Mapping[int, Directory] = field(default_factory=dict)

    @property
    def image(self) -> Directory:
        return self.directories.get(IMAGE, {})

    @property
    def is_empty(self) -> bool:
        return not any(self.directories.values())

    def with_image(self, image: Directory) -> "Exif":
        directories = {**self.directories, IMAGE: image}
        return Exif(self.order, directories)

    def without(self, excluded_tag: int) -> "Exif":
        directories = {
            name: {tag: value for tag, value in values.items() if tag != excluded_tag}
            for name, values in self.directories.items()
        }
        return Exif(self.order, directories)

    def in_order(self, order: ByteOrder) -> "Exif":
        if order == self.order:
            return self
        directories = {name: _reversed(values) for name, values in self.directories.items()}
        return Exif(order, directories)

    def to_bytes(self) -> bytes:
        """Return the EXIF without the prefix that it has in a JPEG; nothing if it holds no value."""
        if self.is_empty:
            return b""
        start = _HEAD_BYTES.to_bytes(4, self.order)
        return _MAGIC[self.order] + start + _lay_out(self, _HEAD_BYTES)


def read_exif(
    file: IO[bytes],
    filters: TagFilters,
    *,
    max_bytes: int,
    start: int | None = None,
) -> Exif:
    """Return the values of EXIF, or of a TIFF's tags, that pass `filters`. Leave broken values out.

    `start` is the offset of a directory that is not the first. Raise ValueError if `file` is neither."""
    head = file.read(_HEAD_BYTES)
    order = next(
        (order for order, magic in _MAGIC.items() if head.startswith(magic)),
        None,
    )
    if order is None:
        raise ValueError("Expected EXIF or a TIFF")
    reader = _Reader(file, order, max_bytes)

    def is_read(tag: int) -> bool:
        return tag in filters or filters[IMAGE](tag)

    image = reader.directory(start or reader.number(head[4:]), is_read)
    directories = {IMAGE: image}
    names = [name for name in filters if name in image]
    for name in names:
        pointer = image.pop(name).content[:4]
        with suppress(ValueError):
            directories[name] = reader.directory(reader.number(pointer), filters[name])
    return Exif(order, directories)


def append_to_tiff(tiff: BytesIO, exif: Exif) -> None:
    """Append another first directory to a TIFF. It holds the TIFF's own tags and those of `exif`.

    Leave a maker note out: its pointers count from the place where it stood."""
    size = tiff.seek(0, SEEK_END)
    tiff.seek(0)
    tiff_tags = read_exif(tiff, {IMAGE: lambda tag: True}, max_bytes=size)
    added = exif.without(MAKER_NOTE).in_order(tiff_tags.order)
    merged = added.with_image(added.image | tiff_tags.image)
    start = size + size % 2
    tiff.seek(start)
    tiff.write(_lay_out(merged, start))
    tiff.seek(4)
    tiff.write(start.to_bytes(4, tiff_tags.order))


@dataclass
class _Reader:
    """Reads at most `remaining_bytes`. Thousands of entries may point to the same large value."""

    file: IO[bytes]
    order: ByteOrder
    remaining_bytes: int

    def directory(self, offset: int, is_read: Callable[[int], bool]) -> Directory:
        count = self.number(self._take(offset, 2))
        entries = self._take(offset + 2, _ENTRY_BYTES * count)
        values: Directory = {}
        for start in range(0, len(entries), _ENTRY_BYTES):
            entry = entries[start : start + _ENTRY_BYTES]
            tag = self.number(entry[:2])
            if is_read(tag):
                with suppress(ValueError):
                    values[tag] = self._value(entry)
        return values

    def number(self, content: bytes) -> int:
        return int.from_bytes(content, self.order)

    def _value(self, entry: bytes) -> Value:
        type = self.number(entry[2:4])
        count = self.number(entry[4:8])
        offset = self.number(entry[8:])
        size = _SIZES.get(type, 0) * count
        if not size:
            raise ValueError(f"Expected a value but received {count} of type {type}")
        if size <= _INLINE_BYTES:
            return Value(type, entry[8 : 8 + size], offset)
        return Value(type, self._take(offset, size), offset)

    def _take(self, offset: int, size: int) -> bytes:
        if size > self.remaining_bytes:
            raise ValueError(f"Expected at most {self.remaining_bytes} more bytes but received {size}")
        self.file.seek(offset)
        content = self.file.read(size)
        if len(content) < size:
            raise ValueError(f"Expected {size} bytes at {offset} but received {len(content)}")
        self.remaining_bytes -= size
        return content


def _lay_out(exif: Exif, start: int) -> bytes:
    """Return the directories one after the other. Their first byte stands at `start` of the file."""
    names = [name for name, values in exif.directories.items() if values and name != IMAGE]
    image = exif.image | {name: Value(LONG, bytes(4)) for name in names}
    end = start + len(_directory(image, exif.order, start))
    following = b""
    for name in names:
        position = end + len(following)
        image[name] = Value(LONG, position.to_bytes(4, exif.order))
        following += _directory(exif.directories[name], exif.order, position)
    return _directory(image, exif.order, start) + following


def _directory(
    values: Directory,
    order: ByteOrder,
    start: int,
) -> bytes:
    table = bytearray(len(values).to_bytes(2, order))
    tail = bytearray()
    tail_start = start + 2 + _ENTRY_BYTES * len(values) + 4
    for tag, value in sorted(values.items()):
        content = value.content.ljust(_INLINE_BYTES, b"\0")
        if len(content) > _INLINE_BYTES:
            tail += bytes(_gap(tag, value, tail_start + len(tail)))
            content = (tail_start + len(tail)).to_bytes(4, order)
            tail += value.content
            tail += bytes(len(value.content) % 2)
        count = len(value.content) // _SIZES[value.type]
        table += tag.to_bytes(2, order)
        table += value.type.to_bytes(2, order)
        table += count.to_bytes(4, order)
        table += content
    return bytes(table + bytes(4) + tail)


def _gap(tag: int, value: Value, position: int) -> int:
    """Return the bytes to leave free before a value. A maker note's pointers count from the start of the
    whole, so it stays at its offset."""
    if tag != MAKER_NOTE:
        return 0
    gap = value.offset - position
    return gap if 0 < gap <= _MAX_GAP else 0


def _reversed(values: Directory) -> Directory:
    return {tag: value._replace(content=_reverse(value)) for tag, value in values.items()}


def _reverse(value: Value) -> bytes:
    unit = _UNITS[value.type]
    starts = range(0, len(value.content), unit)
    return b"".join(value.content[start : start + unit][::-1] for start in starts)
