"""Autocontrast and equalize, which count pixels first."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage.exposure import equalize_hist

from tests.support import images as made
from tests.support.tone_formulas import (
    ramp,
    toned,
)


class TestStatistics:
    @pytest.mark.parametrize("cutoff", [0, 1, 5.5, 30, 49])
    def test_autocontrast_is_that_of_pillow(self, cutoff: float) -> None:
        photograph = made.photograph(300, 200)
        expected = ImageOps.autocontrast(photograph, cutoff, preserve_tone=True)
        assert made.furthest(toned(f"autocontrast:{cutoff}", photograph), expected) <= 1  # it truncates

    def test_equalize_is_that_of_scikit_image(self) -> None:
        grey = made.photograph(300, 200).convert("L").convert("RGB")
        shares = equalize_hist(np.asarray(grey)[..., 0], nbins=256)  # type: ignore[no-untyped-call]
        expected = 255 * (shares - shares.min()) / (1 - shares.min())
        assert np.abs(made.pixels(toned("equalize", grey))[..., 0] - expected).max() <= 1  # it interpolates

    @pytest.mark.parametrize("name", ["autocontrast", "equalize"])
    def test_grey_stays_grey_beside_colours(self, name: str) -> None:
        image = made.picture()
        image.paste(ramp(100, 200), (0, 0))
        left = made.pixels(toned(name, image))[0, :101]
        assert np.ptp(left, axis=1).max() == 0

    @pytest.mark.parametrize("name", ["autocontrast:0", "equalize"])
    def test_hidden_pixels_do_not_count(self, name: str) -> None:
        image = Image.new("RGBA", (100, 2), "white")
        image.putalpha(0)
        image.paste(ramp(100, 199), (0, 0))
        shown = made.pixels(toned(name, image), "RGBA")[0]
        assert (shown[0].tolist(), shown[-1].tolist()) == ([0, 0, 0, 255], [255, 255, 255, 255])

    @pytest.mark.parametrize("name", ["autocontrast:0", "autocontrast:49", "equalize"])
    @pytest.mark.parametrize("color", ["#808080ff", "#ff8040ff", "#ff804000"])
    def test_one_colour_stays(self, name: str, color: str) -> None:
        flat = Image.new("RGBA", (5, 4), color)
        assert made.furthest(toned(name, flat), flat, "RGBA") == 0

    @pytest.mark.parametrize("name", ["autocontrast:0", "equalize"])
    def test_the_first_frame_decides_for_all(self, name: str, tmp_path: Path) -> None:
        frames = [ramp(100, 199), Image.new("RGB", (100, 1), "#707070"), ramp(80, 179)]
        source = made.encoded_animation("webp", frames, lossless=True)
        _, content = made.rendered(source, f"transform={name}&lossless=1", tmp_path)
        first, second, third = (made.pixels(frame.image) for frame in made.frames_of(content, tmp_path))
        assert (first[0, 0, 0], first[0, -1, 0]) == (0, 255)
        assert (second == first[0, 0x70 - 100]).all()
        assert (third[0, 20:] == first[0, :80]).all()
