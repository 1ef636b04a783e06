"""The separable blend modes: what a layer's colours become over those below, both opaque, in RGB.

Source: W3C Compositing and Blending Level 1, section 10.1. Each channel is at most one level off."""

from collections.abc import Callable
from math import sqrt
from typing import Any

from PIL import Image, ImageChops, ImageMath

Blend = Callable[[Image.Image, Image.Image], Image.Image]
"""From the colours below and those of the layer."""


def blend(mode: str, below: Image.Image, layer: Image.Image) -> Image.Image:
    """Return the RGBA layer in the colours that, laid over `below` (RGB or RGBA), give the blend."""
    colors = layer.convert("RGB")
    mixed = BLENDS[mode](below.convert("RGB"), colors)
    if below.mode == "RGBA":
        mixed = Image.composite(mixed, colors, below.getchannel("A"))
    mixed.putalpha(layer.getchannel("A"))
    return mixed


def _by_channel(function: Blend) -> Blend:
    def blended(below: Image.Image, layer: Image.Image) -> Image.Image:
        return Image.merge("RGB", [*map(function, below.split(), layer.split())])

    return blended


def _curve(band: Image.Image, function: Callable[[float], float]) -> Image.Image:
    return band.point([min(max(round(255 * function(level / 255)), 0), 255) for level in range(256)])


def _color_dodge(below: Image.Image, layer: Image.Image) -> Image.Image:
    def divided(at: dict[str, Any]) -> Any:
        room = at["max"]((255 - at["layer"]) * 2, 1)  # of a full layer 1/2: all but black becomes white
        return at["convert"](at["min"]((at["below"] * 510 + room / 2) / room, 255), "L")

    result: Image.Image = ImageMath.lambda_eval(divided, below=below, layer=layer)
    return result


def _color_burn(below: Image.Image, layer: Image.Image) -> Image.Image:
    return ImageChops.invert(_color_dodge(ImageChops.invert(below), ImageChops.invert(layer)))


def _soft_light(below: Image.Image, layer: Image.Image) -> Image.Image:
    """A dark layer leads from what is below to its square, a light one to `_lit`."""
    darker = Image.composite(_curve(below, lambda b: b * b), below, _curve(layer, lambda s: 1 - 2 * s))
    return Image.composite(_curve(below, _lit), darker, _curve(layer, lambda s: 2 * s - 1))


def _lit(value: float) -> float:
    return ((16 * value - 12) * value + 4) * value if value <= 0.25 else sqrt(value)


def _exclusion(below: Image.Image, layer: Image.Image) -> Image.Image:
    return Image.composite(ImageChops.invert(below), below, layer)


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
