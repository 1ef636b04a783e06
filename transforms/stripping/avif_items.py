"""The items of an AVIF: its pictures, their properties and references, and metadata.

Source: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from transforms.containers.boxes import Box
from transforms.containers.item_tables import (
    IN_FILE,
    Numbers,
    read_associations,
    read_locations,
    read_primary_item,
)

from .blocks import Unstrippable, read_boxes

_REFERENCES = frozenset({b"dimg", b"auxl", b"prem"})


@dataclass
class Item:
    """An item: its type and name as `infe` has them, its bytes, and its properties as (is_essential, box)."""

    kind: bytes
    info: bytes = b""
    content: bytes = b""
    properties: list[tuple[bool, Box]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """The places of its parts in the file."""


@dataclass
class Picture:
    """References are (kind, from, to)."""

    primary: int
    items: dict[int, Item]
    references: list[tuple[bytes, int, tuple[int, ...]]]


def is_sequence(content: bytes) -> bool:
    boxes = list(read_boxes(content))
    return b"avis" in boxes[0].content or any(box.kind == b"moov" for box in boxes)


def read_picture(content: bytes) -> Picture:
    """Read the items of an AVIF. Raise Unstrippable for those that are not known."""
    top = list(read_boxes(content))
    meta = [box for box in top if box.kind == b"meta"]
    if len(meta) != 1 or top[0].kind != b"ftyp":
        raise Unstrippable("several descriptions")
    boxes = {box.kind: box.content for box in read_boxes(meta[0].content[4:])}
    items = dict(_read_infos(boxes[b"iinf"]))
    _read_places(boxes[b"iloc"], items, content, boxes.get(b"idat", b""))
    _read_properties(boxes[b"iprp"], items)
    references = list(_read_references(boxes.get(b"iref", b"")))
    return Picture(read_primary_item(boxes[b"pitm"]), items, references)


def _read_infos(iinf: bytes) -> Iterator[tuple[int, Item]]:
    count_bytes = 4 if iinf[0] else 2
    for box in read_boxes(iinf[4 + count_bytes :]):
        version = box.content[0]
        if box.kind != b"infe" or version not in (2, 3):
            raise Unstrippable("an item of an old kind")
        number_bytes = 2 if version == 2 else 4
        number = int.from_bytes(box.content[4 : 4 + number_bytes])
        protection = box.content[4 + number_bytes : 6 + number_bytes]
        kind = box.content[6 + number_bytes : 10 + number_bytes]
        if protection != b"\0\0":
            raise Unstrippable("a protected item")
        yield number, Item(kind, box.content[10 + number_bytes :])


def _read_places(
    iloc: bytes,
    items: dict[int, Item],
    content: bytes,
    idat: bytes,
) -> None:
    """Read the bytes of the items. Together they may have no more than the file."""
    remaining_bytes = len(content)
    for location in read_locations(iloc):
        source = (content, idat)[location.method]
        item = items[location.item]
        parts = []
        for start, size in location.extents:
            remaining_bytes -= size
            if not size or remaining_bytes < 0 or start + size > len(source):
                raise Unstrippable("an item without a size, or one that is cut off")
            parts.append(source[start : start + size])
            if location.method == IN_FILE:
                item.starts.append(start)
        item.content = b"".join(parts)


def _read_properties(iprp: bytes, items: dict[int, Item]) -> None:
    boxes = list(read_boxes(iprp))
    contents = {box.kind: box.content for box in boxes}
    properties = list(read_boxes(contents[b"ipco"]))
    for ipma in (box.content for box in boxes if box.kind == b"ipma"):
        for number, is_essential, index in read_associations(ipma):
            if number in items and index:
                items[number].properties.append((is_essential, properties[index - 1]))


def _read_references(iref: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    number_bytes = 4 if iref[:1] == b"\1" else 2
    for box in read_boxes(iref[4:]):
        numbers = Numbers(box.content)
        source = numbers.read(number_bytes)
        targets = tuple(numbers.read(number_bytes) for _ in range(numbers.read(2)))
        if box.kind in _REFERENCES:
            yield box.kind, source, targets
