"""Images for filters, and their pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from progimage.text_form import parse_text
from transforms.render import render

Pixels = NDArray[np.float64]


def filtered(text: str, image: Image.Image) -> Pixels:
    return shown(paint(text, image))


def paint(text: str, image: Image.Image) -> Image.Image:
    (operation,) = parse_text(text)
    return render(operation, image)


def shown(image: Image.Image) -> Pixels:
    return np.asarray(image, dtype=np.float64)


def grey(values: Any) -> Image.Image:
    return Image.fromarray(np.asarray(values, dtype=np.uint8)).convert("RGB")


def white_noise(width: int = 93, height: int = 70) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


def step(width: int = 400, height: int = 40) -> Image.Image:
    """Black to the left, white to the right."""
    return grey(np.where(np.arange(width) < width // 2, 0, 255)[None].repeat(height, axis=0))


def white_pixel(side: int = 121) -> Image.Image:
    values = np.zeros((side, side))
    values[side // 2, side // 2] = 255
    return grey(values)
