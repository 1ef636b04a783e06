"""JPEGs that lack nothing but their end marker: some cameras and downloads leave it out.

libjpeg decodes such a file, and any that breaks off earlier, once the marker is appended: it fills up with
grey. So the marker is appended only if every block of every scan has been found."""

from io import SEEK_END, BytesIO
from typing import IO

from progimage.errors import UnprocessableImage

from .jpeg_blocks import are_blocks_complete
from .jpeg_structure import Frame, Segment, find_frame, read_broken_off

_PROGRESSIVE = 0xC2
_MOST_WORK = 8_000_000
"""Bytes of sequential scans. Those of 8 MB take some 2.5 s of CPU, each time that the file is opened."""
_PROGRESSIVE_WORK = 4
"""A byte of a progressive scan takes so many times as long."""
_BLOCK_WORK = 1
"""A progressive scan passes all blocks, however few bytes it has."""
_END = b"\xff\xd9"


def with_end(file: IO[bytes], max_pixels: int) -> IO[bytes]:
    """Return a JPEG with the end marker that alone it lacks; any other file as it is.

    Raise UnprocessableImage if the marker is missing and the count of the blocks would take long."""
    size = file.seek(0, SEEK_END)
    file.seek(max(0, size - len(_END)))
    has_end = file.read() == _END
    file.seek(0)
    frame = None if has_end else find_frame(file)
    if frame is None or frame.size.pixels > max_pixels:
        return file
    content = file.read()
    file.seek(0)
    segments = read_broken_off(content)
    if segments and _estimate_work(segments, frame) > _MOST_WORK:
        raise UnprocessableImage(
            "Expected a JPEG with an end marker: this one is too large to count its blocks"
        )
    if not segments or not are_blocks_complete(segments):
        return file
    return BytesIO(content.rstrip(b"\xff") + _END)


def _estimate_work(segments: list[Segment], frame: Frame) -> int:
    """Return the time that a count of the blocks takes, in bytes of a sequential scan."""
    scans = [len(segment.scan) for segment in segments if segment.scan]
    if frame.marker != _PROGRESSIVE:
        return sum(scans)
    blocks = max((frame.count_blocks(component) for component in frame.components), default=0)
    return _PROGRESSIVE_WORK * sum(scans) + _BLOCK_WORK * blocks * len(scans)
