"""Samples of a TIFF as colours in 8 bits."""

from functools import cache
from typing import Any

from PIL import Image, ImageChops

from transforms.color.description import SRGB_CURVE
from transforms.decoding.band_math import evaluate, to_levels

from .tiff_layout import CIELAB, ICCLAB, PALETTE, RGB, WHITE_IS_ZERO, YCBCR, Layout, Number

_WHITE = 65_535
_TO_LINEAR_SRGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
"""From XYZ of D50, adapted by Bradford's matrix."""
_D50 = (0.96422, 1.0, 0.82521)
_COLOR_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def to_colors(
    samples: list[Image.Image],
    layout: Layout,
    *,
    color_map: tuple[int, ...] = (),
    is_linear: bool = False,
) -> Image.Image:
    """Return rows in L, LA, RGB, RGBA or CMYK. Take floats of RGB for linear light if `is_linear`."""
    if layout.photometric == PALETTE:
        return _look_up(samples[0], color_map)
    alpha = None if layout.alpha is None else samples[layout.alpha]
    colors = samples[: layout.colors]
    if layout.photometric in (CIELAB, ICCLAB):
        bands = _from_lab(colors, layout)
    elif alpha is not None and layout.is_multiplied:
        opacity = _as_share(alpha, layout)
        bands = [_levels_of_share(_divided(_as_share(color, layout), opacity), is_linear) for color in colors]
    else:
        bands = [levels(color, layout, is_linear=is_linear) for color in colors]
    if layout.photometric == WHITE_IS_ZERO:
        bands = [ImageChops.invert(band) for band in bands]
    image = Image.merge(_COLOR_MODES[len(bands)], bands) if len(bands) > 1 else bands[0]
    if layout.photometric == YCBCR:
        image = Image.merge("YCbCr", bands).convert("RGB")
    if alpha is not None:
        image.putalpha(levels(alpha, layout))
    return image


def levels(samples: Image.Image, layout: Layout, *, is_linear: bool = False) -> Image.Image:
    """Return samples in 8 bits, from black at 0 to white at the largest number of their depth, or at 1.0."""
    if samples.mode == "I":
        return to_levels(samples, layout.bits)
    return _levels_of_share(_as_share(samples, layout), is_linear)


def plain_grey(samples: list[Image.Image], layout: Layout) -> Image.Image:
    """Return grey as numbers, divided by alpha if it is multiplied with it."""
    if layout.alpha is None or not layout.is_multiplied:
        return samples[0]
    return _divided(samples[0], _as_share(samples[layout.alpha], layout))


def _as_share(samples: Image.Image, layout: Layout) -> Image.Image:
    """Return samples in mode F with white at 1.0."""
    if layout.number == Number.FLOAT:
        return samples
    white = 2.0**layout.bits - 1
    return evaluate(lambda bands: bands["float"](bands["samples"]) / white, samples=samples)


def _levels_of_share(share: Image.Image, is_linear: bool = False) -> Image.Image:
    whole = evaluate(
        lambda bands: bands["min"](bands["max"](bands["share"], 0.0), 1.0) * float(_WHITE) + 0.5,
        share=share,
    )
    steps = whole.convert("I")
    return steps.point(_encoded(), "L") if is_linear else to_levels(steps, 16)


def _divided(color: Image.Image, opacity: Image.Image) -> Image.Image:
    return evaluate(
        lambda bands: bands["color"] / bands["max"](bands["opacity"], 1e-6),
        color=color,
        opacity=opacity,
    )


def _look_up(indices: Image.Image, color_map: tuple[int, ...]) -> Image.Image:
    """Return the colours of a palette of 16-bit values: all reds, greens and blues (TIFF 6.0, section 5)."""
    count = len(color_map) // 3
    white = _WHITE if max(color_map, default=0) > 255 else 255
    bands = []
    for start in range(0, 3 * count, count):
        values = [(value * 510 + white) // (2 * white) for value in color_map[start : start + count]]
        table = values + [0] * (_WHITE + 1 - count)
        bands.append(indices.point(table[: _WHITE + 1], "L"))
    return Image.merge("RGB", bands)


def _from_lab(colors: list[Image.Image], layout: Layout) -> list[Image.Image]:
    """Return red, green and blue of Lab under D50."""
    unit = 2.0 ** (layout.bits - 8)
    offset = 128 if layout.photometric == ICCLAB else 0
    white = 255.0 * unit if layout.photometric == ICCLAB and layout.bits == 16 else 2.0**layout.bits - 1
    half = 2 ** (layout.bits - 1)

    def lightness(bands: dict[str, Any]) -> Any:
        return (bands["float"](bands["samples"]) * (100.0 / white) + 16.0) / 116.0

    def difference(bands: dict[str, Any]) -> Any:
        samples = bands["samples"]
        if offset:
            return bands["float"](samples) / unit - float(offset)
        return bands["float"]((samples ^ half) - half) / unit

    f_y = evaluate(lightness, samples=colors[0])
    red_green, yellow_blue = (evaluate(difference, samples=each) for each in colors[1:3])
    f_x = evaluate(lambda bands: bands["y"] + bands["a"] / 500.0, y=f_y, a=red_green)
    f_z = evaluate(lambda bands: bands["y"] - bands["b"] / 200.0, y=f_y, b=yellow_blue)
    x, y, z = (_light(f, white_light) for f, white_light in zip((f_x, f_y, f_z), _D50, strict=True))
    return [_levels_of_share(_mixed(row, x, y, z), is_linear=True) for row in _TO_LINEAR_SRGB]


def _light(f: Image.Image, white: float) -> Image.Image:
    """CIE 15:2004, section 8.2.1.1, backwards."""

    def inverted(bands: dict[str, Any]) -> Any:
        f = bands["f"]
        is_light = f > 6 / 29
        dark = (f - 4 / 29) * (3 * (6 / 29) ** 2)
        return (is_light * (f * f * f) + (1 - is_light) * dark) * white

    return evaluate(inverted, f=f)


def _mixed(row: tuple[float, float, float], x: Image.Image, y: Image.Image, z: Image.Image) -> Image.Image:
    return evaluate(
        lambda bands: bands["x"] * row[0] + bands["y"] * row[1] + bands["z"] * row[2],
        x=x,
        y=y,
        z=z,
    )


@cache
def _encoded() -> list[int]:
    """Return the sRGB level of each of 65,536 steps of light (IEC 61966-2-1)."""
    shares = [step / _WHITE for step in range(_WHITE + 1)]
    return [round(255 * SRGB_CURVE.value(share)) for share in shares]


def is_light(layout: Layout) -> bool:
    """Whether the samples are linear light unless a profile says otherwise.

    Floats of RGB are, as libvips reads them."""
    return layout.photometric == RGB and layout.number == Number.FLOAT
