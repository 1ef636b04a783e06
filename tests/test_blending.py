"""Blend modes, against the formulas of the W3C."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from progimage.operations.composite import Composite
from tests.support import images as made
from transforms.geometry import Size
from transforms.render.blending import BLENDS

Array = NDArray[np.float64]
BELOW = Size(100, 80)
RED, WHITE = (255, 0, 0), (255, 255, 255)


def laid(other: Image.Image, below: Image.Image | None = None, **values: Any) -> Image.Image:
    return made.done(Composite(image="part:layer", **values), below or Image.new("RGB", BELOW, WHITE), other)


def hard_light(b: Array, s: Array) -> Array:
    return np.where(s <= 0.5, b * 2 * s, b + (2 * s - 1) - b * (2 * s - 1))


def color_dodge(b: Array, s: Array) -> Array:
    quotient = np.minimum(1, b / np.where(s < 1, 1 - s, 1))
    return np.where(b == 0, 0, np.where(s == 1, 1, quotient))


def color_burn(b: Array, s: Array) -> Array:
    quotient = 1 - np.minimum(1, (1 - b) / np.where(s > 0, s, 1))
    return np.where(b == 1, 1, np.where(s == 0, 0, quotient))


def soft_light(b: Array, s: Array) -> Array:
    lit = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(b))
    return np.where(s <= 0.5, b - (1 - 2 * s) * b * (1 - b), b + (2 * s - 1) * (lit - b))


FORMULAS: dict[str, Callable[[Array, Array], Array]] = {
    "normal": lambda b, s: s,
    "multiply": lambda b, s: b * s,
    "screen": lambda b, s: b + s - b * s,
    "overlay": lambda b, s: hard_light(s, b),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": color_dodge,
    "color-burn": color_burn,
    "hard-light": hard_light,
    "soft-light": soft_light,
    "difference": lambda b, s: np.abs(b - s),
    "exclusion": lambda b, s: b + s - 2 * b * s,
}
"""B(cb, cs) of W3C Compositing and Blending Level 1, section 10.1, for channels of 0..1."""


@pytest.mark.parametrize("mode", FORMULAS)
class TestBlending:
    def test_opaque_colours_are_at_most_one_level_off(self, mode: Any) -> None:
        """All 65,536 pairs of levels, in another channel each time."""
        b, s = np.meshgrid(np.arange(256.0), np.arange(256.0))
        below, layer = (np.dstack([levels, 255 - levels, levels.T]) for levels in (b, s))
        images = [Image.fromarray(colors.astype(np.uint8)) for colors in (below, layer)]
        result = laid(images[1], images[0], blend=mode)
        expected = 255 * FORMULAS[mode](below / 255, layer / 255)
        assert np.abs(made.pixels(result) - expected).max() <= 1

    def test_alpha_of_both(self, mode: Any) -> None:
        """Three roundings to 8 bits, one after the other, are at most two levels off."""
        random = np.random.default_rng(4)
        below, layer = random.integers(0, 256, (2, 64, 64, 4), dtype=np.uint8)
        below[:8, :, 3], layer[:, :8, 3] = 0, 0
        result = laid(Image.fromarray(layer), Image.fromarray(below), blend=mode)
        (cb, ab), (cs, alpha) = ((colors[..., :3] / 255, colors[..., 3:] / 255) for colors in (below, layer))
        mixed = (1 - ab) * cs + ab * FORMULAS[mode](cb, cs)
        out = alpha + ab * (1 - alpha)
        shown = (alpha * mixed + (1 - alpha) * ab * cb) / np.where(out > 0, out, 1)
        after = made.pixels(result, "RGBA")
        assert np.abs(after[..., 3:] - 255 * out).max() <= 1
        assert np.abs(after[..., :3] - 255 * shown)[out[..., 0] > 0].max() <= 2


def test_every_blend_mode_has_its_formula() -> None:
    choices = Composite.parameters()["blend"].type
    assert set(FORMULAS) == set(choices) == {"normal", *BLENDS}
