"""Animations as they are written: their frames, times and plays, between all formats that have them."""

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from progimage.operations import Output
from tests.support import images as made
from tests.support.animations import OVER, Part, apng, flat
from transforms.containers.boxes import find_places
from transforms.decoding.decode import opened
from transforms.decoding.frames import Frame
from transforms.decoding.header import read_plays
from transforms.encoding.encode import Content, encode
from transforms.formats.metadata import Metadata
from transforms.formats.table import FORMATS
from transforms.limits import DEFAULT_LIMITS

SIXTIETH = Fraction(1_000, 60)
OUTPUTS = {
    "gif": Output(colors=256),
    "webp": Output(lossless=True),
    "png": Output(),
    "avif": Output(quality=60, subsampling="4:2:0"),
}
MAX_PLAYS = {"gif": 65_536, "webp": 65_535, "png": 2**31 - 1, "avif": 2**31 - 1}
COLORS = ("red", "lime", "blue", "white", "black", "yellow", "cyan", "magenta", "gray", "navy")


def written(
    name: str,
    durations_ms: list[Fraction],
    *,
    images: list[Image.Image] | None = None,
    plays: int = 0,
    output: Output | None = None,
) -> bytes:
    images = images or [Image.new("RGB", (8, 8), COLORS[index % 10]) for index in range(len(durations_ms))]
    frames = [Frame(*frame) for frame in zip(images, durations_ms, strict=True)]
    return encode(
        Content(frames, plays, Metadata(), "RGB", is_filtered=False),
        output or OUTPUTS[name],
        FORMATS[name],
    )


def durations(content: bytes, tmp_path: Path) -> list[Fraction]:
    return [frame.duration_ms for frame in made.frames_of(content, tmp_path)]


def plays_of(content: bytes, tmp_path: Path) -> int:
    path = tmp_path / "plays"
    path.write_bytes(content)
    with opened(path, DEFAULT_LIMITS) as (image, header):
        return read_plays(image, FORMATS[header.format])


def sixty_a_second(plays: int = 0) -> bytes:
    """An animated PNG of 10 frames of 1/60 s."""
    parts = [
        Part((0, 0, 8, 8), flat((8, 8), bytes((20 * index, 0, 0, 255))), delay=(1, 60)) for index in range(10)
    ]
    return apng((8, 8), parts, plays=plays)


class TestDurations:
    @pytest.mark.parametrize(
        ("name", "total_ms"),
        [("webp", 167), ("avif", 167), ("png", 10 * SIXTIETH), ("gif", 200)],
    )
    def test_ten_frames_of_a_sixtieth(self, name: str, total_ms: Fraction, tmp_path: Path) -> None:
        """In GIF they are the shortest that browsers play as they are."""
        query = f"format={name}" + ("&lossless=true" if name == "webp" else "")
        _, result = made.rendered(sixty_a_second(), query, tmp_path)
        assert sum(durations(result, tmp_path)) == total_ms

    def test_an_operation_changes_no_time(self, tmp_path: Path) -> None:
        _, result = made.rendered(sixty_a_second(), "w=4&format=png", tmp_path)
        assert durations(result, tmp_path) == [SIXTIETH] * 10

    def test_a_gif_alternates(self, tmp_path: Path) -> None:
        result = written("gif", [Fraction(100, 3)] * 10)
        assert set(durations(result, tmp_path)) == {30, 40}
        assert sum(durations(result, tmp_path)) == 330

    @pytest.mark.parametrize("name", made.ANIMATED)
    def test_equal_neighbours_last_as_long_together(self, name: str, tmp_path: Path) -> None:
        images = [Image.new("RGB", (8, 8), color) for color in ("red", "red", "red", "blue", "blue", "red")]
        result = written(name, [SIXTIETH] * 6, images=images)
        assert sum(durations(result, tmp_path)) == pytest.approx(100, abs=5 if name == "gif" else 0)

    @pytest.mark.parametrize("name", made.ANIMATED)
    def test_equal_frames_alone(self, name: str, tmp_path: Path) -> None:
        images = [Image.new("RGB", (8, 8), "red")] * 3
        assert made.frames_of(written(name, [SIXTIETH] * 3, images=images), tmp_path)

    @pytest.mark.parametrize(
        ("name", "expected_ms"),
        [("png", 65_537), ("webp", 65_537), ("avif", 65_537), ("gif", 65_540)],
    )
    def test_a_frame_of_65_537_ms(self, name: str, expected_ms: int, tmp_path: Path) -> None:
        """65,537 / 1,000 does not fit into the 16 bits of an animated PNG: 2 us are missing."""
        result = written(name, [Fraction(65_537), Fraction(100)])
        assert durations(result, tmp_path) == [pytest.approx(expected_ms, abs=0.002), 100]

    @pytest.mark.parametrize(
        ("name", "longest_ms"),
        [("png", 65_535_000), ("webp", 2**24 - 1), ("gif", 655_350), ("avif", 10**8)],
    )
    def test_the_longest_frame(self, name: str, longest_ms: int, tmp_path: Path) -> None:
        result = written(name, [Fraction(10**8), Fraction(100)])
        assert durations(result, tmp_path) == [longest_ms, 100]

    @pytest.mark.parametrize("name", made.ANIMATED)
    def test_200_of_the_longest_frames(self, name: str, tmp_path: Path) -> None:
        result = written(name, [Fraction(65_535_000)] * 200, plays=3)
        assert len(durations(result, tmp_path)) == 200
        assert plays_of(result, tmp_path) == 3

    @pytest.mark.parametrize("name", made.ANIMATED)
    def test_long_equal_neighbours(self, name: str, tmp_path: Path) -> None:
        images = [Image.new("RGB", (8, 8), color) for color in ("red", "red", "blue")]
        durations_ms = [Fraction(400_000), Fraction(400_000), Fraction(100)]
        result = written(name, durations_ms, images=images)
        assert sum(durations(result, tmp_path)) == (655_450 if name == "gif" else 800_100)

    @pytest.mark.parametrize("name", made.ANIMATED)
    @pytest.mark.parametrize("plays", [0, 1])
    def test_frames_of_no_time(self, name: str, plays: int, tmp_path: Path) -> None:
        result = written(name, [Fraction(0)] * 3, plays=plays)
        expected_ms = {"gif": 20, "avif": 1}.get(name, 0)
        assert durations(result, tmp_path) == [expected_ms] * 3
        assert plays_of(result, tmp_path) == plays


class TestPlays:
    @pytest.mark.parametrize("read", made.ANIMATED)
    @pytest.mark.parametrize("name", made.ANIMATED)
    def test_between_all_formats(self, read: str, name: str, tmp_path: Path) -> None:
        for plays in (0, 1, 2, 3):
            source = written(read, [Fraction(100)] * 2, plays=plays)
            _, result = made.rendered(source, f"format={name}", tmp_path)
            assert plays_of(result, tmp_path) == plays

    @pytest.mark.parametrize("name", made.ANIMATED)
    @pytest.mark.parametrize("plays", [65_535, 65_536, 65_537, 2**31 - 1, 2**32 - 1])
    def test_more_than_a_format_can_count(self, name: str, plays: int, tmp_path: Path) -> None:
        _, result = made.rendered(sixty_a_second(plays), f"w=4&format={name}", tmp_path)
        assert plays_of(result, tmp_path) == min(plays, MAX_PLAYS[name])


def test_an_animated_avif_holds_no_clock(tmp_path: Path) -> None:
    """So that it has the same bytes each time. The times of creation and modification stand first."""
    images = [made.translucent(40, 30), made.picture(40, 30)]
    content = written("avif", [Fraction(100)] * 2, images=images)
    headers = [
        box
        for path in ([b"mvhd"], [b"trak", b"tkhd"], [b"trak", b"mdia", b"mdhd"])
        for box in find_places(content, b"moov", *path)
    ]
    assert len(headers) == 5
    assert {content[box.body + 4 : box.body + 20] for box in headers} == {bytes(16)}


def random_frames(random: Random, *, has_alpha: bool, is_soft: bool) -> list[Image.Image]:
    """Rectangles on canvases that are transparent or flat. Some frames are like the one before."""
    frames: list[Image.Image] = []
    for _ in range(6):
        if frames and random.random() < 0.3:
            frames.append(frames[-1].copy())
            continue
        canvas = Image.new("RGBA", (24, 18), (0, 0, 0, 0) if has_alpha else (10, 20, 30, 255))
        for _ in range(random.randint(0, 3)):
            left, top = random.randrange(20), random.randrange(14)
            color = random.choice([(0, 0, 0), (255, 255, 255), (255, 0, 0), (1, 1, 1)])
            alpha = random.choice([0, 100, 255]) if is_soft else 255
            box = (left, top, left + random.randint(1, 9), top + random.randint(1, 9))
            canvas.paste((*color, alpha), box)
        frames.append(canvas)
    return frames


@pytest.mark.parametrize("has_alpha", [True, False], ids=["alpha", "opaque"])
@pytest.mark.parametrize(
    ("name", "output", "is_soft"),
    [
        ("gif", Output(colors=256), False),
        ("gif", Output(colors=16), False),
        ("webp", Output(lossless=True), True),
        ("png", Output(), True),
        ("png", Output(colors=64), True),
    ],
)
def test_every_frame_is_shown_at_its_time(
    name: str,
    output: Output,
    is_soft: bool,
    has_alpha: bool,
    tmp_path: Path,
) -> None:
    """Encoders store differences and join frames. Few colours are written without loss."""
    random = Random(f"{name} {output.colors} {has_alpha}")
    for _ in range(10):
        images = random_frames(random, has_alpha=has_alpha, is_soft=is_soft)
        durations_ms = [Fraction(10 * random.randint(2, 30)) for _ in images]
        result = written(name, durations_ms, images=images, output=output)
        frames = made.frames_of(result, tmp_path)
        if len(frames) == 1:
            # a still has no time
            frames = [frames[0]._replace(duration_ms=sum(durations_ms, Fraction(0)))]
        shown = by_time([Frame(*frame) for frame in frames])
        expected = by_time([Frame(*frame) for frame in zip(images, durations_ms, strict=True)])
        for image, expected_image in zip(shown, expected, strict=True):
            assert made.furthest(premultiplied(image), premultiplied(expected_image), "RGBA") <= 1


def test_opaque_black_at_the_edge_of_a_transparent_gif(tmp_path: Path) -> None:
    """Pillow takes it for the transparent entry, whose colour is black, and cuts it off."""
    dot = Image.new("RGBA", (24, 18), (0, 0, 0, 0))
    dot.paste((255, 0, 0, 255), (10, 5, 14, 9))
    band = Image.new("RGBA", (24, 18), (0, 0, 0, 0))
    band.paste((0, 0, 0, 255), (0, 0, 6, 18))
    result = written("gif", [Fraction(100)] * 2, images=[dot, band])
    last = made.frames_of(result, tmp_path)[-1]
    assert last.image.getpixel((2, 2)) == (0, 0, 0, 255)
    assert last.image.getpixel((12, 7))[3] == 0  # type: ignore[index]


def by_time(frames: list[Frame]) -> list[Image.Image]:
    """Return the frame that is shown at each hundredth of a second."""
    return [frame.image for frame in frames for _ in range(int(frame.duration_ms / 10))]


def premultiplied(image: Image.Image) -> Image.Image:
    """Return an image whose transparent pixels are alike."""
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    black.alpha_composite(image)
    black.putalpha(image.getchannel("A"))
    return black


def test_a_soft_frame_keeps_its_alpha_in_webp(tmp_path: Path) -> None:
    parts = [
        Part((0, 0, 8, 8), flat((8, 8), b"\0\xff\0\xff")),
        Part((2, 2, 4, 4), flat((4, 4), b"\0\0\xff\x80"), blend=OVER),
    ]
    _, result = made.rendered(apng((8, 8), parts), "format=webp&lossless=true", tmp_path)
    last = made.frames_of(result, tmp_path)[-1]
    assert last.image.getpixel((3, 3)) == (0, 127, 128, 255)
