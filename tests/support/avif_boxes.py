"""AVIFs with one more property of their picture, which Pillow cannot write."""

import struct
from collections.abc import Iterator


def clap(*numbers: int) -> bytes:
    """Return a clean aperture box of width, height, and the offsets of the centre, each over a denominator."""
    return struct.pack(">I4sIIIIiIiI", 40, b"clap", *numbers)


def with_property(avif: bytes, box: bytes) -> bytes:
    """Return an AVIF of one picture with a property behind its others, but before its turn and its mirror."""
    meta = _place(avif, b"meta")
    content = bytearray(avif)
    ipco = _place(avif, b"ipco")
    kinds = [kind for kind, _ in _boxes(avif, ipco + 8, ipco + _size(avif, ipco))]
    ipma = _place(avif, b"ipma")
    first_association = ipma + 8 + 4 + 4 + 2 + 1
    associated = [
        content[first_association + index] & 0x7F for index in range(content[first_association - 1])
    ]
    untransformed = sum(kinds[number - 1] not in (b"irot", b"imir") for number in associated)
    content[first_association - 1] += 1
    at = first_association + untransformed
    content[at:at] = bytes((0x80 | len(kinds) + 1,))
    end = ipco + _size(avif, ipco)
    assert end <= ipma
    content[end:end] = box
    _grow(content, ipco, len(box))
    _grow(content, ipma + len(box), 1)
    _grow(content, _place(avif, b"iprp"), len(box) + 1)
    _grow(content, meta, len(box) + 1)
    _shift_items(content, len(box) + 1)
    return bytes(content)


def with_group(avif: bytes, kind: bytes, content: bytes) -> bytes:
    """Return an AVIF with a group of its first item behind the other boxes of its meta box."""
    group = struct.pack(">I4sIIII", 24 + len(content), kind, 0, 9, 1, 1) + content
    box = struct.pack(">I4s", 8 + len(group), b"grpl") + group
    meta = _place(avif, b"meta")
    end = meta + _size(avif, meta)
    grown = bytearray(avif)
    grown[end:end] = box
    _grow(grown, meta, len(box))
    _shift_items(grown, len(box))
    return bytes(grown)


def _shift_items(content: bytearray, count: int) -> None:
    """Move the places of all items, each of one extent (ISO/IEC 14496-12, 8.11.3)."""
    iloc = _place(content, b"iloc")
    assert content[iloc + 8] == 0
    assert content[iloc + 12 : iloc + 14] == b"\x44\0"
    (items,) = struct.unpack_from(">H", content, iloc + 14)
    for item in range(items):
        at = iloc + 16 + 14 * item + 6
        (offset,) = struct.unpack_from(">I", content, at)
        struct.pack_into(">I", content, at, offset + count)


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    while start < end:
        yield bytes(content[start + 4 : start + 8]), start
        start += _size(content, start)


def _size(content: bytes | bytearray, place: int) -> int:
    return int.from_bytes(content[place : place + 4])


def _place(content: bytes | bytearray, kind: bytes) -> int:
    return content.index(kind) - 4


def _grow(content: bytearray, place: int, count: int) -> None:
    struct.pack_into(">I", content, place, _size(content, place) + count)
