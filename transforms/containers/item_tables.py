"""The tables of items in AVIF and HEIC: the places of bytes, and properties (ISO/IEC 14496-12, 8.11).

They are untrusted bytes. Each reader raises EOFError at the end of a table that is too short, and ValueError
if it has too many entries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

IN_FILE = 0
IN_META = 1
"""The methods by which an item is stored: within the file, or in the box `idat`."""
_MAX_ITEMS = 10_000
_MAX_EXTENTS = 10_000
"""Of all items. Extents may take no bytes of the table at all."""


class Extent(NamedTuple):
    """A part of an item. A size of 0 reaches to the end."""

    start: int
    size: int


class Location(NamedTuple):
    item: int
    method: int
    extents: list[Extent]


class Association(NamedTuple):
    """A property of an item. They are numbered from 1."""

    item: int
    is_essential: bool
    property_number: int


@dataclass
class Numbers:
    """Whole numbers that follow one another. Raise EOFError behind the last."""

    content: bytes
    position: int = 0

    def read(self, size: int) -> int:
        end = self.position + size
        if end > len(self.content):
            raise EOFError("A table is too short")
        value = int.from_bytes(self.content[self.position : end])
        self.position = end
        return value


def read_primary_item(pitm: bytes) -> int:
    """Return the number of the item that is the picture."""
    numbers = Numbers(pitm)
    version = numbers.read(1)
    numbers.read(3)
    return numbers.read(4 if version else 2)


def read_locations(iloc: bytes) -> Iterator[Location]:
    numbers = Numbers(iloc)
    version = numbers.read(1)
    numbers.read(3)
    sizes = numbers.read(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    number_bytes = 2 if version < 2 else 4
    remaining_extents = _MAX_EXTENTS
    for _ in range(min(_MAX_ITEMS, numbers.read(number_bytes))):
        item = numbers.read(number_bytes)
        method = numbers.read(2) & 15 if version else IN_FILE
        numbers.read(2)
        base = numbers.read(base_bytes)
        count = numbers.read(2)
        remaining_extents -= count
        if remaining_extents < 0:
            raise ValueError("Expected fewer parts of items")
        extents = []
        for _ in range(count):
            numbers.read(index_bytes if version else 0)
            start = base + numbers.read(offset_bytes)
            extents.append(Extent(start, numbers.read(length_bytes)))
        yield Location(item, method, extents)


def read_associations(ipma: bytes) -> Iterator[Association]:
    numbers = Numbers(ipma)
    version = numbers.read(1)
    is_long = bool(numbers.read(3) & 1)
    essential = 0x8000 if is_long else 0x80
    for _ in range(min(_MAX_ITEMS, numbers.read(4))):
        item = numbers.read(4 if version else 2)
        for _ in range(numbers.read(1)):
            value = numbers.read(2 if is_long else 1)
            yield Association(item, bool(value & essential), value & essential - 1)
