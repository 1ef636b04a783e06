"""EXIF as directories of values that stay the bytes they were: read from untrusted bytes, written anew.

Pillow's own writer makes question marks of text that is not ASCII, changes the types of what it does not
know, and leaves EXIF's directories out of a TIFF. Source: TIFF 6.0, section 2; EXIF 2.32, section 4.6."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from os import SEEK_END
from typing import IO, Literal, NamedTuple

IMAGE, EXIF, GPS = -1, 0x8769, 0x8825
"""The directories; the second and third are named by the tag that points to them. No tag is negative."""
MAKER_NOTE = 0x927C
BYTE, ASCII, LONG = 1, 2, 4

_SIZES = {BYTE: 1, ASCII: 1, 3: 2, LONG: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
"""Bytes per item of a type; 129 is EXIF 3.0's UTF-8."""
_UNITS = _SIZES | {5: 4, 10: 4}
"""Bytes that the byte order turns round: a rational is two numbers."""
_START = 8
_MAX_GAP = 4_096

ByteOrder = Literal["little", "big"]
_MAGIC: dict[ByteOrder, bytes] = {"little": b"II*\0", "big": b"MM\0*"}


class Value(NamedTuple):
    """`content` has the byte order of the whole; `offset` is where it stood."""

    type: int
    content: bytes
    offset: int = 0


Directory = dict[int, Value]
Wanted = Mapping[int, Callable[[int], bool]]
"""By directory, whether a tag is read. A directory that is not named is not read."""


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
        return Exif(self.order, {**self.directories, IMAGE: image})

    def without(self, unwanted: int) -> "Exif":
        return self._mapped(
            lambda directory: {tag: value for tag, value in directory.items() if tag != unwanted}
        )

    def in_order(self, order: ByteOrder) -> "Exif":
        return self if order == self.order else Exif(order, self._mapped(_turned).directories)

    def to_bytes(self) -> bytes:
        """Return the whole, without the prefix that it has in a JPEG; nothing where there is no value."""
        if self.is_empty:
            return b""
        return _MAGIC[self.order] + _START.to_bytes(4, self.order) + _lay_out(self, _START)

    def _mapped(self, change: Callable[[Directory], Directory]) -> "Exif":
        return Exif(self.order, {name: change(values) for name, values in self.directories.items()})


def read_exif(file: IO[bytes], wanted: Wanted, *, max_bytes: int) -> Exif:
    """Return what `wanted` names of EXIF, or of the tags of a TIFF. A value that is broken is left out.

    Raises ValueError where `file` holds neither."""
    head = file.read(_START)
    order = next((order for order, magic in _MAGIC.items() if head.startswith(magic)), None)
    if order is None:
        raise ValueError("Expected EXIF or a TIFF")
    reader = _Reader(file, order, max_bytes)
    image = reader.directory(reader.number(head[4:]), lambda tag: tag in wanted or wanted[IMAGE](tag))
    directories = {IMAGE: image}
    for name in [name for name in wanted if name in image]:
        pointer = image.pop(name).content[:4]
        with suppress(ValueError):
            directories[name] = reader.directory(reader.number(pointer), wanted[name])
    return Exif(order, directories)


def append_to_tiff(tiff: BytesIO, exif: Exif) -> None:
    """Give a TIFF another first directory, at its end, that holds its own tags and those of `exif`.

    A maker note is left out: what it points to counts from where the note stood."""
    size = tiff.seek(0, SEEK_END)
    tiff.seek(0)
    own = read_exif(tiff, {IMAGE: lambda _: True}, max_bytes=size)
    added = exif.without(MAKER_NOTE).in_order(own.order)
    at = size + size % 2
    tiff.seek(at)
    tiff.write(_lay_out(added.with_image(added.image | own.image), at))
    tiff.seek(4)
    tiff.write(at.to_bytes(4, own.order))


@dataclass
class _Reader:
    """At most `left_bytes` are read: thousands of entries may point to the same large value."""

    file: IO[bytes]
    order: ByteOrder
    left_bytes: int

    def directory(self, at: int, is_wanted: Callable[[int], bool]) -> Directory:
        count = self.number(self._take(at, 2))
        entries = self._take(at + 2, 12 * count)
        found: Directory = {}
        for entry in (entries[start : start + 12] for start in range(0, len(entries), 12)):
            tag = self.number(entry[:2])
            if is_wanted(tag):
                with suppress(ValueError):
                    found[tag] = self._value(entry)
        return found

    def number(self, content: bytes) -> int:
        return int.from_bytes(content, self.order)

    def _value(self, entry: bytes) -> Value:
        type, count = self.number(entry[2:4]), self.number(entry[4:8])
        size, offset = _SIZES.get(type, 0) * count, self.number(entry[8:])
        if not size:
            raise ValueError(f"Expected a value but received {count} of type {type}")
        return Value(type, entry[8 : 8 + size] if size <= 4 else self._take(offset, size), offset)

    def _take(self, at: int, size: int) -> bytes:
        if size > self.left_bytes:
            raise ValueError(f"Expected at most {self.left_bytes} more bytes but received {size}")
        self.file.seek(at)
        content = self.file.read(size)
        if len(content) < size:
            raise ValueError(f"Expected {size} bytes at {at} but received {len(content)}")
        self.left_bytes -= size
        return content


def _lay_out(exif: Exif, at: int) -> bytes:
    """Return the directories one after the other; the first byte of them stands at `at`."""
    names = [name for name, values in exif.directories.items() if values and name != IMAGE]
    image = exif.image | {name: Value(LONG, bytes(4)) for name in names}
    end = at + len(_directory(image, exif.order, at))
    rest = b""
    for name in names:
        position = end + len(rest)
        image[name] = Value(LONG, position.to_bytes(4, exif.order))
        rest += _directory(exif.directories[name], exif.order, position)
    return _directory(image, exif.order, at) + rest


def _directory(values: Directory, order: ByteOrder, at: int) -> bytes:
    table, tail = bytearray(len(values).to_bytes(2, order)), bytearray()
    start = at + 2 + 12 * len(values) + 4
    for tag, value in sorted(values.items()):
        content = value.content.ljust(4, b"\0")
        if len(content) > 4:
            # what a maker note points to counts from the start of the whole: it stays where it stood
            gap = value.offset - start - len(tail) if tag == MAKER_NOTE else 0
            tail += bytes(gap if 0 < gap <= _MAX_GAP else 0)
            content = (start + len(tail)).to_bytes(4, order)
            tail += value.content + bytes(len(value.content) % 2)
        count = len(value.content) // _SIZES[value.type]
        table += tag.to_bytes(2, order) + value.type.to_bytes(2, order) + count.to_bytes(4, order) + content
    return bytes(table + bytes(4) + tail)


def _turned(values: Directory) -> Directory:
    return {tag: value._replace(content=_turn(value)) for tag, value in values.items()}


def _turn(value: Value) -> bytes:
    unit = _UNITS[value.type]
    return b"".join(value.content[at : at + unit][::-1] for at in range(0, len(value.content), unit))
