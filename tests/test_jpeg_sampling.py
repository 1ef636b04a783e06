"""Thumbnails of JPEGs whose colours are sampled unevenly: as good as those of 4:2:0."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import images as made
from tests.support.jpegs import SAMPLINGS, sampled
from transforms.decoding.jpeg.jpeg_sampling import enlarges, fine_scale, takes_means

UNEVEN = {name for name in SAMPLINGS if name not in ("4:4:4", "4:2:0", "luma smaller")}
WIDTHS = (250, 125, 60, 30)
"""Of 640 px: decoded at 1/2, 1/4 and 1/8 if nothing is enlarged."""


@cache
def chirps() -> Image.Image:
    """Each channel has stripes of its own, coarse ones to fine ones: the colours are as sharp as the lightness."""
    down, across = np.mgrid[0:424, 0:640]
    phases = (across**2 / 1_600, down**2 / 1_200 + 2, (across + down) ** 2 / 3_600)
    waves = np.dstack([128 + 127 * np.sin(phase) for phase in phases])
    return Image.fromarray(waves.round().astype(np.uint8))


@cache
def photograph() -> Image.Image:
    return made.photograph(640, 424)


def decoded(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


def loss(jpeg: bytes, query: str, folder: Path) -> float:
    """Return the dB between a result and the same of a full decode."""
    full = made.encoded("bmp", decoded(jpeg))
    expected = made.rendered(full, f"{query}&format=bmp", folder)[1]
    return made.psnr(made.rendered(jpeg, f"{query}&format=bmp", folder)[1], expected)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("picture", [chirps, photograph], ids=["chirps", "photograph"])
def test_thumbnails_lose_no_more_than_those_of_420(picture: object, width: int, tmp_path: Path) -> None:
    assert callable(picture)
    image = picture()
    usual = loss(sampled(image, SAMPLINGS["4:2:0"]), f"w={width}", tmp_path)
    assert usual < 60
    for name in UNEVEN:
        assert loss(sampled(image, SAMPLINGS[name]), f"w={width}", tmp_path) >= usual - 1, name


@pytest.mark.parametrize("name", ["4:2:2", "4:1:1", "1x4"])
def test_a_cut_out_is_as_good(name: str, tmp_path: Path) -> None:
    query = "transform=crop:left=320,top=212,width=160,height=106/resize:40"
    usual = loss(sampled(chirps(), SAMPLINGS["4:2:0"]), query, tmp_path)
    assert loss(sampled(chirps(), SAMPLINGS[name]), query, tmp_path) >= usual - 1


def test_inks_that_are_sampled_unevenly(tmp_path: Path) -> None:
    inks = chirps().convert("CMYK")
    factors = ((2, 1), (1, 1), (1, 1), (2, 1))
    jpeg = sampled(inks, factors)
    assert loss(jpeg, "w=60", tmp_path) > 45
    assert loss(sampled(inks, ((1, 1),) * 4), "w=60", tmp_path) < 45


@pytest.mark.parametrize("name", SAMPLINGS)
def test_a_strong_blur_is_that_of_a_full_decode(name: str, tmp_path: Path) -> None:
    """It begins with the means of squares, which no scaled decode of uneven colours gives."""
    assert loss(sampled(photograph(), SAMPLINGS[name]), "transform=blur:20", tmp_path) > 50


@pytest.mark.parametrize("name", SAMPLINGS)
def test_grey_alone_is_that_of_a_full_decode(name: str, tmp_path: Path) -> None:
    usual = loss(sampled(photograph(), SAMPLINGS["4:4:4"]), "transform=resize:60/grayscale", tmp_path)
    assert (
        loss(sampled(photograph(), SAMPLINGS[name]), "transform=resize:60/grayscale", tmp_path) >= usual - 1
    )


def test_only_uneven_colours_cost_a_finer_decode() -> None:
    for name, factors in SAMPLINGS.items():
        image = Image.open(io.BytesIO(sampled(made.picture(), factors)))
        scales = [fine_scale(image, scale, is_luma_alone=False) for scale in (8, 4, 2, 1)]
        assert scales == ([2, 1, 1, 1] if name in UNEVEN else [8, 4, 2, 1]), name
        assert takes_means(image) is (name not in UNEVEN)


def test_lightness_alone_is_enlarged_only_if_it_is_the_smaller() -> None:
    for name, factors in SAMPLINGS.items():
        image = Image.open(io.BytesIO(sampled(made.picture(), factors)))
        assert enlarges(image, 8, is_luma_alone=True) is (name == "luma smaller across")


@pytest.mark.parametrize("factors", [(1, 1), (2, 2), (4, 1), (2, 1)])
def test_the_factors_of_a_grey_image_mean_nothing(factors: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(sampled(made.picture().convert("L"), [factors])))
    assert not enlarges(image, 8)
    assert takes_means(image)
    assert made.psnr(image, made.picture().convert("L")) > 40


def test_a_component_of_a_quarter_both_ways_is_whole_at_a_quarter() -> None:
    image = Image.open(io.BytesIO(sampled(made.picture(), ((4, 4), (1, 1), (1, 1)))))
    assert [enlarges(image, scale) for scale in (8, 4, 2)] == [False, False, True]


def test_other_formats_have_no_sampling() -> None:
    image = Image.open(io.BytesIO(made.encoded("png")))
    assert fine_scale(image, 8, is_luma_alone=False) == 8
    assert not takes_means(image)
