"""Arithmetic on the bands of an image, px by px."""

from collections.abc import Callable
from typing import Any

from PIL import Image, ImageMath

_LEVEL_BITS = 8


def evaluate(formula: Callable[[dict[str, Any]], Any], **bands: Image.Image) -> Image.Image:
    """Return a formula's value for each px. It takes the bands, and ImageMath's functions, by their names."""
    result: Image.Image = ImageMath.lambda_eval(formula, **bands)
    return result


def to_levels(samples: Image.Image, bits: int) -> Image.Image:
    """Return whole numbers of mode I, of at most 16 bits, as the nearest level of 8 bits.

    A table of 65,536 entries would cost more than the arithmetic on all but the largest images."""
    if bits == _LEVEL_BITS:
        return samples.convert("L")
    white = 2**bits - 1
    levels = evaluate(lambda bands: (bands["samples"] * 510 + white) / (2 * white), samples=samples)
    return levels.convert("L")
