"""The colours and the depth that an AVIF declares (ISO/IEC 23008-12, AV1 Image File Format).

Pillow passes the ICC profile on, but not the code points of an nclx colour box."""

from collections.abc import Iterator
from struct import unpack_from
from typing import IO

from transforms.color.cicp import describe_nclx_code_points
from transforms.color.description import UNDESCRIBED, ColorDescription

from .isobmff import FULL_BOX_BYTES, Box, boxes, find, find_in_file

_MAX_META_BYTES = 8_000_000
_MAX_ITEMS = 10_000
_SAMPLE_ENTRY_BYTES = 78
"""Of a visual sample entry, before its boxes."""
_ENTRY_COUNT_BYTES = 8
_SAMPLE_TABLE = (b"mdia", b"minf", b"stbl", b"stsd")


def read_avif_properties(file: IO[bytes]) -> list[Box]:
    """Return the properties of the picture that the decoder shows: the primary item's, or those of an image
    sequence's track if its brand comes first."""
    ftyp = find_in_file(file, b"ftyp", _MAX_META_BYTES) or b""
    if ftyp[:4] == b"avis":
        moov = find_in_file(file, b"moov", _MAX_META_BYTES)
        properties = list(_track_properties(moov)) if moov else []
        if properties:
            return properties
    meta = find_in_file(file, b"meta", _MAX_META_BYTES)
    return list(_primary_properties(meta[FULL_BOX_BYTES:])) if meta else []


def describe_nclx(properties: list[Box]) -> ColorDescription:
    """Return the description by the nclx colour box, if there is one. It may stand beside an ICC profile."""
    for box in properties:
        if box.kind == b"colr" and box.content[:4] == b"nclx" and len(box.content) >= 10:
            primaries, transfer = unpack_from(">HH", box.content, 4)
            return describe_nclx_code_points(primaries, transfer)
    return UNDESCRIBED


def read_av1_depth(properties: list[Box]) -> int | None:
    """Return the bits per sample by the configuration of AV1 (AV1-ISOBMFF, 2.3)."""
    for box in properties:
        if box.kind == b"av1C" and len(box.content) >= 3:
            is_high = box.content[2] & 0x40
            is_12_bit = box.content[2] & 0x20
            return (12 if is_12_bit else 10) if is_high else 8
        if box.kind == b"pixi" and len(box.content) >= 6:
            return box.content[5]
    return None


def _primary_properties(meta: bytes) -> Iterator[Box]:
    primary = _primary_item(find(meta, b"pitm") or b"")
    containers = find(meta, b"iprp") or b""
    properties = list(boxes(find(containers, b"ipco") or b""))
    for box in boxes(containers):
        if box.kind == b"ipma":
            for index in _associations(box.content, primary):
                if 0 < index <= len(properties):
                    yield properties[index - 1]


def _primary_item(pitm: bytes) -> int:
    version = pitm[:1]
    size = 4 if version == b"\1" else 2
    return int.from_bytes(pitm[FULL_BOX_BYTES : FULL_BOX_BYTES + size])


def _associations(ipma: bytes, item: int) -> list[int]:
    """Return the numbers of an item's properties, from 1."""
    if len(ipma) < 8:
        return []
    id_bytes = 4 if ipma[0] else 2
    index_bytes = 2 if ipma[3] & 1 else 1
    index_mask = 0x7FFF if index_bytes == 2 else 0x7F
    entries = min(_MAX_ITEMS, int.from_bytes(ipma[4:8]))
    position = 8
    for _ in range(entries):
        count_at = position + id_bytes
        if count_at >= len(ipma):
            return []
        start = count_at + 1
        end = start + ipma[count_at] * index_bytes
        if int.from_bytes(ipma[position:count_at]) == item:
            places = range(start, min(end, len(ipma)), index_bytes)
            return [int.from_bytes(ipma[place : place + index_bytes]) & index_mask for place in places]
        position = end
    return []


def _track_properties(moov: bytes) -> Iterator[Box]:
    for track in boxes(moov):
        handler = find(track.content, b"mdia", b"hdlr") or b""
        if track.kind != b"trak" or handler[8:12] != b"pict":
            continue
        table = find(track.content, *_SAMPLE_TABLE) or b""
        entry = next(boxes(table, _ENTRY_COUNT_BYTES), None)
        if entry:
            yield from boxes(entry.content, _SAMPLE_ENTRY_BYTES)
        return
