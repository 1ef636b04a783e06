"""Single steps of the pipeline, on images whose pixels are known."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import images as made
from transforms.formats.table import WRITABLE


class TestAlpha:
    @pytest.mark.parametrize("name", ["jpeg", "bmp"])
    def test_becomes_white_where_the_format_has_none(self, name: str, tmp_path: Path) -> None:
        _, content = made.rendered(made.encoded("png", made.translucent()), f"format={name}&q=95", tmp_path)
        assert made.pixels(content)[:, :50].min() >= 250

    @pytest.mark.parametrize("name", WRITABLE)
    def test_becomes_the_background_in_every_format(self, name: str, tmp_path: Path) -> None:
        source = made.encoded("png", made.translucent())
        _, content = made.rendered(source, f"format={name}&background=rgb(0,128,255)&q=95", tmp_path)
        assert not Image.open(io.BytesIO(content)).has_transparency_data or name == "ico"
        assert np.abs(made.pixels(content)[10:-10, 5:40] - (0, 128, 255)).max() <= 8

    @pytest.mark.parametrize("name", ["png", "webp", "avif", "tiff", "ico", "jp2", "gif"])
    def test_is_kept_where_the_format_has_it(self, name: str, tmp_path: Path) -> None:
        _, content = made.rendered(made.encoded("png", made.translucent()), f"format={name}", tmp_path)
        alpha = made.pixels(content, "RGBA")[..., 3]
        assert alpha[:, :55].max() <= 8  # AVIF and JPEG 2000 are lossy in alpha too
        assert alpha[:, 65:].min() >= 247

    def test_a_background_may_be_translucent(self, tmp_path: Path) -> None:
        source = made.encoded("png", made.translucent())
        _, content = made.rendered(source, "format=png&background=00ff0080", tmp_path)
        assert tuple(made.pixels(content, "RGBA")[0, 0]) == (0, 255, 0, 128)

    def test_that_hides_nothing_is_left_out(self, tmp_path: Path) -> None:
        opaque = made.encoded("png", made.picture().convert("RGBA"))
        assert Image.open(io.BytesIO(made.rendered(opaque, "format=png", tmp_path)[1])).mode == "RGB"
