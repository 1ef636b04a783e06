"""Enlargement: Pillow's own to a level, and exact where nothing changes."""

import numpy as np
import pytest
from PIL import Image

from tests.support import images as made
from tests.support.canvases import array
from tests.support.filtering import white_noise
from transforms.geometry import Size
from transforms.render import enlarging
from transforms.render.enlarging import enlarged

SCALES = [2, 4, 8]


def source(mode: str) -> Image.Image:
    """Return an image with a margin of 3 px, larger than a strip."""
    if mode == "RGBa":
        image = white_noise(40, 150)
        image.putalpha(made.photograph(40, 150).getchannel("G"))
        return image.convert("RGBa")
    return white_noise(40, 150).convert(mode)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBa"])
@pytest.mark.parametrize("cut", [0, 1, 3])
@pytest.mark.parametrize("scale", SCALES)
def test_is_pillows_bilinear_resize(scale: int, cut: int, mode: str) -> None:
    """It rounds halves up, which makes the image brighter by up to an eighth of a level. Two shares do not."""
    image = source(mode)
    size = Size(34 * scale - cut % scale, 144 * scale - cut % scale)
    box = (3, 3, 3 + size.width / scale, 3 + size.height / scale)
    expected = image.resize(size, Image.Resampling.BILINEAR, box=box)
    shown = enlarged(image, size, scale=scale, margin=3)
    assert (shown.mode, shown.size) == (mode, size)
    difference = pixels(shown) - pixels(expected)
    assert np.abs(difference).max() <= 1
    assert difference.mean() == pytest.approx(-0.25 / scale, abs=0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_every_level_stays_flat(scale: int) -> None:
    for level in range(256):
        flat = Image.new("L", (5, 6), level)
        assert (array(enlarged(flat, Size(3 * scale, 4 * scale), scale=scale, margin=1)) == level).all()


@pytest.mark.parametrize("scale", SCALES)
def test_weighted_colours_stay_below_their_alpha(scale: int) -> None:
    shown = pixels(enlarged(source("RGBa"), Size(34 * scale, 144 * scale), scale=scale, margin=3))
    assert (shown[..., :3] <= shown[..., 3:]).all()


def test_strips_have_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = array(enlarged(source("RGB"), Size(136, 575), scale=4, margin=3))
    monkeypatch.setattr(enlarging, "_STRIP_ROWS", 5)
    assert (array(enlarged(source("RGB"), Size(136, 575), scale=4, margin=3)) == expected).all()


def pixels(image: Image.Image) -> np.ndarray:
    bands = [np.asarray(band).astype(int) for band in image.split()]
    return np.stack(bands, axis=-1)
