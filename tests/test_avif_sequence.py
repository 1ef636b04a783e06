"""The times of animated AVIFs, as other encoders may write them."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.support import images as made
from transforms.containers.boxes import find_places
from transforms.decoding.avif.avif_sequence import read_sequence

SECOND = [b"moov", b"trak", b"mdia"]


def animation(count: int = 3) -> bytes:
    images = [Image.new("RGBA", (16, 16), (255, 0, 60 * index, 128)) for index in range(count)]
    return made.encoded_animation("avif", images, durations_ms=[100, 200, 300][:count], speed=10)


def patched(content: bytes, path: list[bytes], place: int, layout: str, *values: int) -> bytes:
    """Return the file with numbers put into each box of that path."""
    changed = bytearray(content)
    for box in find_places(content, *path):
        struct.pack_into(layout, changed, box.body + place, *values)
    return bytes(changed)


def with_timescale(content: bytes, timescale: int) -> bytes:
    return patched(content, [b"moov", b"trak", b"mdia", b"mdhd"], 20, ">I", timescale)


def with_plays(content: bytes, flags: int, edit_duration: int, track_duration: int) -> bytes:
    edited = patched(
        content, [b"moov", b"trak", b"edts", b"elst"], 0, ">IIQ", 1 << 24 | flags, 1, edit_duration
    )
    return patched(edited, [b"moov", b"trak", b"tkhd"], 28, ">Q", track_duration)


def test_durations_are_those_of_the_timescale() -> None:
    sequence = read_sequence(io.BytesIO(with_timescale(animation(), 6_000)))
    assert sequence
    assert sequence.durations_ms == (Fraction(100, 6), Fraction(200, 6), Fraction(300, 6))


def test_a_sixtieth_stays_exact_in_a_png(tmp_path: Path) -> None:
    """Pillow would read 17 ms."""
    _, result = made.rendered(with_timescale(animation(), 6_000), "format=png", tmp_path)
    assert made.frames_of(result, tmp_path)[0].duration_ms == Fraction(1_000, 60)


@pytest.mark.parametrize(
    ("flags", "edit_duration", "track_duration", "expected"),
    [
        pytest.param(0, 600, 600, 1, id="no repeat"),
        pytest.param(1, 600, 600, 1, id="as long as its edit"),
        pytest.param(1, 600, 1_800, 3, id="three times as long"),
        pytest.param(1, 600, 1_700, 3, id="not quite"),
        pytest.param(1, 600, 2**64 - 1, 0, id="for ever"),
    ],
)
def test_plays(flags: int, edit_duration: int, track_duration: int, expected: int) -> None:
    sequence = read_sequence(io.BytesIO(with_plays(animation(), flags, edit_duration, track_duration)))
    assert sequence
    assert sequence.plays == expected


def test_a_track_of_sound_is_passed_over() -> None:
    handler = [b"moov", b"trak", b"mdia", b"hdlr"]
    content = patched(animation(), handler, 8, ">I", int.from_bytes(b"soun"))
    assert read_sequence(io.BytesIO(content)) is None


def test_without_an_edit_list_it_plays_for_ever() -> None:
    sequence = read_sequence(io.BytesIO(animation().replace(b"edts", b"free")))
    assert sequence
    assert sequence.plays == 0


def test_boxes_of_the_short_kind() -> None:
    """Version 0 has 32 bits where version 1 has 64."""
    content = animation()
    content = patched(content, [b"moov", b"trak", b"mdia", b"mdhd"], 0, ">IIII", 0, 0, 0, 50)
    content = patched(content, [b"moov", b"trak", b"tkhd"], 0, ">IIIIII", 0, 0, 0, 1, 0, 1_200)
    content = patched(content, [b"moov", b"trak", b"edts", b"elst"], 0, ">III", 1, 1, 600)
    sequence = read_sequence(io.BytesIO(content))
    assert sequence
    assert sequence.durations_ms == (Fraction(2_000), Fraction(4_000), Fraction(6_000))
    assert sequence.plays == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(made.encoded("avif"), id="a still"),
        pytest.param(made.encoded("png"), id="another format"),
        pytest.param(b"", id="nothing"),
        pytest.param(with_timescale(animation(), 0), id="no timescale"),
        pytest.param(with_plays(animation(), 1, 0, 600), id="an edit of no time"),
        pytest.param(animation().replace(b"stts", b"free"), id="no durations"),
        pytest.param(
            patched(animation(), [*SECOND, b"minf", b"stbl", b"stts"], 4, ">I", 2**32 - 1),
            id="a table beyond its box",
        ),
        pytest.param(
            patched(animation(), [*SECOND, b"minf", b"stbl", b"stts"], 8, ">I", 2**32 - 1),
            id="more samples than can be",
        ),
        pytest.param(patched(animation(), SECOND, -8, ">I", 2**31), id="a box beyond its box"),
        pytest.param(patched(animation(), SECOND, -8, ">I", 3), id="a box smaller than its head"),
        pytest.param(struct.pack(">I4sQ", 1, b"moov", 0), id="a large size of 0"),
        pytest.param(struct.pack(">I4s", 8, b"free") * 20_000 + animation(), id="thousands of boxes"),
    ],
)
def test_what_is_broken_tells_nothing(content: bytes) -> None:
    file = io.BytesIO(content)
    file.seek(3)
    assert read_sequence(file) is None
    assert file.tell() == 3


def test_a_file_with_broken_times_is_read_all_the_same(tmp_path: Path) -> None:
    content = animation().replace(b"edts", b"ed\0\0")
    content = patched(content, [*SECOND, b"mdhd"], 0, ">I", 1 << 24)
    assert [frame.duration_ms for frame in made.frames_of(content, tmp_path)] == [100, 200, 300]
