"""The pictures that follow a JPEG in its file: CIPA DC-007 (MPF) and Google's container in XMP.

Everything here reads untrusted bytes; the numbers of segments and of pictures are bounded."""

from collections.abc import Iterator
from io import BytesIO
from typing import IO, NamedTuple

from transforms.containers.segments import APP1, APP2, END, SCAN, read_segment

from .exif import IMAGE, ByteOrder, read_exif
from .xmp import Name, Packet

MPF_NAME = b"MPF\0"
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
CONTAINER = "http://ns.google.com/photos/1.0/container/"
ITEM = "http://ns.google.com/photos/1.0/container/item/"

_SOI = b"\xff\xd8"
_MAX_SEGMENTS = 1_000
_LONGEST_NAME = 64
_MAX_PICTURES = 16
_ENTRY_TAG = 0xB002
_ENTRY_BYTES = 16
_PRIMARY = 0x030000
"""A baseline primary image's type (CIPA DC-007, 5.2.3.3)."""


class Segment(NamedTuple):
    marker: int
    start: int
    """The place in the file of the content, which is that behind the length."""
    content: bytes


class Span(NamedTuple):
    start: int
    size: int


def read_segments(
    file: IO[bytes],
    names: tuple[bytes, ...],
    start: int = 0,
) -> Iterator[Segment]:
    """Yield the segments APP1 and APP2 that begin with one of `names`, of the JPEG that begins at `start`."""
    file.seek(start)
    if file.read(2) != _SOI:
        return
    place = read_segment(file, start + len(_SOI))
    for _ in range(_MAX_SEGMENTS):
        if place is None or place.is_behind_junk or place.marker in (SCAN, END):
            return
        size = place.end - place.body
        if place.marker in (APP1, APP2):
            content = file.read(min(size, _LONGEST_NAME))
            if content.startswith(names):
                content += file.read(size - len(content))
                if len(content) < size:
                    return
                yield Segment(place.marker, place.body, content)
        place = read_segment(file, place.end)


def find_pictures(segments: list[Segment], packet: Packet | None, file_bytes: int) -> list[Span]:
    """Return the places of the pictures behind the first one, by MPF and, if that names none, by XMP."""
    spans = [span for segment in segments for span in _read_mpf(segment)]
    if not spans and packet is not None:
        spans = _read_container(packet, file_bytes)
    return [span for span in spans if 0 < span.start < file_bytes][:_MAX_PICTURES]


def write_mpf(primary_bytes: int, mpf_start: int, picture_bytes: int) -> bytes:
    """Return the content of MPF's segment for a primary and one more picture behind it.

    `mpf_start` is the place of the content in the file. Offsets count from the mark of the byte order."""
    mark = mpf_start + len(MPF_NAME)
    entries = _entry(_PRIMARY, primary_bytes, 0) + _entry(0, picture_bytes, primary_bytes - mark)
    tags = (
        (0xB000, 7, 4, b"0100"),
        (0xB001, 4, 1, (2).to_bytes(4)),
        (_ENTRY_TAG, 7, len(entries), (50).to_bytes(4)),
    )
    directory = len(tags).to_bytes(2)
    for tag, type, count, value in tags:
        directory += tag.to_bytes(2) + type.to_bytes(2) + count.to_bytes(4) + value
    head = b"MM\0*" + (8).to_bytes(4)
    return MPF_NAME + head + directory + bytes(4) + entries


def _entry(type: int, size: int, offset: int) -> bytes:
    return type.to_bytes(4) + size.to_bytes(4) + max(0, offset).to_bytes(4) + bytes(4)


def _read_mpf(segment: Segment) -> Iterator[Span]:
    if segment.marker != APP2 or not segment.content.startswith(MPF_NAME):
        return
    content = segment.content[len(MPF_NAME) :]
    try:
        exif = read_exif(BytesIO(content), {IMAGE: lambda tag: tag == _ENTRY_TAG}, max_bytes=len(content))
    except ValueError:
        return
    value = exif.image.get(_ENTRY_TAG)
    entries = value.content if value else b""
    mark = segment.start + len(MPF_NAME)
    for start in range(_ENTRY_BYTES, min(len(entries), _MAX_PICTURES * _ENTRY_BYTES), _ENTRY_BYTES):
        entry = entries[start : start + _ENTRY_BYTES]
        if len(entry) == _ENTRY_BYTES:
            yield _read_entry(entry, mark, exif.order)


def _read_entry(entry: bytes, mark: int, order: ByteOrder) -> Span:
    size = int.from_bytes(entry[4:8], order)
    offset = int.from_bytes(entry[8:12], order)
    return Span(mark + offset, size)


def _read_container(packet: Packet, file_bytes: int) -> list[Span]:
    """Return the items behind the first one. They end where the file ends."""
    name = Name(CONTAINER, "Item")
    items = [element for element in packet.root.walk() if element.name == name][:_MAX_PICTURES]
    spans = []
    end = file_bytes
    for item in reversed(items[1:]):
        length = item.attribute(Name(ITEM, "Length"))
        if not length.isdecimal() or len(length) > 12:
            return []
        end -= int(length)
        spans.append(Span(end, int(length)))
    return spans
