"""The colours and the depth that an AVIF declares (ISO/IEC 23008-12, AV1 Image File Format).

Pillow passes the ICC profile on, but no code points. The properties of a HEIC are the same."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from struct import unpack_from
from typing import IO, NamedTuple

from transforms.color.cicp import describe_nclx_code_points
from transforms.color.description import UNDESCRIBED, ColorDescription
from transforms.containers.av1_sequence import UNSPECIFIED, CodePoints, read_code_points
from transforms.containers.boxes import FULL_BOX_BYTES, Box, boxes, find, find_in_file
from transforms.containers.item_tables import read_associations, read_primary_item

from .avif_payload import read_item_start, read_sample_start

_MAX_META_BYTES = 8_000_000
_SAMPLE_ENTRY_BYTES = 78
"""Of a visual sample entry, before its boxes."""
_ENTRY_COUNT_BYTES = 8
_SAMPLE_TABLE = (b"mdia", b"minf", b"stbl")


class Picture(NamedTuple):
    """The properties of a picture, and the first bytes of its bitstream."""

    properties: list[Box]
    stream: bytes


NO_PICTURE = Picture([], b"")


def read_picture(file: IO[bytes]) -> Picture:
    """Read the picture that the decoder shows.

    It is the primary item, or the track of an image sequence if its brand comes first."""
    ftyp = find_in_file(file, b"ftyp", _MAX_META_BYTES) or b""
    if ftyp[:4] == b"avis":
        moov = find_in_file(file, b"moov", _MAX_META_BYTES) or b""
        picture = _read_track(file, moov)
        if picture.properties:
            return picture
    meta = find_in_file(file, b"meta", _MAX_META_BYTES)
    return _read_primary_item(file, meta[FULL_BOX_BYTES:]) if meta else NO_PICTURE


def describe_avif(picture: Picture) -> ColorDescription:
    """Return the description by the nclx colour box, else by the bitstream.

    An ICC profile may stand beside it."""
    code_points = _nclx_code_points(picture.properties) or _stream_code_points(picture.stream)
    if code_points is None:
        return UNDESCRIBED
    description = describe_nclx_code_points(*code_points)
    return replace(description, peak_nits=read_peak(picture.properties))


def _nclx_code_points(properties: list[Box]) -> CodePoints | None:
    for box in properties:
        if box.kind == b"colr" and box.content[:4] == b"nclx" and len(box.content) >= 10:
            return CodePoints(*unpack_from(">HH", box.content, 4))
    return None


def _stream_code_points(stream: bytes) -> CodePoints | None:
    code_points = read_code_points(stream)
    return None if code_points == UNSPECIFIED else code_points


def read_peak(properties: list[Box]) -> float | None:
    """Return the brightest light in nits: the picture's, else that of the display on which it was graded."""
    contents = {box.kind: box.content for box in properties}
    picture = int.from_bytes(contents.get(b"clli", b"")[:2])
    display = int.from_bytes(contents.get(b"mdcv", b"")[16:20]) * 0.0001
    return picture or display or None


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


def _read_primary_item(file: IO[bytes], meta: bytes) -> Picture:
    try:
        item = read_primary_item(find(meta, b"pitm") or b"")
    except EOFError:
        return NO_PICTURE
    return Picture(list(_properties_of(meta, item)), read_item_start(file, meta, item))


def _properties_of(meta: bytes, item: int) -> Iterator[Box]:
    containers = find(meta, b"iprp") or b""
    properties = list(boxes(find(containers, b"ipco") or b""))
    for box in boxes(containers):
        if box.kind == b"ipma":
            with suppress(EOFError):
                for association in read_associations(box.content):
                    if association.item == item and 0 < association.property_number <= len(properties):
                        yield properties[association.property_number - 1]


def _read_track(file: IO[bytes], moov: bytes) -> Picture:
    for track in boxes(moov):
        handler = find(track.content, b"mdia", b"hdlr") or b""
        if track.kind == b"trak" and handler[8:12] == b"pict":
            table = find(track.content, *_SAMPLE_TABLE) or b""
            entries = find(table, b"stsd") or b""
            entry = next(boxes(entries, _ENTRY_COUNT_BYTES), Box(b"", b""))
            properties = list(boxes(entry.content, _SAMPLE_ENTRY_BYTES))
            return Picture(properties, read_sample_start(file, table))
    return NO_PICTURE
