"""The Gaussian, and pixels beyond the edges of an image."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy import ndimage

from tests.support import images as made
from tests.support.corpus import CORPUS
from tests.support.filtering import Pixels, filtered, paint, shown, step, white_noise, white_pixel
from transforms.render.neighbourhood import mirrored


def gaussian(image: Image.Image, sigma: float) -> Pixels:
    result: Pixels = ndimage.gaussian_filter(shown(image), (sigma, sigma, 0), mode="reflect", truncate=6)
    return result


class TestBlur:
    # Below 1 px exact weights are cut at 5 x 5; from 1 px on three boxes stand for the Gaussian; from 2.5 px on
    # all is done on a smaller image, from which a little of the finest noise comes through. Photographs are off
    # by what is rounded at each pass.
    @pytest.mark.parametrize(
        ("sigma", "photograph", "steep", "noise"),
        [(0.3, 0.6, 0.6, 0.6), (0.5, 0.6, 0.6, 0.7), (0.75, 0.6, 0.6, 0.7), (0.95, 1.2, 0.9, 2), (1, 2.5, 1.8, 3.8),
         (1.5, 2.4, 2.6, 4.8), (2.4, 2.5, 2.8, 3.5), (2.5, 3.2, 2.5, 8.5), (4, 3, 1.9, 4.2), (5, 3.2, 5, 5),
         (10, 3.2, 2.5, 2.2), (16, 3, 2.2, 2.2), (40, 3.6, 3.3, 1.1), (100, 2.6, 3.3, 0.7)],
    )  # fmt: skip
    def test_is_a_gaussian(self, sigma: float, photograph: float, steep: float, noise: float) -> None:
        for image, tolerance in (
            (made.photograph(301, 217), photograph),
            (step(), steep),
            (white_noise(), noise),
            (white_pixel(), 2.2),
        ):
            error = filtered(f"blur:sigma={sigma}", image) - gaussian(image, sigma)
            assert np.abs(error).max() <= tolerance
            assert abs(error.mean()) <= 0.6  # no brighter or darker by the roundings on the way

    @pytest.mark.parametrize("size", [(1, 1), (1, 90), (3, 2), (16, 8), (17, 33)], ids=str)
    @pytest.mark.parametrize("sigma", [0.7, 1.5, 3, 7, 100])
    def test_takes_any_size(self, size: tuple[int, int], sigma: float) -> None:
        """Far more is mirrored than there is. White noise at 3 px is the worst case of all."""
        image = white_noise(*size)
        assert np.abs(filtered(f"blur:sigma={sigma}", image) - gaussian(image, sigma)).max() <= 7.5

    def test_leaves_a_flat_image_flat(self) -> None:
        flat = Image.new("RGB", (61, 47), "#336699")
        assert made.furthest(paint("blur:sigma=9", flat), flat) == 0

    @pytest.mark.parametrize("subsampling", [0, 2], ids=["4:4:4", "4:2:0"])
    @pytest.mark.parametrize("orientation", [1, 6])
    @pytest.mark.parametrize("size", [(304, 216), (301, 217)], ids=["whole squares", "others"])
    @pytest.mark.parametrize("sigma", [2.5, 5, 20])
    def test_of_a_jpeg_is_that_of_its_pixels(
        self, sigma: float, size: tuple[int, int], orientation: int, subsampling: int, tmp_path: Path
    ) -> None:
        """However small the decoder scales: it rounds before and after it makes RGB, in which blue weighs 1.8."""
        stored = made.turned_back(orientation, made.photograph(*size))
        exif = Image.Exif()
        exif[0x0112] = orientation
        content = made.encoded("jpeg", stored, quality=90, subsampling=subsampling, exif=exif)
        _, blurred = made.rendered(content, f"transform=blur:sigma={sigma}&format=png", tmp_path)
        pixels = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
        difference = shown(Image.open(io.BytesIO(blurred))) - filtered(f"blur:sigma={sigma}", pixels)
        assert np.abs(difference).max() <= 4
        assert difference.std() <= 0.7
        assert abs(difference.mean()) <= 0.2

    @pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")
    @pytest.mark.parametrize("sigma", [2, 5, 20])
    def test_photographs_are_within_four_levels(self, sigma: float) -> None:
        paths = sorted((Path(CORPUS) / "photos").glob("*.jpg"))[:6]
        assert paths
        for path in paths:
            image = Image.open(path).convert("RGB").crop((0, 0, 600, 401))
            assert np.abs(filtered(f"blur:sigma={sigma}", image) - gaussian(image, sigma)).max() <= 4


@pytest.mark.parametrize(
    ("size", "margins"),
    [((5, 4), (2, 1, 3, 4)), ((5, 4), (0, 0, 0, 0)), ((1, 1), (3, 2, 5, 7)), ((3, 2), (40, 0, 17, 11))],
    ids=str,
)
def test_mirroring_repeats_as_often_as_it_must(size: tuple[int, int], margins: Any) -> None:
    image = white_noise(*size)
    left, top, right, bottom = margins
    expected = np.pad(shown(image), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    assert (shown(mirrored(image, margins)) == expected).all()
