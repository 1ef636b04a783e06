"""Arithmetic on the bands of an image, px by px."""

from collections.abc import Callable
from typing import Any

from PIL import Image, ImageMath


def evaluate(formula: Callable[[dict[str, Any]], Any], **bands: Image.Image) -> Image.Image:
    """Return a formula's value for each px. It takes the bands, and ImageMath's functions, by their names."""
    result: Image.Image = ImageMath.lambda_eval(formula, **bands)
    return result
