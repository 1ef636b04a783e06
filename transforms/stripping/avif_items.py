"""The items of an AVIF: its pictures, their properties and references, and metadata.

Source: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from transforms.containers.boxes import Box

from .blocks import Unstrippable, read_boxes

_MAX_ITEMS = 1_000
_MAX_EXTENTS = 10_000
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
    pitm = boxes[b"pitm"]
    items = dict(_read_infos(boxes[b"iinf"]))
    _read_places(boxes[b"iloc"], items, content, boxes.get(b"idat", b""))
    _read_properties(boxes[b"iprp"], items)
    references = list(_read_references(boxes.get(b"iref", b"")))
    return Picture(int.from_bytes(pitm[4:]), items, references)


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
    reader = _Numbers(iloc)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(1)
    bases = reader.number(1)
    if not sizes & 15:
        raise Unstrippable("items without a size")
    remaining_bytes = len(content)
    remaining_extents = _MAX_EXTENTS
    for _ in range(min(_MAX_ITEMS, reader.number(4 if version == 2 else 2))):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        base = reader.number(bases >> 4)
        source = (content, idat)[method]
        parts = []
        extents = reader.number(2)
        remaining_extents -= extents
        if remaining_extents < 0 or number not in items:
            raise Unstrippable("an item in too many parts")
        for _ in range(extents):
            reader.number(bases & 15 if version else 0)
            start = base + reader.number(sizes >> 4)
            size = reader.number(sizes & 15)
            remaining_bytes -= size
            if remaining_bytes < 0 or start + size > len(source):
                raise Unstrippable("an item that is cut off")
            parts.append(source[start : start + size])
            if method == 0:
                items[number].starts.append(start)
        items[number].content = b"".join(parts)


def _read_properties(iprp: bytes, items: dict[int, Item]) -> None:
    boxes = list(read_boxes(iprp))
    contents = {box.kind: box.content for box in boxes}
    properties = list(read_boxes(contents[b"ipco"]))
    for ipma in (box.content for box in boxes if box.kind == b"ipma"):
        reader = _Numbers(ipma)
        version = reader.number(1)
        is_long = bool(reader.number(3) & 1)
        for _ in range(min(_MAX_ITEMS, reader.number(4))):
            number = reader.number(4 if version else 2)
            for _ in range(reader.number(1)):
                association = reader.number(2 if is_long else 1)
                essential = 0x8000 if is_long else 0x80
                index = association & (essential - 1)
                if number in items and index:
                    items[number].properties.append((bool(association & essential), properties[index - 1]))


def _read_references(iref: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    number_bytes = 4 if iref[:1] == b"\1" else 2
    for box in read_boxes(iref[4:]):
        reader = _Numbers(box.content)
        source = reader.number(number_bytes)
        targets = tuple(reader.number(number_bytes) for _ in range(reader.number(2)))
        if box.kind in _REFERENCES:
            yield box.kind, source, targets


@dataclass
class _Numbers:
    """Reads numbers one after the other."""

    content: bytes
    position: int = 0

    def number(self, size: int) -> int:
        end = self.position + size
        if end > len(self.content):
            raise Unstrippable("a box that is too short")
        value = int.from_bytes(self.content[self.position : end])
        self.position = end
        return value
