"""Arithmetic on bands."""

import numpy as np
import pytest
from PIL import Image

from transforms.decoding.band_math import evaluate, to_levels


@pytest.mark.parametrize("bits", range(1, 17))
def test_every_number_has_the_nearest_level(bits: int) -> None:
    numbers = np.arange(2**bits, dtype=np.int32)[None]
    levels = np.asarray(to_levels(Image.fromarray(numbers), bits))
    exact = numbers * (255 / (2**bits - 1))
    assert np.abs(levels - exact).max() <= 0.5
    assert (levels[0, 0], levels[0, -1]) == (0, 255)


def test_a_formula_takes_bands_by_their_names() -> None:
    image = Image.new("I", (2, 1), 20)
    result = evaluate(
        lambda bands: bands["one"] - bands["other"] * 2, one=image, other=Image.new("I", (2, 1), 3)
    )
    assert result.getpixel((1, 0)) == 14
