"""The times of an animated AVIF: exact durations and the number of plays (ISO/IEC 14496-12, 8.2-8.6).

Pillow rounds each duration to milliseconds, and does not read the number of plays."""

import struct
from fractions import Fraction
from struct import unpack_from
from typing import IO, NamedTuple

from transforms.containers.boxes import Place, find_in_file, find_places

_MAX_SAMPLES = 100_000
_MAX_MOVIE_BYTES = 4_000_000
_UNKNOWN_DURATIONS = (2**32 - 1, 2**64 - 1)
_HANDLER_AT = 8
_VISUAL_HANDLERS = (b"pict", b"vide")
_REPEATS = 1
"""The flag of an edit list whose edit is done again until the track ends."""


class Sequence(NamedTuple):
    """The times of a sequence of images. It plays `plays` times; 0 is for ever."""

    durations_ms: tuple[Fraction, ...]
    plays: int


def read_sequence(file: IO[bytes]) -> Sequence | None:
    """Return the times of the first sequence of colour images; None if there is none, or if it is broken.

    Leave the file at its place."""
    try:
        movie = _read_movie(file)
        tracks = find_places(movie, b"trak")
        track = next(track for track in tracks if _shows_colors(movie, track))
        return Sequence(_read_durations(movie, track), _read_plays(movie, track))
    except (LookupError, StopIteration, struct.error, ValueError, ZeroDivisionError):
        # the pixels may be sound all the same
        return None


def _read_movie(file: IO[bytes]) -> bytes:
    """Return the content of the box that describes the tracks. Raise LookupError if there is none."""
    movie = find_in_file(file, b"moov", _MAX_MOVIE_BYTES)
    if movie is None:
        raise LookupError("no movie")
    return movie


def _shows_colors(movie: bytes, track: Place) -> bool:
    """Whether a track holds pictures, and not sound, or the alpha of another track."""
    handler_at = _find(movie, track, b"mdia", b"hdlr").body + _HANDLER_AT
    is_visual = movie[handler_at : handler_at + 4] in _VISUAL_HANDLERS
    return is_visual and not find_places(movie, b"tref", b"auxl", outer=track)


def _find(content: bytes, outer: Place, *path: bytes) -> Place:
    return find_places(content, *path, outer=outer)[0]


def _read_durations(movie: bytes, track: Place) -> tuple[Fraction, ...]:
    header = _find(movie, track, b"mdia", b"mdhd")
    timescale_at = header.body + (20 if movie[header.body] else 12)
    (timescale,) = unpack_from(">I", movie, timescale_at)
    table = _find(movie, track, b"mdia", b"minf", b"stbl", b"stts")
    (entries,) = unpack_from(">I", movie, table.body + 4)
    if entries > _MAX_SAMPLES or table.body + 8 + 8 * entries > table.end:
        raise ValueError("the table of durations is too long")
    durations_ms: list[Fraction] = []
    for index in range(entries):
        count, duration = unpack_from(">II", movie, table.body + 8 + 8 * index)
        if len(durations_ms) + count > _MAX_SAMPLES:
            raise ValueError("too many samples")
        durations_ms += [Fraction(1000 * duration, timescale)] * count
    return tuple(durations_ms)


def _read_plays(movie: bytes, track: Place) -> int:
    """Return the number of times that the edit of a track fits into the track.

    Without a list of edits it is for ever, as browsers play it."""
    edit_lists = find_places(movie, b"edts", b"elst", outer=track)
    if not edit_lists:
        return 0
    start = edit_lists[0].body
    version = movie[start]
    flags = int.from_bytes(movie[start + 1 : start + 4])
    if not flags & _REPEATS:
        return 1
    (edit_duration,) = unpack_from(">Q" if version else ">I", movie, start + 8)
    header = _find(movie, track, b"tkhd").body
    is_long = bool(movie[header])
    (track_duration,) = unpack_from(">Q" if is_long else ">I", movie, header + (28 if is_long else 20))
    if track_duration == _UNKNOWN_DURATIONS[is_long]:
        return 0
    return int(-(-track_duration // edit_duration))
