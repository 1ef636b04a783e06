"""The times of an animated AVIF: exact durations and the number of plays (ISO/IEC 14496-12, 8.2-8.6).

Pillow rounds each duration to milliseconds, and does not read the number of plays."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from struct import unpack_from
from typing import IO, NamedTuple

_HEAD_BYTES = 8
_LARGE_HEAD_BYTES = 16
_MAX_BOXES = 1_000
"""In one box. A file of hostile bytes may have as many as it is long."""
_MAX_SAMPLES = 100_000
_MAX_MOVIE_BYTES = 4_000_000
_UNKNOWN_DURATIONS = (2**32 - 1, 2**64 - 1)
_HANDLER_AT = 8
_VISUAL_HANDLERS = (b"pict", b"vide")
_REPEATS = 1
"""The flag of an edit list whose edit is done again until the track ends."""


class Box(NamedTuple):
    """A box, and the places at which its content begins and ends."""

    kind: bytes
    start: int
    end: int


class Sequence(NamedTuple):
    """The times of a sequence of images. It plays `plays` times; 0 is for ever."""

    durations_ms: tuple[Fraction, ...]
    plays: int


def read_sequence(file: IO[bytes]) -> Sequence | None:
    """Return the times of the first sequence of colour images; None if there is none, or if it is broken.

    Leave the file at its place."""
    place = file.tell()
    try:
        movie = _read_movie(file)
        tracks = find_all(movie, whole(movie), b"trak")
        track = next(track for track in tracks if _shows_colors(movie, track))
        return Sequence(_read_durations(movie, track), _read_plays(movie, track))
    except (LookupError, StopIteration, struct.error, ValueError, ZeroDivisionError):
        # the pixels may be sound all the same
        return None
    finally:
        file.seek(place)


def whole(content: bytes) -> Box:
    return Box(b"", 0, len(content))


def walk_boxes(content: bytes, outer: Box) -> Iterator[Box]:
    """Yield the boxes within a box. Raise ValueError if one of them is longer than it."""
    place = outer.start
    for _ in range(_MAX_BOXES):
        if place + _HEAD_BYTES > outer.end:
            return
        size, kind = unpack_from(">I4s", content, place)
        head_bytes = _HEAD_BYTES
        if size == 1:
            (size,) = unpack_from(">Q", content, place + _HEAD_BYTES)
            head_bytes = _LARGE_HEAD_BYTES
        end = place + size if size else outer.end
        if (size and size < head_bytes) or end > outer.end:
            raise ValueError("a box has an impossible size")
        yield Box(kind, place + head_bytes, end)
        place = end


def find_all(content: bytes, outer: Box, *path: bytes) -> list[Box]:
    """Return the boxes to which a path of kinds leads, from `outer` inwards."""
    boxes = [outer]
    for kind in path:
        boxes = [inner for box in boxes for inner in walk_boxes(content, box) if inner.kind == kind]
    return boxes


def _read_movie(file: IO[bytes]) -> bytes:
    """Return the content of the box that describes the tracks. Raise LookupError if there is none."""
    place = 0
    for _ in range(_MAX_BOXES):
        file.seek(place)
        head = file.read(_LARGE_HEAD_BYTES).ljust(_LARGE_HEAD_BYTES, b"\0")
        size, kind, large_size = unpack_from(">I4sQ", head)
        head_bytes = _HEAD_BYTES
        if size == 1:
            size = large_size
            head_bytes = _LARGE_HEAD_BYTES
        if kind == b"moov":
            file.seek(place + head_bytes)
            return file.read(min(size - head_bytes, _MAX_MOVIE_BYTES) if size else _MAX_MOVIE_BYTES)
        if size < head_bytes:
            break
        place += size
    raise LookupError("no movie")


def _shows_colors(movie: bytes, track: Box) -> bool:
    """Whether a track holds pictures, and not sound, or the alpha of another track."""
    handler_at = _find(movie, track, b"mdia", b"hdlr").start + _HANDLER_AT
    is_visual = movie[handler_at : handler_at + 4] in _VISUAL_HANDLERS
    return is_visual and not find_all(movie, track, b"tref", b"auxl")


def _find(content: bytes, outer: Box, *path: bytes) -> Box:
    return find_all(content, outer, *path)[0]


def _read_durations(movie: bytes, track: Box) -> tuple[Fraction, ...]:
    header = _find(movie, track, b"mdia", b"mdhd")
    timescale_at = header.start + (20 if movie[header.start] else 12)
    (timescale,) = unpack_from(">I", movie, timescale_at)
    table = _find(movie, track, b"mdia", b"minf", b"stbl", b"stts")
    (entries,) = unpack_from(">I", movie, table.start + 4)
    if entries > _MAX_SAMPLES or table.start + 8 + 8 * entries > table.end:
        raise ValueError("the table of durations is too long")
    durations_ms: list[Fraction] = []
    for index in range(entries):
        count, duration = unpack_from(">II", movie, table.start + 8 + 8 * index)
        if len(durations_ms) + count > _MAX_SAMPLES:
            raise ValueError("too many samples")
        durations_ms += [Fraction(1000 * duration, timescale)] * count
    return tuple(durations_ms)


def _read_plays(movie: bytes, track: Box) -> int:
    """Return the number of times that the edit of a track fits into the track.

    Without a list of edits it is for ever, as browsers play it."""
    edit_lists = find_all(movie, track, b"edts", b"elst")
    if not edit_lists:
        return 0
    start = edit_lists[0].start
    version = movie[start]
    flags = int.from_bytes(movie[start + 1 : start + 4])
    if not flags & _REPEATS:
        return 1
    (edit_duration,) = unpack_from(">Q" if version else ">I", movie, start + 8)
    header = _find(movie, track, b"tkhd").start
    is_long = bool(movie[header])
    (track_duration,) = unpack_from(">Q" if is_long else ">I", movie, header + (28 if is_long else 20))
    if track_duration == _UNKNOWN_DURATIONS[is_long]:
        return 0
    return int(-(-track_duration // edit_duration))
