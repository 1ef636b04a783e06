"""The pipeline: every step on an image whose pixels are known."""

import hashlib
import io
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from progimage.errors import ImageTooLarge, UnprocessableImage
from progimage.operations import Output, Resize
from progimage.transform import Transform
from tests.support import images as made
from transforms.engine import MAX_CONTENT_BYTES, Rendered, render_file
from transforms.formats.table import FORMATS, WRITABLE
from transforms.geometry import Size
from transforms.limits import Limits
from transforms.planning.plan import check_sizes
from transforms.planning.resolve import resolve

SMALL = "w=30&h=20&format=png"


def test_the_result_is_described(tmp_path: Path) -> None:
    facts, content = made.rendered(made.encoded("png"), "w=60&format=webp", tmp_path)
    assert facts == Rendered(
        format="webp",
        media_type="image/webp",
        width=60,
        height=40,
        frames=1,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def test_only_a_small_result_comes_with_its_bytes(tmp_path: Path) -> None:
    """The way through a pipe costs more than to read a large file again."""
    noise = Image.effect_noise((400, 300), 80)
    facts, content = made.rendered(made.encoded("png", noise), "format=bmp", tmp_path)
    assert len(content) > MAX_CONTENT_BYTES
    assert facts.content is None
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", made.READABLE)
def test_the_same_bytes_come_twice(name: str, tmp_path: Path) -> None:
    for written in WRITABLE:
        one, other = (
            made.rendered(made.encoded(name), f"w=50&format={written}", tmp_path)[1] for _ in range(2)
        )
        assert one == other, written


class TestResize:
    def test_a_flat_image_stays_flat(self, tmp_path: Path) -> None:
        _, content = made.rendered(made.encoded_flat("png", 97, 61), SMALL, tmp_path)
        assert made.furthest(content, Image.new("RGB", (30, 19), "#336699")) == 0

    def test_a_checkerboard_becomes_grey(self, tmp_path: Path) -> None:
        _, content = made.rendered(made.encoded("png", made.checkerboard(64, 64)), "w=8&format=png", tmp_path)
        assert np.abs(made.pixels(content) - 127.5).max() <= 2

    def test_hidden_colours_do_not_bleed(self, tmp_path: Path) -> None:
        """Below the transparent half lies red; no visible pixel may have taken any of it."""
        _, content = made.rendered(made.encoded("png", made.translucent()), SMALL, tmp_path)
        shown = made.pixels(content, "RGBA")
        visible = shown[shown[..., 3] > 16]
        assert np.abs(visible[:, 2] - 64).max() <= 6  # divided by a small alpha, 8 bits leave a few steps

    def test_contain_pads_with_nothing(self, tmp_path: Path) -> None:
        query = "w=40&h=40&fit=contain&format=png"
        alpha = made.pixels(made.rendered(made.encoded("png"), query, tmp_path)[1], "RGBA")[..., 3]
        assert alpha.shape == (40, 40)
        assert (alpha[:6] == 0).all()
        assert (alpha[7:33] == 255).all()

    def test_contain_pads_with_the_background(self, tmp_path: Path) -> None:
        query = "w=40&h=40&fit=contain&background=00ff00&format=png"
        image = Image.open(io.BytesIO(made.rendered(made.encoded("png"), query, tmp_path)[1]))
        assert (image.mode, image.getpixel((0, 0))) == ("RGB", (0, 255, 0))

    def test_operations_run_in_the_order_written(self, tmp_path: Path) -> None:
        text = "transform=resize:width=20,height=20,fit=fill/resize:width=40,enlarge=1"
        facts, content = made.rendered(
            made.encoded("png", made.checkerboard(80, 80)), f"{text}&format=png", tmp_path
        )
        assert (facts.width, facts.height) == (40, 40)
        assert made.pixels(content).std() < 3  # the first of them has made it grey

    @pytest.mark.parametrize(
        "query",
        [
            "w=300",
            "w=125",
            "w=100&h=100&fit=cover&gravity=northwest",
            "w=97&h=61&fit=cover",
            "w=60&h=200&fit=fill",
        ],
    )
    def test_a_scaled_decode_loses_next_to_nothing(self, query: str, tmp_path: Path) -> None:
        """Within 0.5 dB of decoding all, against the image from which the JPEG was made."""
        photograph = made.photograph()
        jpeg = made.encoded("jpeg", photograph, quality=90)
        lossless = made.encoded("png", Image.open(io.BytesIO(jpeg)))
        truth, scaled, full = (
            made.rendered(content, f"{query}&format=png", tmp_path)[1]
            for content in (made.encoded("png", photograph), jpeg, lossless)
        )
        assert made.psnr(scaled, truth) > min(made.psnr(full, truth), 38) - 0.5


class TestSizes:
    @pytest.mark.parametrize(
        ("operations", "output", "largest"),
        [
            pytest.param(
                (Resize(width=9_000, height=90, fit="fill", enlarge=True),), {}, "8192 x 81", id="side"
            ),
            pytest.param(
                (Resize(width=16_383, height=16_383, fit="fill", enlarge=True),),
                {},
                "5000 x 5000",
                id="pixels",
            ),
            pytest.param((Resize(width=9_000, enlarge=True), Resize(width=10)), {}, "6123", id="on the way"),
            pytest.param((Resize(width=6_000, enlarge=True),), {"format": "jp2"}, "4898 x 3265", id="jp2"),
        ],
    )
    def test_a_result_that_is_too_large_is_refused_and_the_largest_named(
        self, operations: tuple[Resize, ...], output: dict[str, object], largest: str, tmp_path: Path
    ) -> None:
        source = tmp_path / "source"
        source.write_bytes(made.encoded("png"))
        transform = resolve(Transform(operations, Output.from_dict(output)), "png")
        with pytest.raises(ImageTooLarge, match=largest):
            render_file(source, transform, tmp_path / "target")
        assert not (tmp_path / "target").exists()

    def test_the_largest_that_is_named_is_taken(self) -> None:
        transform = resolve(Transform((Resize(width=4898, enlarge=True),), Output(format="jp2")), "png")
        check_sizes(Size(120, 80), transform, FORMATS["jp2"], 1, Limits())

    def test_an_icon_shrinks_to_256_px(self, tmp_path: Path) -> None:
        facts, content = made.rendered(made.encoded("png", made.picture(600, 400)), "format=ico", tmp_path)
        assert (facts.width, facts.height) == (256, 171) == Image.open(io.BytesIO(content)).size

    def test_every_frame_counts(self, tmp_path: Path) -> None:
        frames = [Image.new("RGB", (100, 100), (n, 0, 0)) for n in range(0, 200, 20)]
        source = made.encoded_animation("webp", frames, durations_ms=[10] * 10)
        with pytest.raises(ImageTooLarge, match="10 frames"):
            made.rendered(source, "w=1600&enlarge=1&format=avif", tmp_path)


def test_an_encoder_that_gives_up_is_an_error_of_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("encoder error -2 when writing image file")

    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(made.encoded_flat("bmp", 1, 1))
    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(UnprocessableImage):
        render_file(source, resolve(Transform(), "bmp"), target)


def test_a_full_disk_is_not_the_images_fault(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(made.encoded("png"))
    with pytest.raises(OSError, match="No space left"):
        render_file(source, resolve(Transform(), "png"), Path("/dev/full"))


def test_what_is_known_of_a_result_is_plain(tmp_path: Path) -> None:
    """It crosses a pipe: no field holds more than a number, a text or some bytes."""
    facts, _ = made.rendered(made.encoded("png"), "", tmp_path)
    assert all(isinstance(getattr(facts, field.name), int | str | bytes) for field in fields(facts))
