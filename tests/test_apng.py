"""Animated PNGs, composed as browsers do it. The values were compared with Chromium's."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.animations import (
    CLEAR,
    KEEP,
    OVER,
    RESTORE,
    SOURCE,
    Part,
    apng,
    flat,
)
from tests.support.png_files import chunk
from transforms.decoding.decode import probe, validate
from transforms.decoding.frames import Frame
from transforms.decoding.png.apng import AnimationControl, find_control

SIZE = (8, 8)
WHOLE = (0, 0, 8, 8)
INNER = (2, 2, 4, 4)
GREEN = flat(SIZE, b"\0\xff\0\xff")
NOTHING = flat(SIZE, bytes(4))
HALF_BLUE = flat((4, 4), b"\0\0\xff\x80")
RED = flat((4, 4), b"\xff\0\0\xff")
SEE_THROUGH = flat((4, 4), bytes(4))


def shown(frames: list[Frame], x: int, y: int) -> list[object]:
    return [frame.image.getpixel((x, y)) for frame in frames]


@pytest.mark.parametrize(
    ("below", "blend", "expected"),
    [
        pytest.param(GREEN, OVER, (0, 127, 128, 255), id="half blue over opaque green"),
        pytest.param(NOTHING, OVER, (0, 0, 255, 128), id="half blue over nothing"),
        pytest.param(GREEN, SOURCE, (0, 0, 255, 128), id="half blue replaces green"),
        pytest.param(flat(SIZE, b"\xff\0\0\x80"), OVER, (84, 0, 171, 192), id="half blue over half red"),
    ],
)
def test_a_soft_frame_is_laid_over_the_canvas(
    below: bytes,
    blend: int,
    expected: tuple[int, ...],
    tmp_path: Path,
) -> None:
    content = apng(SIZE, [Part(WHOLE, below), Part(INNER, HALF_BLUE, blend=blend)])
    _, last = made.frames_of(content, tmp_path)
    assert last.image.getpixel((3, 3)) == pytest.approx(expected, abs=1)
    assert last.image.getpixel((7, 7)) == Image.open(io.BytesIO(content)).getpixel((7, 7))


@pytest.mark.parametrize(
    ("disposal", "expected"),
    [
        (KEEP, (0, 127, 128, 255)),
        (CLEAR, (0, 0, 0, 0)),
        (RESTORE, (0, 255, 0, 255)),
    ],
)
def test_a_see_through_frame_shows_the_canvas_after_disposal(
    disposal: int,
    expected: tuple[int, ...],
    tmp_path: Path,
) -> None:
    parts = [
        Part(WHOLE, GREEN),
        Part(INNER, HALF_BLUE, disposal=disposal, blend=OVER),
        Part(INNER, SEE_THROUGH, blend=OVER),
    ]
    last = made.frames_of(apng(SIZE, parts), tmp_path)[-1]
    assert last.image.getpixel((3, 3)) == expected
    assert last.image.getpixel((0, 0)) == (0, 255, 0, 255)


def test_previous_of_the_first_frame_is_background(tmp_path: Path) -> None:
    parts = [Part(WHOLE, GREEN, disposal=RESTORE), Part(INNER, HALF_BLUE, blend=OVER)]
    last = made.frames_of(apng(SIZE, parts), tmp_path)[-1]
    assert last.image.getpixel((0, 0)) == (0, 0, 0, 0)
    assert last.image.getpixel((3, 3)) == (0, 0, 255, 128)


def test_a_sprite_leaves_no_trail(tmp_path: Path) -> None:
    sprites = [
        Part((at, at, 2, 2), flat((2, 2), b"\xff\0\0\xff"), disposal=RESTORE, blend=OVER) for at in range(6)
    ]
    for index, frame in enumerate(made.frames_of(apng(SIZE, [Part(WHOLE, GREEN), *sprites]), tmp_path)):
        reds = [
            color
            for count, color in frame.image.getcolors() or []
            if color == (255, 0, 0, 255)
            for _ in range(count)
        ]
        assert len(reds) == (4 if index else 0)


class TestDefaultImage:
    @pytest.mark.parametrize("count", [1, 2])
    @pytest.mark.parametrize("query", ["format=png", "format=webp&lossless=true", "format=bmp"])
    def test_it_is_not_shown(self, count: int, query: str, tmp_path: Path) -> None:
        parts = [Part(INNER, RED), Part((0, 0, 2, 2), flat((2, 2), b"\0\0\xff\xff"))][:count]
        content = apng(SIZE, parts, default_image=GREEN)
        facts, result = made.rendered(content, query, tmp_path)
        assert facts.frames == (1 if "bmp" in query else count)
        image = made.frames_of(result, tmp_path)[0].image
        assert image.getpixel((3, 3)) == (255, 0, 0, 255)
        nothing = (255, 255, 255, 255) if "bmp" in query else (0, 0, 0, 0)
        assert image.getpixel((7, 7)) == nothing

    def test_it_is_shown_if_there_is_no_frame(self, tmp_path: Path) -> None:
        content = apng(SIZE, [], default_image=GREEN, frames=1)
        facts, result = made.rendered(content, "format=png", tmp_path)
        assert (facts.frames, Image.open(io.BytesIO(result)).getpixel((3, 3))) == (1, (0, 255, 0))

    def test_it_is_decoded_before_an_upload_is_accepted(self, tmp_path: Path) -> None:
        path = tmp_path / "file.png"
        path.write_bytes(apng(SIZE, [Part(INNER, RED)] * 2, default_image=GREEN[:100]))
        with pytest.raises(UnprocessableImage):
            validate(path)


PLTE = chunk(b"PLTE", bytes((255, 0, 0, 0, 255, 0, 0, 0, 255))) + chunk(b"tRNS", bytes((255, 128, 0)))


@pytest.mark.parametrize(
    ("color_type", "depth", "palette", "rows", "expected"),
    [
        pytest.param(3, 8, PLTE, (b"\0", b"\1"), (127, 128, 0, 255), id="palette with tRNS"),
        pytest.param(3, 4, PLTE, (b"\0\0", b"\x11"), (127, 128, 0, 255), id="palette of 4 bits"),
        pytest.param(3, 8, PLTE, (b"\0", b"\2"), (255, 0, 0, 255), id="a transparent entry"),
        pytest.param(0, 8, b"", (b"\x40", b"\x80"), (128, 128, 128, 255), id="grey"),
        pytest.param(0, 16, b"", (b"\x40\x40", b"\x80\x80"), (128, 128, 128, 255), id="grey of 16 bits"),
        pytest.param(
            0, 8, chunk(b"tRNS", b"\0\x80"), (b"\x40", b"\x80"), (64, 64, 64, 255), id="grey with tRNS"
        ),
        pytest.param(4, 8, b"", (b"\0\xff", b"\xff\x80"), (128, 128, 128, 255), id="grey with alpha"),
        pytest.param(
            4, 16, b"", (b"\0\0\xff\xff", b"\xff\xff\x80\x80"), (128, 128, 128, 255), id="the same, 16 bits"
        ),
        pytest.param(2, 8, b"", (b"\1\2\3", b"\4\5\6"), (4, 5, 6, 255), id="RGB"),
        pytest.param(
            2,
            8,
            chunk(b"tRNS", b"\0\4\0\5\0\6"),
            (b"\1\2\3", b"\4\5\6"),
            (1, 2, 3, 255),
            id="RGB with tRNS",
        ),
        pytest.param(
            6,
            16,
            b"",
            (b"\0\0\xff\xff\0\0\xff\xff", b"\0\0\0\0\xff\xff\x80\x80"),
            (0, 127, 128, 255),
            id="RGBA of 16 bits",
        ),
    ],
)
def test_every_kind_of_pixel(
    color_type: int,
    depth: int,
    palette: bytes,
    rows: tuple[bytes, bytes],
    expected: tuple[int, ...],
    tmp_path: Path,
) -> None:
    sizes = (SIZE, (4, 4)) if depth != 4 else ((2, 8), (2, 4))
    below, above = (flat(size, pixel) for size, pixel in zip(sizes, rows, strict=True))
    parts = [Part(WHOLE, below), Part(INNER, above, blend=OVER)]
    content = apng(SIZE, parts, color_type=color_type, depth=depth, palette=palette)
    last = made.frames_of(content, tmp_path)[-1]
    assert last.image.getpixel((3, 3)) == expected


def test_grey_stays_grey(tmp_path: Path) -> None:
    parts = [Part(WHOLE, flat(SIZE, b"\x40")), Part(INNER, flat((4, 4), b"\x80"))]
    _, result = made.rendered(apng(SIZE, parts, color_type=0), "w=4&format=png", tmp_path)
    assert Image.open(io.BytesIO(result)).mode == "L"


def test_durations_are_exact(tmp_path: Path) -> None:
    delays = [(1, 60), (1, 0), (0, 5), (65_535, 1), (100, 3)]
    content = apng(SIZE, [Part(WHOLE, GREEN, delay=delay) for delay in delays])
    durations_s = [frame.duration_ms / 1000 for frame in made.frames_of(content, tmp_path)]
    assert durations_s == [Fraction(1, 60), Fraction(1, 100), 0, 65_535, Fraction(100, 3)]


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert content.count(old) == 1
    return content.replace(old, new)


TWO = [Part(WHOLE, GREEN), Part(INNER, RED)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(apng(SIZE, TWO, first_sequence=1), id="the sequence begins with 1"),
        pytest.param(apng(SIZE, TWO, frames=3), id="a frame is missing"),
        pytest.param(apng(SIZE, [Part(WHOLE, GREEN), Part((5, 5, 4, 4), RED)]), id="out of the canvas"),
        pytest.param(apng(SIZE, [Part(WHOLE, GREEN), Part((2**31, 0, 4, 4), RED)]), id="far out of it"),
        pytest.param(apng(SIZE, [Part(WHOLE, GREEN), Part((0, 0, 0, 4), RED)]), id="no width"),
        pytest.param(apng(SIZE, [Part(INNER, RED), *TWO]), id="the first picture is too small"),
        pytest.param(apng(SIZE, [Part(WHOLE, GREEN), Part(INNER, RED[:-5])]), id="rows are missing"),
        pytest.param(apng(SIZE, [Part(WHOLE, GREEN), Part(INNER, RED, disposal=3)]), id="disposal 3"),
        pytest.param(apng(SIZE, [Part(WHOLE, GREEN), Part(INNER, RED, blend=2)]), id="blend 2"),
        pytest.param(
            changed(apng(SIZE, TWO), b"fdAT\0\0\0\2", b"fdAT\0\0\0\3"), id="a wrong checksum of pixels"
        ),
        pytest.param(
            changed(apng(SIZE, TWO), b"fcTL\0\0\0\1", b"fcTL\0\0\0\2"), id="a wrong checksum of a control"
        ),
        pytest.param(apng(SIZE, TWO)[:-30], id="cut off"),
    ],
)
def test_a_broken_animation_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(content)
    with pytest.raises(UnprocessableImage):
        validate(path)


def test_a_text_does_not_change_the_animation(tmp_path: Path) -> None:
    """Pillow keeps texts beside its own facts, under any name that the file says."""
    texts = b"".join(chunk(b"tEXt", name + b"\0" + b"7") for name in (b"default_image", b"loop", b"duration"))
    content = apng(SIZE, TWO, palette=texts, plays=2)
    path = tmp_path / "file.png"
    path.write_bytes(content)
    assert probe(path).frames == 2
    assert find_control(io.BytesIO(content)) == AnimationControl(2, 2, has_default_image=False)
    facts, _ = made.rendered(content, "format=webp", tmp_path)
    assert facts.frames == 2


@pytest.mark.parametrize(
    "control",
    [
        pytest.param(struct.pack(">II", 0, 0), id="no frames"),
        pytest.param(struct.pack(">II", 2**31 + 1, 0), id="too many"),
        pytest.param(b"\0\0\0\2", id="cut short"),
    ],
)
def test_a_png_with_a_broken_control_is_still(control: bytes) -> None:
    content = made.png((b"acTL", control))
    assert find_control(io.BytesIO(content)) is None


def test_metadata_behind_the_frames_are_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8298] = "Copyright Ada"
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    _, result = made.rendered(apng(SIZE, TWO, late=late), "format=webp&metadata=copyright", tmp_path)
    assert b"Copyright Ada" in result


def test_broken_metadata_behind_the_frames_refuse_nothing(tmp_path: Path) -> None:
    late = chunk(b"zTXt", b"Raw profile type exif\0\0no zlib")
    facts, _ = made.rendered(apng(SIZE, TWO, late=late), "format=webp&metadata=keep", tmp_path)
    assert facts.frames == 2
