"""Every pair of input and output format: the right format, the right size, the right colours."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support import images as made
from transforms.decoding.decode import probe
from transforms.formats.table import FORMATS, WRITABLE

LOSS = {
    "jpeg": 14,  # quality 80 with colours at half the resolution, on a ramp
    "webp": 14,  # the same at 79
    "avif": 10,  # quality 60
    "gif": 32,  # 256 colours for a ramp of 9,600
    "jp2": 24,  # 40 dB is a mean error of 2.5, and more in the corners of a ramp
    "heic": 10,  # how the stored example was made
}
"""By how much a channel of a pixel may differ once a format has been read or written; 0 for all others."""


@pytest.mark.parametrize("written", WRITABLE)
@pytest.mark.parametrize("read", made.READABLE)
def test_every_pair_of_formats(read: str, written: str, tmp_path: Path) -> None:
    facts, content = made.rendered(made.encoded(read), f"format={written}", tmp_path)
    result = Image.open(io.BytesIO(content))
    assert (facts.format, facts.width, facts.height) == (written, made.WIDTH, made.HEIGHT)
    assert (result.format, result.size) == (FORMATS[written].pillow, (made.WIDTH, made.HEIGHT))
    assert probe(tmp_path / "target").format == written
    assert made.furthest(result, made.picture()) <= LOSS.get(read, 0) + LOSS.get(written, 0)


@pytest.mark.parametrize("written", WRITABLE)
@pytest.mark.parametrize("read", made.READABLE)
def test_every_pair_of_formats_resized(read: str, written: str, tmp_path: Path) -> None:
    facts, content = made.rendered(made.encoded(read), f"w=30&format={written}", tmp_path)
    small = made.picture().resize((30, 20), Image.Resampling.LANCZOS)
    assert (facts.width, facts.height) == Image.open(io.BytesIO(content)).size == (30, 20)
    assert made.psnr(content, small) > 27  # the loss of 256 colours; the others have more than 32


@pytest.mark.parametrize("name", ["png", "tiff", "bmp", "ico"])
def test_what_is_never_lossy_keeps_every_pixel(name: str, tmp_path: Path) -> None:
    photograph = made.photograph(150, 100)
    _, content = made.rendered(made.encoded("png", photograph), f"format={name}", tmp_path)
    assert made.furthest(content, photograph) == 0


@pytest.mark.parametrize("name", ["webp", "jp2"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_lossless_keeps_every_pixel(name: str, mode: str, tmp_path: Path) -> None:
    image = made.photograph(150, 100).convert(mode)
    image.putpixel((3, 3), (1, 2, 3, 0)[: len(mode)])
    _, content = made.rendered(made.encoded("png", image), f"format={name}&lossless=1", tmp_path)
    assert made.furthest(content, image, mode) == 0


@pytest.mark.parametrize("count", [2, 255, 256])
def test_a_gif_of_few_colours_is_exact(count: int, tmp_path: Path) -> None:
    random = np.random.default_rng(count)
    colors = random.integers(0, 256, (count, 3), dtype=np.uint8)
    image = Image.fromarray(colors[random.integers(0, count, (60, 60))])
    _, content = made.rendered(made.encoded("png", image), "format=gif", tmp_path)
    assert made.furthest(content, image) == 0


@pytest.mark.parametrize(
    ("name", "low", "high"), [(name, 20, 90) for name in ("jpeg", "webp", "avif", "jp2")]
)
def test_quality_is_bytes(name: str, low: int, high: int, tmp_path: Path) -> None:
    source = made.encoded("png", made.photograph(300, 200))
    few, many = (made.rendered(source, f"format={name}&q={q}", tmp_path)[1] for q in (low, high))
    assert len(few) < len(many)
    assert made.psnr(few, made.photograph(300, 200)) < made.psnr(many, made.photograph(300, 200))


def test_a_progressive_jpeg_is_one(tmp_path: Path) -> None:
    for query, is_progressive in (("", False), ("&progressive=1", True)):
        _, content = made.rendered(made.encoded("png"), f"format=jpeg{query}", tmp_path)
        assert bool(Image.open(io.BytesIO(content)).info.get("progressive")) is is_progressive


def _moving(count: int = 4) -> list[Image.Image]:
    """A yellow square of 10 px that walks over a transparent canvas, leaving nothing behind."""
    frames = [Image.new("RGBA", (40, 30), (0, 0, 0, 0)) for _ in range(count)]
    for index, frame in enumerate(frames):
        frame.paste("#ffff00", (index * 10, 10, index * 10 + 10, 20))
    return frames


class TestAnimation:
    @pytest.mark.parametrize("written", made.ANIMATED)
    @pytest.mark.parametrize("read", made.ANIMATED)
    def test_every_pair_keeps_frames_and_durations(self, read: str, written: str, tmp_path: Path) -> None:
        facts, content = made.rendered(made.encoded_animation(read), f"format={written}", tmp_path)
        frames = made.frames_of(content, tmp_path)
        assert (facts.frames, facts.width, facts.height) == (3, 40, 30)
        assert [frame.duration_ms for frame in frames] == [100, 200, 300]
        for frame, color in zip(frames, ("#ff0000", "#00ff00", "#0000ff"), strict=True):
            flat = Image.new("RGB", (40, 30), color)
            assert made.furthest(frame.image, flat) <= 12  # two lossy codecs, one after the other

    @pytest.mark.parametrize("written", made.ANIMATED)
    @pytest.mark.parametrize("read", ["gif", "webp", "png"])
    @pytest.mark.parametrize("query", ["", "&w=20"], ids=["as it is", "resized"])
    def test_a_frame_leaves_nothing_behind(self, read: str, written: str, query: str, tmp_path: Path) -> None:
        options: dict[str, Any] = (
            {"disposal": 2} if read == "gif" else {"disposal": 1, "blend": 0} if read == "png" else {}
        )
        source = made.encoded_animation(read, _moving(), durations_ms=[50] * 4, **options)
        _, content = made.rendered(source, f"format={written}{query}", tmp_path)
        frames = [
            frame.image.resize((40, 30), Image.Resampling.BOX) for frame in made.frames_of(content, tmp_path)
        ]
        assert len(frames) == 4
        for shown, expected in zip(frames, _moving(), strict=True):
            wrong = np.abs(made.pixels(shown, "RGBA")[..., 3] - made.pixels(expected, "RGBA")[..., 3]) > 128
            assert wrong.mean() < 0.02

    @pytest.mark.parametrize("plays", [0, 1, 3])
    @pytest.mark.parametrize("read", ["gif", "webp", "png"])
    @pytest.mark.parametrize("written", ["gif", "webp", "png"])
    def test_it_plays_as_often(self, read: str, written: str, plays: int, tmp_path: Path) -> None:
        """GIF counts the repeats after the first time, and has no count for playing once."""
        loop: dict[str, Any] = {"loop": max(0, plays - 1) if read == "gif" else plays}
        source = made.encoded_animation(read, **({} if (read, plays) == ("gif", 1) else loop))
        _, content = made.rendered(source, f"format={written}", tmp_path)
        left = Image.open(io.BytesIO(content)).info.get("loop")
        assert left == ({0: 0, 1: None, 3: 2}[plays] if written == "gif" else plays)

    @pytest.mark.parametrize("written", [name for name in WRITABLE if name not in made.ANIMATED])
    def test_other_formats_have_its_first_frame(self, written: str, tmp_path: Path) -> None:
        facts, content = made.rendered(made.encoded_animation("gif"), f"format={written}", tmp_path)
        assert facts.frames == 1
        assert made.furthest(content, Image.new("RGB", (40, 30), "#ff0000")) <= 6  # JPEG and JPEG 2000

    @pytest.mark.parametrize("written", made.ANIMATED)
    def test_a_background_lies_below_every_frame(self, written: str, tmp_path: Path) -> None:
        source = made.encoded_animation("webp", _moving(), durations_ms=[50] * 4, lossless=True)
        _, content = made.rendered(source, f"format={written}&background=blue&q=90", tmp_path)
        for frame in made.frames_of(content, tmp_path):
            assert made.pixels(frame.image, "RGBA")[..., 3].min() == 255
            assert np.abs(made.pixels(frame.image)[2, 2] - (0, 0, 255)).max() <= 12

    def test_a_frame_that_stands_out_of_the_canvas_is_cut(self, tmp_path: Path) -> None:
        gif = made.encoded_animation(
            "gif", [Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")]
        )
        smaller = gif[:6] + b"\x0a\0\x0a\0" + gif[10:]
        facts, _ = made.rendered(smaller, "format=webp", tmp_path)
        assert facts.frames == 2
