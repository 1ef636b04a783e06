"""Rendering of progimage/operations/filters.py. But for blur and pixelate, alpha stays as it is."""

from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import shake_128
from math import cos, fsum, radians, sin, sqrt
from statistics import NormalDist

from PIL import Image, ImageChops, ImageMath

from progimage.operations import filters
from progimage.parameters import color_channels

from .dispatch import render
from .median import median
from .neighbourhood import blurred, by_strips, colors_of, seen, spread, squares, veiled, weighted

_SOBEL_ACROSS = (-1, 0, 1, -2, 0, 2, -1, 0, 1)
_SOBEL_DOWN = (-1, -2, -1, 0, 0, 0, 1, 2, 1)
_FULL_STEP = 4
"""What a Sobel kernel makes of a step of 1."""
_MIDDLE = 255
"""Added to slopes, for what is below 0 is cut off."""
_SHARES = 1 << 16
"""Entries of a table for mode I."""
_STRIP_PX = 1_000_000
"""Whole numbers take four times the memory of levels."""


@render.register
def blur(operation: filters.Blur, image: Image.Image) -> Image.Image:
    return blurred(image, operation.sigma)


@dataclass(frozen=True)
class Spread:
    """What is left of a blur where the decoder has taken the means of squares."""

    sigma: float


@render.register
def spread_means(step: Spread, image: Image.Image) -> Image.Image:
    return spread(image, step.sigma)


@render.register
def sharpen(operation: filters.Sharpen, image: Image.Image) -> Image.Image:
    soft = blurred(image, operation.sigma)
    bands = [_sharpened(operation, image.getchannel(name), soft.getchannel(name)) for name in "RGB"]
    return veiled(Image.merge("RGB", bands), image)


def _sharpened(operation: filters.Sharpen, band: Image.Image, soft: Image.Image) -> Image.Image:
    differs = [255 * (level >= operation.threshold) for level in range(256)]
    mask = ImageChops.difference(band, soft).point(differs)
    return Image.composite(Image.blend(soft, band, 1 + operation.amount / 100), band, mask)


@render.register
def median_filter(operation: filters.Median, image: Image.Image) -> Image.Image:
    bands = [median(band, operation.size) for band in seen(image).split()]
    return veiled(Image.merge("RGB", bands), image)


@render.register
def edge(operation: filters.Edge, image: Image.Image) -> Image.Image:
    return veiled(by_strips(seen(image).convert("L"), 1, _steepness, pixels=_STRIP_PX), image)


def _steepness(strip: Image.Image) -> Image.Image:
    whole = strip.convert("I")
    x, y = (
        weighted(whole, kernel, scale=_FULL_STEP, offset=_MIDDLE) for kernel in (_SOBEL_ACROSS, _SOBEL_DOWN)
    )
    squared: Image.Image = ImageMath.lambda_eval(
        lambda slopes: (x := slopes["x"] - _MIDDLE) * x + (y := slopes["y"] - _MIDDLE) * y, x=x, y=y
    )
    return squared.point(_roots(), "L").crop((1, 1, strip.width - 1, strip.height - 1))


@cache
def _roots() -> list[int]:
    return [min(255, round(sqrt(square))) for square in range(_SHARES)]


@render.register
def emboss(operation: filters.Emboss, image: Image.Image) -> Image.Image:
    angle = radians(operation.angle)
    across, down = sin(angle) * operation.depth / _FULL_STEP, -cos(angle) * operation.depth / _FULL_STEP
    # a slope that faces the light is bright: towards the light it falls
    kernel = [-across * x - down * y for x, y in zip(_SOBEL_ACROSS, _SOBEL_DOWN, strict=True)]
    return veiled(weighted(seen(image).convert("L"), kernel, scale=1, offset=128), image)


@render.register
def convolve(operation: filters.Convolve, image: Image.Image) -> Image.Image:
    scale = operation.scale or round(fsum(operation.kernel), 9) or 1  # 0.1 + 0.2 - 0.3 is not quite 0
    return veiled(weighted(seen(image), operation.kernel, scale=scale, offset=operation.offset), image)


@render.register
def pixelate(operation: filters.Pixelate, image: Image.Image) -> Image.Image:
    size, premultiplied = operation.size, image.convert("RGBa") if image.mode == "RGBA" else image
    means = squares(premultiplied, size).convert(image.mode)
    box = (0, 0, image.width / size, image.height / size)
    return means.resize(image.size, Image.Resampling.NEAREST, box=box)


@render.register
def noise(operation: filters.Noise, image: Image.Image) -> Image.Image:
    mode = "L" if operation.monochrome else "RGB"
    count = image.width * image.height * len(mode)
    content = shake_128(str(operation.seed).encode()).digest(count)
    even = Image.frombytes(mode, image.size, content).convert("RGB")
    sigma = 255 * operation.amount / 100
    normal = [round(sigma * NormalDist().inv_cdf((level + 0.5) / 256)) for level in range(256)]
    brighter, darker = ([min(255, max(0, sign * level)) for level in normal] * 3 for sign in (1, -1))
    noisy = ImageChops.add(colors_of(image), even.point(brighter))
    return veiled(ImageChops.subtract(noisy, even.point(darker)), image)


@render.register
def vignette(operation: filters.Vignette, image: Image.Image) -> Image.Image:
    *color, alpha = color_channels(operation.color)
    strength = round(alpha * operation.amount / 100)
    growth = _growth(operation.radius / 100, operation.feather / 100)
    mask = _distances(image.size).point([round(strength * share) for share in growth], "L")
    result = image.convert("RGB") if image.mode == "RGBA" else image.copy()
    result.paste(tuple(color), mask=mask)
    return veiled(result, image)


def _distances(size: tuple[int, int]) -> Image.Image:
    """Return the square of each pixel's distance from the middle, mode I: 65,535 in the corners."""
    lines = []
    for side, shape in zip(size, ((size[0], 1), (1, size[1])), strict=True):
        line = Image.new("I", shape)
        line.putdata([int((_SHARES - 1) / 2 * ((2 * x + 1) / side - 1) ** 2) for x in range(side)])
        lines.append(line.resize(size, Image.Resampling.NEAREST))
    squared: Image.Image = ImageMath.lambda_eval(lambda of: of["x"] + of["y"], x=lines[0], y=lines[1])
    return squared


@lru_cache(maxsize=8)
def _growth(radius: float, feather: float) -> list[float]:
    """Return the strength, 0 to 1, at each squared distance: a smooth step that begins at `radius`."""
    ways = (sqrt(square / (_SHARES - 1)) for square in range(_SHARES))
    steps = (min(1.0, max(0.0, (way - radius) / max(feather, 1e-6))) for way in ways)
    return [step * step * (3 - 2 * step) for step in steps]
