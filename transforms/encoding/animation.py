"""How an animation is written: its frames, their exact times, and the number of plays.

Pillow cuts the delays of a GIF, has an AVIF play for ever and writes the clock into it
(findings/gif_delays_are_cut.sh, avif_plays_for_ever.sh, avif_sequence_clock.sh). So the times are put into
the file that it has written. It joins equal neighbours in GIF and PNG. There each frame has a duration of one
unit at first, so that the duration in the file counts the frames that were joined."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from io import BytesIO
from itertools import product
from struct import pack_into, unpack_from
from typing import NamedTuple

from PIL import Image

from transforms.containers.boxes import Place, find_places
from transforms.containers.chunks import Chunk, as_chunk, walk_chunks
from transforms.decoding.gif import walk_frames
from transforms.formats.table import Format
from transforms.formats.trial import SaveOptions

from .durations import as_delay, in_centiseconds, in_ms, sum_joined

_GIF_UNIT_MS = 10
_PNG_UNIT_MS = 1
_PNG_DELAY_AT = 20
"""The place of the delay in fcTL."""
_MAX_WEBP_MS = 2**24 - 1
_MAX_WEBP_TOTAL_MS = 2**31 - 1
"""Pillow counts an animation's time in a C int."""
_MAX_AVIF_MS = 2**31 - 1
_FOR_EVER = 2**64 - 1
_MAX_TRACK_DURATION = 2**63 - 1

_HEADERS = {
    (b"moov", b"mvhd"): 24,
    (b"moov", b"trak", b"tkhd"): 28,
    (b"moov", b"trak", b"mdia", b"mdhd"): None,
}
"""The boxes that hold the clock, and in them the place of the duration of all plays, if they hold that."""
_CLOCK_AT = 4
_CLOCK_BYTES = 16


class Playback(NamedTuple):
    """The duration of each frame, and the number of plays; 0 is for ever."""

    durations_ms: Sequence[Fraction]
    plays: int


def animation_options(
    playback: Playback,
    images: Sequence[Image.Image],
    format: Format,
) -> SaveOptions:
    """Return the options of Pillow's save() for more than one image."""
    options: SaveOptions = {
        "save_all": True,
        "append_images": images[1:],
        "duration": _DURATIONS[format.name](playback.durations_ms),
    }
    if not format.loops_count_repeats:
        options["loop"] = playback.plays
    elif playback.plays != 1:
        options["loop"] = max(0, playback.plays - 1)
    if format.is_indexed:
        # the frame before shows through a transparent pixel unless it is cleared
        has_transparency = any("transparency" in image.info for image in images)
        options["disposal"] = 2 if has_transparency else 1
    return options


def with_distinct_key(images: Sequence[Image.Image]) -> list[Image.Image]:
    """Return the images of a GIF with a transparent entry of a colour that none of their palettes has.

    Pillow takes opaque pixels of that colour in the first palette for transparent ones, and cuts them off
    (findings/gif_black_edge_is_cut.sh)."""
    palettes = [image.getpalette() or [] for image in images]
    colors = {tuple(palette[at : at + 3]) for palette in palettes for at in range(0, len(palette), 3)}
    # there are fewer entries than colours
    key = next(color for color in product(range(256), repeat=3) if color not in colors)
    return [_with_key(image, key) for image in images]


def write_times(
    written: bytes,
    playback: Playback,
    format: Format,
) -> bytes:
    """Return the file that Pillow has written with the times and plays that Pillow cannot write."""
    write = _WRITERS.get(format.name)
    return write(written, playback) if write else written


def _with_key(image: Image.Image, key: tuple[int, ...]) -> Image.Image:
    index = image.info.get("transparency")
    if index is None:
        return image
    keyed = image.copy()
    palette = image.getpalette() or []
    palette[3 * index : 3 * index + 3] = key
    keyed.putpalette(palette)
    return keyed


def _write_gif_delays(written: bytes, playback: Playback) -> bytes:
    content = bytearray(written)
    places = [frame.control_at + 1 for frame in walk_frames(written)]
    counts = [unpack_from("<H", written, place)[0] for place in places]
    durations_ms = sum_joined(playback.durations_ms, counts)
    for place, delay in zip(places, in_centiseconds(durations_ms), strict=True):
        pack_into("<H", content, place, delay)
    return bytes(content)


def _write_png_delays(written: bytes, playback: Playback) -> bytes:
    controls = [chunk for chunk in walk_chunks(BytesIO(written)) if chunk.kind == b"fcTL"]
    if not controls:
        # all frames were equal, and the result is still
        return written
    content = bytearray(written)
    counts = [_count_png_units(written, control) for control in controls]
    durations_ms = sum_joined(playback.durations_ms, counts)
    for control, duration_ms in zip(controls, durations_ms, strict=True):
        pack_into(">HH", content, control.start + _PNG_DELAY_AT, *as_delay(duration_ms))
        changed = bytes(content[control.start : control.start + control.size])
        content[control.head_start : control.end] = as_chunk(control.kind, changed)
    return bytes(content)


def _count_png_units(written: bytes, control: Chunk) -> int:
    numerator, denominator = unpack_from(">HH", written, control.start + _PNG_DELAY_AT)
    return round(Fraction(1000 * numerator, denominator * _PNG_UNIT_MS))


def _write_avif_times(written: bytes, playback: Playback) -> bytes:
    """Take the clock out, and write the number of plays as libavif reads it (ISO/IEC 14496-12, 8.6.6)."""
    content = bytearray(written)
    edit_lists = _find(written, b"moov", b"trak", b"edts", b"elst")
    edit_durations = {_read_long(written, box, 8) for box in edit_lists}
    duration = max(edit_durations)
    plays = min(playback.plays, _MAX_TRACK_DURATION // max(1, duration))
    total = duration * plays if plays else _FOR_EVER
    for path, duration_at in _HEADERS.items():
        for box in _find(written, *path):
            clock_at = box.body + _CLOCK_AT
            content[clock_at : clock_at + _CLOCK_BYTES] = bytes(_CLOCK_BYTES)
            if duration_at is not None:
                pack_into(">Q", content, box.body + duration_at, total)
    for box in edit_lists:
        # the upper byte is the version
        pack_into(">I", content, box.body, 1 << 24 | (plays != 1))
    return bytes(content)


def _find(content: bytes, *path: bytes) -> list[Place]:
    """Return the boxes of that path. Raise ValueError if there is none, or if one is not of version 1."""
    boxes = find_places(content, *path)
    if not boxes or any(content[box.body] != 1 for box in boxes):
        raise ValueError(f"Expected boxes of version 1 at {path!r}")
    return boxes


def _read_long(content: bytes, box: Place, place: int) -> int:
    (value,) = unpack_from(">Q", content, box.body + place)
    return int(value)


def _webp_ms(durations_ms: Sequence[Fraction]) -> list[int]:
    max_ms = min(_MAX_WEBP_MS, _MAX_WEBP_TOTAL_MS // len(durations_ms))
    return in_ms(durations_ms, max_ms)


_DURATIONS: Mapping[str, Callable[[Sequence[Fraction]], list[int]]] = {
    "gif": lambda durations_ms: [_GIF_UNIT_MS] * len(durations_ms),
    "png": lambda durations_ms: [_PNG_UNIT_MS] * len(durations_ms),
    "webp": _webp_ms,
    "avif": lambda durations_ms: in_ms(durations_ms, _MAX_AVIF_MS),
}
_WRITERS: Mapping[str, Callable[[bytes, Playback], bytes]] = {
    "gif": _write_gif_delays,
    "png": _write_png_delays,
    "avif": _write_avif_times,
}
