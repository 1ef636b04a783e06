"""The markers, the frame header and the scans of a JPEG (ITU-T T.81, annex B). No pixel is decoded."""

import re
from collections.abc import Iterator
from io import BytesIO
from math import ceil
from typing import IO, NamedTuple
from weakref import WeakKeyDictionary

from transforms.containers.segments import END, SCAN, WITHOUT_LENGTH, read_segment
from transforms.geometry import Size

HUFFMAN_TABLES = 0xC4
RESTART_INTERVAL = 0xDD
FRAMES = frozenset(range(0xC0, 0xD0)) - {HUFFMAN_TABLES, 0xC8, 0xCC}
LOSSLESS = 0xC3
_FIRST_SEGMENT_AT = 2
_SCAN_END = re.compile(rb"\xff(?![\x00\xd0-\xd7])")
"""A marker that is neither a stuffed byte nor a restart."""
_MOST_SEGMENTS = 10_000


_frames: WeakKeyDictionary[IO[bytes], "Frame | None"] = WeakKeyDictionary()
"""The frame headers of files that are open. None of them is written to."""


class Component(NamedTuple):
    identity: int
    across: int
    down: int


class Frame(NamedTuple):
    """A frame header (B.2.2)."""

    marker: int
    bits: int
    size: Size
    components: tuple[Component, ...]

    @property
    def most_across(self) -> int:
        return max(component.across for component in self.components)

    @property
    def most_down(self) -> int:
        return max(component.down for component in self.components)

    def count_blocks(self, component: Component) -> int:
        """Return the blocks of a scan that holds this component alone (A.2.2)."""
        width = ceil(self.size.width * component.across / self.most_across)
        height = ceil(self.size.height * component.down / self.most_down)
        return ceil(width / 8) * ceil(height / 8)

    def count_units(self) -> int:
        """Return the units of a scan that holds several components (A.2.3)."""
        across = ceil(self.size.width / (8 * self.most_across))
        down = ceil(self.size.height / (8 * self.most_down))
        return across * down


class Segment(NamedTuple):
    """A segment, and the entropy-coded bytes behind it if it begins a scan."""

    marker: int
    content: bytes
    scan: bytes = b""


def find_frame(file: IO[bytes]) -> Frame | None:
    """Return the first frame header; None if no scan follows it. Keep the file's position.

    A render asks for it three times."""
    if file not in _frames:
        _frames[file] = _find_frame(file)
    return _frames[file]


def _find_frame(file: IO[bytes]) -> Frame | None:
    position = file.tell()
    frames = []
    try:
        for segment in _read_segments(file):
            if segment.marker in FRAMES:
                frames.append(segment)
            if segment.marker == SCAN:
                return read_frame(frames[0]) if frames else None
    finally:
        file.seek(position)
    return None


def read_frame(segment: Segment) -> Frame | None:
    content = segment.content
    count = content[5] if len(content) > 5 else 0
    if len(content) < 6 + 3 * count:
        return None
    triples = (content[start : start + 3] for start in range(6, 6 + 3 * count, 3))
    components = tuple(
        Component(identity, max(1, factors >> 4), max(1, factors & 15)) for identity, factors, _ in triples
    )
    height = int.from_bytes(content[1:3])
    width = int.from_bytes(content[3:5])
    return Frame(segment.marker, content[0], Size(width, height), components)


def read_broken_off(content: bytes) -> list[Segment]:
    """Return the segments of a file that ends within the bytes of a scan; none if it ends in another way.

    Half of an end marker may follow the scan."""
    file = BytesIO(content)
    segments = []
    for segment in _read_segments(file):
        if segment.marker != SCAN:
            segments.append(segment)
            continue
        start = file.tell()
        marker = _SCAN_END.search(content, start)
        end = marker.start() if marker else len(content)
        segments.append(segment._replace(scan=content[start:end]))
        if not content[end:].strip(b"\xff"):
            return segments
        file.seek(end)
    return []


def _read_segments(file: IO[bytes]) -> Iterator[Segment]:
    """Yield the segments up to the end marker. Behind a scan's header the caller moves to the scan's end."""
    place = read_segment(file, _FIRST_SEGMENT_AT)
    for _ in range(_MOST_SEGMENTS):
        if place is None or place.marker == END:
            return
        if place.marker not in WITHOUT_LENGTH:
            content = file.read(place.end - place.body)
            if len(content) < place.end - place.body:
                return
            yield Segment(place.marker, content)
        place = read_segment(file, file.tell())
