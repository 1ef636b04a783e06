"""Encoding: modes, subsampling and effort, as another reader finds them in the bytes."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from progimage.operations import Output
from tests.support import images as made
from tests.support.encoding import faded, shown, write
from transforms.formats.save_options import EncodeTask, as_png
from transforms.formats.table import FORMATS, WRITABLE


@pytest.mark.parametrize("name", WRITABLE)
def test_one_channel_is_written_where_the_format_has_it(name: str, tmp_path: Path) -> None:
    content = write(made.picture().convert("L"), f"format={name}&q=95", tmp_path)
    assert (shown(content).mode == "L") is FORMATS[name].has_gray
    channels = np.moveaxis(made.pixels(content), -1, 0)
    assert np.abs(channels[0] - channels[1:]).max() <= 2  # AVIF and JPEG 2000 go by way of YCbCr


@pytest.mark.parametrize(
    ("asked", "factors"),
    [("", 2), ("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)],
    ids=["usual", "444", "422", "420"],
)
@pytest.mark.parametrize("quality", [10, 80, 100])
def test_subsampling_of_jpeg(asked: str, factors: int, quality: int, tmp_path: Path) -> None:
    query = f"format=jpeg&q={quality}" + (f"&subsampling={asked}" if asked else "")
    assert JpegImagePlugin.get_sampling(shown(write(made.picture(), query, tmp_path))) == factors


@pytest.mark.parametrize("name", ["jpeg", "avif"])
def test_full_colours_are_sharper(name: str, tmp_path: Path) -> None:
    """One pixel of red, one of blue, at the same lightness: subsampling leaves a mixture."""
    shares = made.pixels(made.checkerboard(64, 64))[..., :1] / 255
    image = Image.fromarray((shares * (200, 0, 0) + (1 - shares) * (0, 0, 255)).astype(np.uint8))
    errors = [
        made.psnr(write(image, f"format={name}&q=95&subsampling={each}", tmp_path), image)
        for each in ("4:2:0", "4:2:2", "4:4:4")
    ]
    assert errors[2] > errors[1] + 10
    assert errors[1] >= errors[0] - 0.5


class TestEffort:
    @pytest.mark.parametrize(("name", "most"), [("png", 10), ("webp", 10), ("avif", 5)])
    def test_more_makes_fewer_bytes_of_the_same_picture(self, name: str, most: int, tmp_path: Path) -> None:
        """AVIF's last steps take seconds, and add quality rather."""
        image = made.photograph(640, 480).resize((160, 120))
        image = image.quantize(16).convert("RGB") if name == "png" else image
        few, many = (write(image, f"format={name}&effort={effort}", tmp_path) for effort in (most, 1))
        assert len(few) < 0.98 * len(many)
        assert made.psnr(few, image) > made.psnr(many, image) - 0.2

    def test_of_lossless_webp_keeps_every_pixel(self, tmp_path: Path) -> None:
        for effort in (1, 10):
            content = write(made.translucent(), f"format=webp&lossless=1&effort={effort}", tmp_path)
            assert made.furthest(content, made.translucent(), "RGBA") == 0

    @pytest.mark.parametrize(
        ("image", "is_run"),
        [
            pytest.param(made.photograph(640, 480), True, id="photograph"),
            pytest.param(made.checkerboard(64, 64, cell=5).resize((640, 480)), False, id="pattern"),
        ],
    )
    def test_png_of_photographs_looks_for_runs_alone(self, image: Image.Image, is_run: bool) -> None:
        """The rest of zlib's search takes five times as long and finds next to nothing."""
        options = as_png(EncodeTask(Output(format="png"), [image], image.width * image.height, 1))
        assert (options["compress_type"] == zlib.Z_RLE) is is_run


@pytest.mark.parametrize(
    "query",
    [
        *(f"format=png&colors={colors}&dither={dither}" for colors in (5, 256) for dither in (0, 1)),
        *(f"format={name}&effort={effort}" for name in ("png", "webp", "avif") for effort in (1, 10)),
        *(f"format={name}&max_bytes=900" for name in ("jpeg", "webp", "avif", "jp2")),
    ],
)
def test_the_same_bytes_come_twice(query: str, tmp_path: Path) -> None:
    one, other = (write(faded(), query, tmp_path) for _ in range(2))
    assert one == other
