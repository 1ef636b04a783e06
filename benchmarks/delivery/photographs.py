"""Photographs made by code, as heavy as a camera's JPEGs: the same bytes on every run."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support import images as made

PixelSize = tuple[int, int]

PIXELS_12_MP = (4_000, 3_000)
PIXELS_24_MP = (6_000, 4_000)
PIXELS_2_MP = (1_632, 1_224)
BYTES_OF_PIXEL = 3_000_000 / (4_000 * 3_000)
"""A 12-megapixel photograph of 3 MB has two bits for a pixel. A 2-megapixel one of 346 KB has 1.4."""
QUALITY = 85
ENLARGEMENT = 12
"""Px of a photograph per px of its structure, each way. So its overview weighs some 220 KB, and not twice as
much. Those of four photographs of 6 to 9 megapixels from cameras weigh 150 to 224 KB."""
SATURATION = 0.3
"""The colours of a photograph vary less than its brightness."""
MAX_TRIES = 6


def make_photographs(folder: Path, size: PixelSize, count: int, *, max_bytes: int = 0) -> list[Path]:
    """Write so many different photographs, and return their paths."""
    target = max_bytes or round(size[0] * size[1] * BYTES_OF_PIXEL)
    ground = with_pale_colors(made.photograph(size[0] // ENLARGEMENT, size[1] // ENLARGEMENT))
    sigma = 4.0
    paths: list[Path] = []
    for number in range(count):
        content, sigma = to_weight(structure(ground, size, number), target, sigma)
        path = folder / f"{size[0]}x{size[1]}-{number}.jpg"
        path.write_bytes(content)
        paths.append(path)
    return paths


def with_pale_colors(picture: Image.Image) -> Image.Image:
    """Return the picture with channels that agree as those of a photograph do."""
    grey = picture.convert("L").convert("RGB")
    return Image.blend(grey, picture, SATURATION)


def structure(ground: Image.Image, size: PixelSize, number: int) -> Image.Image:
    """Return an enlarged cut of `ground`, another for each number. It is smooth at the scale of pixels."""
    left = ground.width * (number * 7 % 100) / 1_000
    top = ground.height * (number * 3 % 100) / 1_000
    box = (left, top, left + ground.width * 0.9, top + ground.height * 0.9)
    return ground.resize(size, Image.Resampling.BICUBIC, box=box)


def to_weight(picture: Image.Image, target: int, sigma: float) -> tuple[bytes, float]:
    """Add noise until the JPEG weighs `target` bytes, within 3 %. Return the JPEG and the noise's sigma."""
    content = b""
    for _ in range(MAX_TRIES):
        content = encode(with_noise(picture, sigma))
        ratio = target / len(content)
        if abs(ratio - 1) < 0.03:
            break
        sigma = min(40.0, max(0.3, sigma * ratio))
    return content, sigma


def with_noise(picture: Image.Image, sigma: float) -> Image.Image:
    """Return the picture with noise of brightness, which is made of one tile of random numbers."""
    tile = np.random.default_rng(2).normal(0, sigma, (1_024, 1_024)).astype(np.float32)
    width, height = picture.size
    noise = np.tile(tile, (height // 1_024 + 1, width // 1_024 + 1))[:height, :width]
    pixels = np.asarray(picture, dtype=np.float32) + noise[:, :, None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, subsampling="4:2:0")
    return buffer.getvalue()
