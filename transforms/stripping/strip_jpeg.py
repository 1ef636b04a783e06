"""JPEG: tables, frames and scans. Source: ITU T.81, table B.1; JFIF 1.02; Adobe's APP14."""

import re
from collections.abc import Iterator
from io import BytesIO

from transforms.containers.segments import APP0, APP14, APP15, SCAN, SegmentPlace, read_segment
from transforms.geometry import Size

from .blocks import MAX_BLOCKS, Unstrippable

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_COMMENT = 0xFE
_CODES = 0xC4
_QUANTIZATION = 0xDB
_NUMBERED_TABLES = frozenset({_CODES, _QUANTIZATION})
_TABLE_NUMBER = {_CODES: 0xFF, _QUANTIZATION: 0x0F}
"""The bits that number a table: the upper ones are a class of codes, or the depth of quantization."""
_TABLES = frozenset({*_NUMBERED_TABLES, 0xDD})
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive, all with Huffman codes. Browsers decode no others."""
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_NEUTRAL_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""No density, and no thumbnail."""
_NEUTRAL_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""The byte behind it says whether the channels are RGB or YCbCr."""
_ADOBE_SEGMENT_BYTES = 16
_JFIF_UNIT = 11
_FIRST_CHANNEL = 10
"""The place of a number in its segment."""


def strip_jpeg(content: bytes, size: Size) -> bytes:
    """Return the first picture of a JPEG.

    Raise Unstrippable for inks, and for kinds that browsers do not decode."""
    stripped, frames = _strip(content)
    if frames != 1:
        raise Unstrippable(f"{frames} frames")
    return stripped


def strip_jpeg_tables(content: bytes) -> bytes:
    """Return a stream of a TIFF: the tables of all strips, or a strip that may lack its tables."""
    return _strip(content)[0]


def _strip(content: bytes) -> tuple[bytes, int]:
    """Return the stream without metadata, and the number of its frames."""
    if not content.startswith(_START):
        raise Unstrippable("no JPEG")
    view = memoryview(content)
    parts: list[bytes | memoryview] = [_START]
    frames = 0
    tables: set[tuple[int, int]] = set()
    position = 2
    for _ in range(MAX_BLOCKS):
        if position >= len(content) or content[position : position + 2] == _END:
            return b"".join([*parts, _END]), frames
        segment = _read_segment(content, position)
        position = segment.end
        if segment.marker == SCAN:
            position = _find_scan_end(content, segment.end)
            parts.append(view[segment.start : position])
            tables.clear()
            continue
        frames += segment.marker in _FRAMES
        for table in _read_tables(segment.marker, content[segment.body : segment.end]):
            if table in tables:
                raise Unstrippable("a table that another one replaces")
            tables.add(table)
        kept = _kept(segment.marker, content[segment.start : segment.end])
        if kept != _NEUTRAL_JFIF or kept not in parts:
            parts.append(kept)
    raise Unstrippable("too many segments")


def _kept(marker: int, segment: bytes) -> bytes:
    """Return a segment in the form that a result may hold; nothing for metadata."""
    if marker in _FRAMES:
        _check_frame(segment)
        return segment
    if marker in _TABLES:
        return segment
    if marker == APP0 and segment[4:9] == b"JFIF\0":
        return _NEUTRAL_JFIF
    if marker == APP14 and segment[4:9] == b"Adobe" and len(segment) == _ADOBE_SEGMENT_BYTES:
        return _NEUTRAL_ADOBE + segment[-1:]
    if _is_metadata(marker):
        return b""
    raise Unstrippable(f"a segment {marker:#x}")


def _read_tables(marker: int, content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the marker and the number of each table in a segment. Decoders check that it holds no more."""
    position = 0
    while marker in _NUMBERED_TABLES and position < len(content):
        number = content[position]
        yield marker, number & _TABLE_NUMBER[marker]
        if marker == _QUANTIZATION:
            position += 1 + (128 if number >> 4 else 64)
        else:
            position += 17 + sum(content[position + 1 : position + 17])


def _is_metadata(marker: int) -> bool:
    return APP0 <= marker <= APP15 or marker == _COMMENT


def _read_segment(content: bytes, position: int) -> SegmentPlace:
    segment = read_segment(BytesIO(content), position)
    if segment is None or segment.end > len(content):
        raise Unstrippable("a segment that is cut off")
    if segment.is_behind_junk:
        raise Unstrippable("bytes between segments")
    return segment


def _check_frame(segment: bytes) -> None:
    bits = segment[4]
    channels = segment[9]
    if bits != 8 or channels not in (1, 3):
        raise Unstrippable(f"{channels} channels of {bits} bits")


def _find_scan_end(content: bytes, position: int) -> int:
    end = _SCAN_END.search(content, position)
    return end.start() if end else len(content)


def restore_jpeg_metadata(bare: bytes, donor: bytes) -> bytes:
    """Return a stripped JPEG with the metadata of another.

    Its JFIF header replaces one, or is added for its density if the colours stay what they are."""
    segments = []
    position = 2
    while True:
        segment = _read_segment(donor, position)
        if not _is_metadata(segment.marker):
            break
        segments.append(donor[segment.start : segment.end])
        position = segment.end
    jfif = b"".join(segment for segment in segments if segment[1] == APP0)
    others = b"".join(segment for segment in segments if segment[1] not in (APP0, APP14))
    body = bare.removeprefix(_START)
    if jfif and body.startswith(_NEUTRAL_JFIF):
        return _START + jfif + others + body.removeprefix(_NEUTRAL_JFIF)
    has_density = jfif[_JFIF_UNIT : _JFIF_UNIT + 1].strip(b"\0")
    if has_density and _is_ycbcr_by_its_channels(bare):
        others = jfif + others
    return _START + others + body


def _is_ycbcr_by_its_channels(bare: bytes) -> bool:
    """Whether a JPEG without JFIF and Adobe segments has grey, or YCbCr by the numbers of its channels.

    With a JFIF header decoders take three channels for YCbCr (libjpeg, default_decompress_parms)."""
    segment = _read_segment(bare, len(_START))
    while segment.marker not in _FRAMES and segment.marker != APP14:
        segment = _read_segment(bare, segment.end)
    numbers = bare[segment.start + _FIRST_CHANNEL : segment.end : 3]
    return segment.marker != APP14 and numbers in (b"\1", b"\1\2\3")
