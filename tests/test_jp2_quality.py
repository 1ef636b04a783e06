"""JPEG 2000: a small or flat image reaches the quality that is named, and keeps its colour."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import images as made

YELLOW = (255, 199, 44)
SIDES = [
    (1, 1),
    (2, 1),
    (1, 40),
    (40, 1),
    (7, 5),
    (16, 16),
    (32, 32),
    (33, 31),
    (64, 64),
    (100, 100),
    (300, 200),
]


def noisy(side: int, amplitude: int) -> Image.Image:
    noise = np.random.default_rng(1).integers(-amplitude, amplitude + 1, (side, side, 3))
    return Image.fromarray((np.array((250, 199, 44)) + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("size", SIDES, ids=str)
@pytest.mark.parametrize("quality", ["", "q=1", "max_bytes=5000"])
def test_a_flat_image_keeps_its_colour(quality: str, size: tuple[int, int], tmp_path: Path) -> None:
    content = made.rendered(made.encoded_flat("png", *size, "#ffc72c"), f"format=jp2&{quality}", tmp_path)[1]
    assert made.furthest(content, Image.new("RGB", size, YELLOW)) <= 2
    assert len(content) < 350


@pytest.mark.parametrize("mode", ["RGBA", "L"])
def test_a_flat_image_of_another_mode_keeps_its_colour(mode: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (24, 24), (*YELLOW, 128)).convert(mode)
    content = made.rendered(made.encoded("png", image), "format=jp2", tmp_path)[1]
    assert made.furthest(content, image, "RGBA") <= 2


@pytest.mark.parametrize("amplitude", [1, 4])
@pytest.mark.parametrize("side", [16, 64, 256])
@pytest.mark.parametrize("quality", [10, 50, 80, 95])
def test_a_nearly_flat_image_reaches_its_decibels(
    quality: int, side: int, amplitude: int, tmp_path: Path
) -> None:
    image = noisy(side, amplitude)
    content = made.rendered(made.encoded("png", image), f"format=jp2&q={quality}", tmp_path)[1]
    assert made.psnr(content, image) > 28 + 0.15 * quality - 3.5
    assert np.abs(made.pixels(content).mean(axis=(0, 1)) - made.pixels(image).mean(axis=(0, 1))).max() < 10


def test_a_photograph_is_lossy(tmp_path: Path) -> None:
    """Few bytes, and the decibels that the quality stands for."""
    image = made.photograph(120, 90)
    content = made.rendered(made.encoded("png", image), "format=jp2&q=50", tmp_path)[1]
    lossless = made.rendered(made.encoded("png", image), "format=jp2&lossless=1", tmp_path)[1]
    assert len(content) < 0.6 * len(lossless)
    assert 33 < made.psnr(content, image) < 38


def test_few_colours_are_exact(tmp_path: Path) -> None:
    image = made.checkerboard(64, 64, cell=16).convert("RGB")
    content = made.rendered(made.encoded("png", image), "format=jp2", tmp_path)[1]
    assert made.furthest(content, image) == 0


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 3), (5, 7), (33, 31)], ids=str)
@pytest.mark.parametrize("color", ["#ffc72c", "#0000ff", "#ffffff"])
def test_flat_images_of_other_lossy_formats(
    color: str, size: tuple[int, int], name: str, tmp_path: Path
) -> None:
    content = made.rendered(made.encoded_flat("png", *size, color), f"format={name}", tmp_path)[1]
    assert made.furthest(content, Image.open(io.BytesIO(made.encoded_flat("png", *size, color)))) <= 6
