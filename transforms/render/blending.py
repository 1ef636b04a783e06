"""The separable blend modes: the colours of a layer blended with those below, both opaque, in RGB.

Source: W3C Compositing and Blending Level 1, section 10.1. Each channel is at most one level off."""

from collections.abc import Callable
from math import sqrt
from typing import Any

from PIL import Image, ImageChops, ImageMath

Blend = Callable[[Image.Image, Image.Image], Image.Image]
"""Returns the blend of the colours below and those of the layer."""


def blend(
    mode: str,
    below: Image.Image,
    layer: Image.Image,
) -> Image.Image:
    """Return the RGBA layer in the colours that give the blend when laid over `below` (RGB or RGBA)."""
    colors = layer.convert("RGB")
    mixed = BLENDS[mode](below.convert("RGB"), colors)
    if below.mode == "RGBA":
        mixed = Image.composite(mixed, colors, below.getchannel("A"))
    mixed.putalpha(layer.getchannel("A"))
    return mixed


def _by_channel(blend_band: Blend) -> Blend:
    def blended(below: Image.Image, layer: Image.Image) -> Image.Image:
        pairs = zip(below.split(), layer.split(), strict=True)
        bands = [blend_band(below_band, layer_band) for below_band, layer_band in pairs]
        return Image.merge("RGB", bands)

    return blended


def _curve(band: Image.Image, curve: Callable[[float], float]) -> Image.Image:
    levels = [round(255 * curve(level / 255)) for level in range(256)]
    return band.point([min(max(level, 0), 255) for level in levels])


def _color_dodge(below: Image.Image, layer: Image.Image) -> Image.Image:
    def divided(bands: dict[str, Any]) -> Any:
        # 1/2 below a full layer: everything but black becomes white
        divisor = bands["max"]((255 - bands["layer"]) * 2, 1)
        dividend = bands["below"] * 510 + divisor / 2
        clipped = bands["min"](dividend / divisor, 255)
        return bands["convert"](clipped, "L")

    result: Image.Image = ImageMath.lambda_eval(divided, below=below, layer=layer)
    return result


def _color_burn(below: Image.Image, layer: Image.Image) -> Image.Image:
    inverted_below = ImageChops.invert(below)
    inverted_layer = ImageChops.invert(layer)
    dodged = _color_dodge(inverted_below, inverted_layer)
    return ImageChops.invert(dodged)


def _soft_light(below: Image.Image, layer: Image.Image) -> Image.Image:
    """Blend towards the square of the colour below for a dark layer, and towards `_lit` for a light one."""
    squared = _curve(below, lambda value: value * value)
    darkness = _curve(layer, lambda value: 1 - 2 * value)
    darker = Image.composite(squared, below, darkness)
    lightness = _curve(layer, lambda value: 2 * value - 1)
    lit = _curve(below, _lit)
    return Image.composite(lit, darker, lightness)


def _lit(value: float) -> float:
    if value <= 0.25:
        return ((16 * value - 12) * value + 4) * value
    return sqrt(value)


def _exclusion(below: Image.Image, layer: Image.Image) -> Image.Image:
    inverted = ImageChops.invert(below)
    return Image.composite(inverted, below, layer)


BLENDS: dict[str, Blend] = {
    "multiply": ImageChops.multiply,
    "screen": ImageChops.screen,
    "overlay": ImageChops.overlay,
    "darken": ImageChops.darker,
    "lighten": ImageChops.lighter,
    "color-dodge": _by_channel(_color_dodge),
    "color-burn": _by_channel(_color_burn),
    "hard-light": ImageChops.hard_light,
    "soft-light": _by_channel(_soft_light),
    "difference": ImageChops.difference,
    "exclusion": _by_channel(_exclusion),
}
