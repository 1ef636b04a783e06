"""Rendering of progimage/operations/filters.py. Only blur and pixelate change alpha."""

from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import shake_128
from math import cos, fsum, radians, sin, sqrt
from statistics import NormalDist
from typing import Any

from PIL import Image, ImageChops, ImageMath

from progimage.operations import Resize, filters
from progimage.parameters import color_channels
from transforms.geometry import Size

from .dispatch import reduce_first, render
from .median import median
from .neighbourhood import (
    blurred,
    by_strips,
    colors_of,
    reduction,
    spread,
    squares,
    visible_colors,
    weighted,
    with_alpha_of,
)

_SOBEL_ACROSS = (
    -1, 0, 1,
    -2, 0, 2,
    -1, 0, 1,
)  # fmt: skip
_SOBEL_DOWN = (
    -1, -2, -1,
    0, 0, 0,
    1, 2, 1,
)  # fmt: skip
_FULL_STEP = 4
"""The slope that a Sobel kernel gives for a step of 1."""
_MIDDLE = 255
"""Added to slopes, because Pillow cuts off values below 0."""
_TABLE_SIZE = 1 << 16
"""Entries of a table for mode I."""
_STRIP_PX = 1_000_000
"""Mode I takes four times the memory of 8-bit levels."""
_LEAST_MEANS = 4
"""Px across. Smaller squares would show how a decoder enlarges
colours; a scaled decode does not enlarge them."""
_LEAST_FEATHER = 1e-6


@render.register
def blur(operation: filters.Blur, image: Image.Image) -> Image.Image:
    return blurred(image, operation.sigma)


@reduce_first.register
def reduce_blur_first(operation: filters.Blur, size: Size) -> tuple[Any, ...] | None:
    """Split a strong blur into means of squares and a blur of these. The squares have to fill the image."""
    scale = reduction(operation.sigma)
    if scale < _LEAST_MEANS or size.width % scale or size.height % scale:
        return None
    means = Resize(
        width=size.width // scale,
        height=size.height // scale,
        fit="fill",
    )
    return means, Spread(operation.sigma)


@dataclass(frozen=True)
class Spread:
    """The remainder of a blur of `sigma` px after the means of squares have been taken."""

    sigma: float


@render.register
def spread_means(step: Spread, image: Image.Image) -> Image.Image:
    return spread(image, step.sigma)


@render.register
def sharpen(operation: filters.Sharpen, image: Image.Image) -> Image.Image:
    soft = blurred(image, operation.sigma)
    bands = []
    for name in "RGB":
        band = image.getchannel(name)
        bands.append(_sharpen_band(operation, band, soft.getchannel(name)))
    return with_alpha_of(image, Image.merge("RGB", bands))


def _sharpen_band(
    operation: filters.Sharpen,
    band: Image.Image,
    soft: Image.Image,
) -> Image.Image:
    differs = [255 if level >= operation.threshold else 0 for level in range(256)]
    mask = ImageChops.difference(band, soft).point(differs)
    sharp = Image.blend(soft, band, 1 + operation.amount / 100)
    return Image.composite(sharp, band, mask)


@render.register
def median_filter(operation: filters.Median, image: Image.Image) -> Image.Image:
    colors = visible_colors(image)
    bands = [median(band, operation.size) for band in colors.split()]
    return with_alpha_of(image, Image.merge("RGB", bands))


@render.register
def edge(operation: filters.Edge, image: Image.Image) -> Image.Image:
    luma = visible_colors(image).convert("L")
    return with_alpha_of(image, by_strips(luma, 1, _steepness, pixels=_STRIP_PX))


def _steepness(strip: Image.Image) -> Image.Image:
    """Return the magnitude of the gradient, without the margin of 1 px."""
    levels = strip.convert("I")
    across = weighted(levels, _SOBEL_ACROSS, scale=_FULL_STEP, offset=_MIDDLE)
    down = weighted(levels, _SOBEL_DOWN, scale=_FULL_STEP, offset=_MIDDLE)

    def sum_of_squares(slopes: dict[str, Any]) -> Any:
        x = slopes["across"] - _MIDDLE
        y = slopes["down"] - _MIDDLE
        return x * x + y * y

    squared: Image.Image = ImageMath.lambda_eval(sum_of_squares, across=across, down=down)
    steepness = squared.point(_square_roots(), "L")
    right = strip.width - 1
    bottom = strip.height - 1
    return steepness.crop((1, 1, right, bottom))


@cache
def _square_roots() -> list[int]:
    return [min(255, round(sqrt(square))) for square in range(_TABLE_SIZE)]


@render.register
def emboss(operation: filters.Emboss, image: Image.Image) -> Image.Image:
    angle = radians(operation.angle)
    across = sin(angle) * operation.depth / _FULL_STEP
    down = -cos(angle) * operation.depth / _FULL_STEP
    # a slope that faces the light is bright: it falls towards the light
    pairs = zip(_SOBEL_ACROSS, _SOBEL_DOWN, strict=True)
    kernel = [-across * x - down * y for x, y in pairs]
    luma = visible_colors(image).convert("L")
    relief = weighted(luma, kernel, scale=1, offset=128)
    return with_alpha_of(image, relief)


@render.register
def convolve(operation: filters.Convolve, image: Image.Image) -> Image.Image:
    # 0.1 + 0.2 - 0.3 is not quite 0
    total = round(fsum(operation.kernel), 9)
    scale = operation.scale or total or 1
    colors = visible_colors(image)
    convolved = weighted(colors, operation.kernel, scale=scale, offset=operation.offset)
    return with_alpha_of(image, convolved)


@render.register
def pixelate(operation: filters.Pixelate, image: Image.Image) -> Image.Image:
    size = operation.size
    premultiplied = image.convert("RGBa") if image.mode == "RGBA" else image
    means = squares(premultiplied, size).convert(image.mode)
    box = (0, 0, image.width / size, image.height / size)
    return means.resize(image.size, Image.Resampling.NEAREST, box=box)


@render.register
def noise(operation: filters.Noise, image: Image.Image) -> Image.Image:
    mode = "L" if operation.monochrome else "RGB"
    count = image.width * image.height * len(mode)
    seed = str(operation.seed).encode()
    content = shake_128(seed).digest(count)
    uniform = Image.frombytes(mode, image.size, content).convert("RGB")
    sigma = 255 * operation.amount / 100
    quantile = NormalDist().inv_cdf
    normal = [round(sigma * quantile((level + 0.5) / 256)) for level in range(256)]
    brighter = [min(255, max(0, level)) for level in normal]
    darker = [min(255, max(0, -level)) for level in normal]
    brightened = ImageChops.add(colors_of(image), uniform.point(brighter * 3))
    noisy = ImageChops.subtract(brightened, uniform.point(darker * 3))
    return with_alpha_of(image, noisy)


@render.register
def vignette(operation: filters.Vignette, image: Image.Image) -> Image.Image:
    *color, alpha = color_channels(operation.color)
    strength = round(alpha * operation.amount / 100)
    growth = _growth(operation.radius / 100, operation.feather / 100)
    table = [round(strength * share) for share in growth]
    mask = _squared_distances(image.size).point(table, "L")
    result = image.convert("RGB") if image.mode == "RGBA" else image.copy()
    result.paste(tuple(color), mask=mask)
    return with_alpha_of(image, result)


def _squared_distances(size: tuple[int, int]) -> Image.Image:
    """Return the square of each pixel's distance from the middle, mode I: 65,535 in the corners."""
    width, height = size
    row = Image.new("I", (width, 1))
    row.putdata(_squared_offsets(width))
    column = Image.new("I", (1, height))
    column.putdata(_squared_offsets(height))
    squared: Image.Image = ImageMath.lambda_eval(
        lambda offsets: offsets["across"] + offsets["down"],
        across=row.resize(size, Image.Resampling.NEAREST),
        down=column.resize(size, Image.Resampling.NEAREST),
    )
    return squared


def _squared_offsets(side: int) -> list[int]:
    half = (_TABLE_SIZE - 1) / 2
    offsets = [(2 * position + 1) / side - 1 for position in range(side)]
    return [int(half * offset**2) for offset in offsets]


@lru_cache(maxsize=8)
def _growth(radius: float, feather: float) -> list[float]:
    """Return the strength, 0 to 1, at each squared distance: a smooth step that begins at `radius`."""
    width = max(feather, _LEAST_FEATHER)
    growth = []
    for square in range(_TABLE_SIZE):
        distance = sqrt(square / (_TABLE_SIZE - 1))
        step = min(1.0, max(0.0, (distance - radius) / width))
        growth.append(step * step * (3 - 2 * step))
    return growth
