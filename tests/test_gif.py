"""GIFs, composed and timed as browsers do it. The values were compared with Chromium's."""

import io
from pathlib import Path

import pytest
from PIL import Image

from progimage.errors import ImageTooLarge, UnprocessableImage
from tests.support import images as made
from tests.support.animations import GifPart, gif, loop_count
from transforms.decoding import frame_canvas
from transforms.decoding.decode import probe, validate
from transforms.decoding.gif import read_gif_plays
from transforms.limits import Limits

SIZE = (8, 8)
WHOLE = (0, 0, 8, 8)
INNER = (2, 2, 4, 4)
CORNER = (0, 0, 3, 3)
RED, GREEN, BLUE, YELLOW = ((255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 0, 255))
NOTHING = (0, 0, 0, 0)


class TestAreaThatNoFrameCovers:
    @pytest.mark.parametrize("count", [1, 2])
    @pytest.mark.parametrize("transparent", [None, 2], ids=["no transparent index", "a transparent index"])
    @pytest.mark.parametrize("query", ["format=png", "format=webp&lossless=true", "format=gif"])
    def test_it_is_transparent(self, count: int, transparent: int | None, query: str, tmp_path: Path) -> None:
        parts = [GifPart(INNER, 1, transparent=transparent), GifPart((3, 3, 2, 2), 0)][:count]
        _, result = made.rendered(gif(SIZE, parts), query, tmp_path)
        for frame in made.frames_of(result, tmp_path):
            assert frame.image.getpixel((2, 2)) == GREEN
            assert frame.image.getpixel((0, 0))[3] == 0  # type: ignore[index]
            assert frame.image.getpixel((7, 7))[3] == 0  # type: ignore[index]

    @pytest.mark.parametrize(("box", "has_alpha"), [(INNER, True), (WHOLE, False)])
    def test_the_header_says_so(
        self, box: tuple[int, int, int, int], has_alpha: bool, tmp_path: Path
    ) -> None:
        path = tmp_path / "file.gif"
        path.write_bytes(gif(SIZE, [GifPart(box, 1)]))
        assert probe(path).has_alpha is has_alpha

    def test_a_format_without_alpha_has_white_there(self, tmp_path: Path) -> None:
        _, result = made.rendered(gif(SIZE, [GifPart(INNER, 1)]), "format=bmp", tmp_path)
        assert Image.open(io.BytesIO(result)).convert("RGB").getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("disposal", "expected"),
    [
        pytest.param(0, BLUE, id="none"),
        pytest.param(1, BLUE, id="keep"),
        pytest.param(2, NOTHING, id="clear, not to the background's colour"),
        pytest.param(3, GREEN, id="restore"),
        pytest.param(4, GREEN, id="restore, as old encoders write it"),
    ],
)
def test_disposal(disposal: int, expected: tuple[int, ...], tmp_path: Path) -> None:
    parts = [
        GifPart(WHOLE, 1),
        GifPart(INNER, 2, disposal=disposal),
        GifPart(CORNER, 3, transparent=3),
    ]
    last = made.frames_of(gif(SIZE, parts), tmp_path)[-1]
    assert last.image.getpixel((2, 2)) == last.image.getpixel((5, 5)) == expected
    assert last.image.getpixel((7, 7)) == GREEN


def test_the_first_frame_restores_nothing(tmp_path: Path) -> None:
    parts = [GifPart(WHOLE, 1, disposal=3), GifPart(INNER, 2)]
    last = made.frames_of(gif(SIZE, parts), tmp_path)[-1]
    assert (last.image.getpixel((0, 0)), last.image.getpixel((3, 3))) == (NOTHING, BLUE)


class TestOrderOfWork:
    """A frame costs its own pixels, and few passes over the canvas."""

    @pytest.mark.parametrize(
        ("parts", "looks"),
        [
            pytest.param([GifPart(WHOLE, 1)] + [GifPart(INNER, 2, transparent=3)] * 4, 1, id="opaque"),
            pytest.param([GifPart(WHOLE, 1), GifPart(INNER, 2, disposal=3)] * 2, 1, id="restored"),
            pytest.param([GifPart(WHOLE, 1), *[GifPart(INNER, 2, disposal=2)] * 3], 3, id="cleared"),
            pytest.param([GifPart(INNER, 2)] * 3, 3, id="never opaque"),
        ],
    )
    def test_the_alpha_of_an_opaque_canvas_is_looked_at_once(
        self, parts: list[GifPart], looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look = frame_canvas._has_no_hole
        looked: list[bool] = []

        def count(canvas: Image.Image) -> bool:
            looked.append(look(canvas))
            return looked[-1]

        monkeypatch.setattr(frame_canvas, "_has_no_hole", count)
        frames = made.frames_of(gif(SIZE, parts), tmp_path)
        assert len(frames) == len(parts)
        assert len(looked) == looks

    def test_pixels_without_soft_alpha_are_pasted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("Expected no composition of soft alpha")

        monkeypatch.setattr(Image.Image, "alpha_composite", refuse)
        test_each_frame_has_its_own_palette_and_transparent_index(tmp_path)


def test_each_frame_has_its_own_palette_and_transparent_index(tmp_path: Path) -> None:
    own = bytes((10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120))
    parts = [
        GifPart(WHOLE, 1),
        GifPart(INNER, [0, 1, 2, 3] * 4, palette=own, transparent=2),
        GifPart(INNER, [0, 1, 2, 3] * 4, transparent=0),
    ]
    _, second, third = made.frames_of(gif(SIZE, parts), tmp_path)
    row = [second.image.getpixel((x, 3)) for x in range(2, 6)]
    assert row == [(10, 20, 30, 255), (40, 50, 60, 255), GREEN, (100, 110, 120, 255)]
    assert [third.image.getpixel((x, 3)) for x in range(2, 6)] == [(10, 20, 30, 255), GREEN, BLUE, YELLOW]


def test_grey_stays_grey(tmp_path: Path) -> None:
    grey = bytes(level for level in (0, 80, 160, 255) for _ in range(3))
    content = gif(SIZE, [GifPart(WHOLE, 1), GifPart(INNER, 2)], palette=grey)
    _, result = made.rendered(content, "w=4&format=png", tmp_path)
    assert Image.open(io.BytesIO(result)).mode == "L"


def test_an_index_beyond_the_palette_is_black(tmp_path: Path) -> None:
    frames = made.frames_of(gif(SIZE, [GifPart(WHOLE, 1), GifPart(INNER, 200)]), tmp_path)
    assert frames[-1].image.getpixel((3, 3)) == (0, 0, 0, 255)


def test_an_interlaced_frame(tmp_path: Path) -> None:
    rows = [y % 4 for y in range(20) for _ in range(20)]
    parts = [GifPart((0, 0, 20, 20), 0), GifPart((0, 0, 20, 20), rows, is_interlaced=True)]
    last = made.frames_of(gif((20, 20), parts), tmp_path)[-1]
    assert [last.image.getpixel((5, y)) for y in range(8)] == [RED, GREEN, BLUE, YELLOW] * 2


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((6, 6, 6, 6), BLUE, id="stands out"),
        pytest.param((9, 9, 4, 4), GREEN, id="is outside"),
        pytest.param((0, 0, 12, 12), BLUE, id="is larger"),
    ],
)
def test_a_frame_beyond_the_canvas_is_cut(
    box: tuple[int, int, int, int],
    expected: tuple[int, ...],
    tmp_path: Path,
) -> None:
    parts = [GifPart(WHOLE, 1), GifPart(box, 2, disposal=2), GifPart(CORNER, 0)]
    frames = made.frames_of(gif(SIZE, parts), tmp_path)
    assert [frame.image.size for frame in frames] == [SIZE] * 3
    assert frames[1].image.getpixel((7, 7)) == expected


def test_the_canvas_holds_all_of_the_first_frame(tmp_path: Path) -> None:
    """As in browsers."""
    frames = made.frames_of(gif(SIZE, [GifPart((4, 4, 8, 8), 1), GifPart(CORNER, 2)]), tmp_path)
    assert [frame.image.size for frame in frames] == [(12, 12)] * 2


def test_frames_beyond_the_canvas_count_as_pixels(tmp_path: Path) -> None:
    path = tmp_path / "file.gif"
    path.write_bytes(gif(SIZE, [GifPart(WHOLE, 1), GifPart((0, 0, 100, 100), 2)]))
    assert validate(path, Limits(max_total_pixels=10_064)).frames == 2
    with pytest.raises(ImageTooLarge, match="10,063 pixels over all frames"):
        validate(path, Limits(max_total_pixels=10_063))


def test_a_frame_far_from_the_canvas_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.gif"
    path.write_bytes(gif(SIZE, [GifPart(WHOLE, 1), GifPart((65_535, 65_535, 4, 4), 2)]))
    with pytest.raises(ImageTooLarge, match="one reaches further"):
        validate(path)


def test_a_delay_of_0_or_1_is_100_ms(tmp_path: Path) -> None:
    parts = [GifPart(WHOLE, index % 4, delay_cs=delay) for index, delay in enumerate((0, 1, 2, 3, 65_535))]
    parts.append(GifPart(WHOLE, 2, has_control=False))
    durations_ms = [frame.duration_ms for frame in made.frames_of(gif(SIZE, parts), tmp_path)]
    assert durations_ms == [100, 100, 20, 30, 655_350, 100]


@pytest.mark.parametrize(
    ("before", "behind_first", "expected"),
    [
        pytest.param(b"", b"", 1, id="no count"),
        pytest.param(loop_count(0), b"", 0, id="for ever"),
        pytest.param(loop_count(1), b"", 2, id="one repeat"),
        pytest.param(loop_count(65_535), b"", 65_536, id="most repeats"),
        pytest.param(loop_count(4, b"ANIMEXTS1.0"), b"", 5, id="the other name"),
        pytest.param(b"", loop_count(4), 5, id="behind the first frame"),
        pytest.param(b"!\xfe\x14" + loop_count(4)[2:] + b"\0\0\0\0\0", b"", 1, id="in a comment"),
        pytest.param(b"!\xff\x0bNETSCAPE2.0\x03\x02\4\0\0", b"", 1, id="another block of that name"),
    ],
)
def test_plays(before: bytes, behind_first: bytes, expected: int) -> None:
    parts = [GifPart(WHOLE, 1), GifPart(WHOLE, 2)]
    content = gif(SIZE, parts, before=before, behind_first=behind_first)
    assert read_gif_plays(io.BytesIO(content)) == expected


@pytest.mark.parametrize("missing", [40, 80])
def test_a_gif_that_breaks_off_is_refused(missing: int, tmp_path: Path) -> None:
    rows = [(x * y) % 4 for y in range(60) for x in range(60)]
    content = gif((60, 60), [GifPart((0, 0, 60, 60), 1), GifPart((0, 0, 60, 60), rows)])
    path = tmp_path / "file.gif"
    path.write_bytes(content[:-missing])
    with pytest.raises(UnprocessableImage):
        validate(path)


def test_a_gif_without_its_end_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "file.gif"
    path.write_bytes(gif(SIZE, [GifPart(WHOLE, 1), GifPart(INNER, 2)])[:-1])
    assert validate(path).frames == 2
