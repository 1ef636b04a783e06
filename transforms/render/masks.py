"""Rendering of progimage/operations/masks.py."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import ceil, floor

from PIL import Image, ImageChops, ImageOps

from progimage.errors import ParameterError
from progimage.operations.masks import Colorkey, Mask, Redact
from progimage.parameters import color_channels
from transforms.geometry import Size, whole

from .dispatch import Load, measure, render, settle
from .geometry import resample
from .neighbourhood import blurred, squares
from .shapes import Edges, box_of, draw_shape

_HIDDEN = bytes([255] + [0] * 255)
_CELLS = 6
"""The most colours that are left along the longer side of a part."""
_LEVELS = bytes(round(value / 17) * 17 for value in range(256))
"""Four bits of each channel, both ends kept."""


@dataclass(frozen=True)
class Stencil:
    """What a mask settles to: the part of an image that is kept, and in mode L how much of that shows."""

    mask: Image.Image
    kept: Edges


@measure.register
def measure_mask(operation: Mask, size: Size) -> Size:
    left, top, right, bottom = _kept(operation, size)
    return Size(right - left, bottom - top)


@settle.register
def settle_mask(operation: Mask, image: Image.Image, load: Load) -> Stencil:
    size = Size(*image.size)
    if operation.image:
        mask = _stretched(load(operation.image), operation.channel, size)
    else:
        mask = draw_shape(operation, size)
    if operation.feather:
        mask = _feathered(mask, operation.feather, is_shape=operation.image is None)
    if operation.invert:
        mask = ImageChops.invert(mask)
    is_seen = operation.image and operation.trim
    kept = (mask.getbbox() if is_seen else None) or _kept(operation, size)
    return Stencil(mask.crop(kept), kept)


@render.register
def apply_stencil(step: Stencil, image: Image.Image) -> Image.Image:
    return show(image if image.size == step.mask.size else image.crop(step.kept), step.mask)


def show(image: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the image with its alpha multiplied by a mask, and no colours where nothing is left to see."""
    alpha = ImageChops.multiply(image.getchannel("A"), mask) if image.mode == "RGBA" else mask
    result = image.copy()  # alpha fits in beside RGB, which convert() would go through px by px
    result.putalpha(alpha)
    result.paste((0, 0, 0, 0), (0, 0), alpha.point(_HIDDEN, "1"))
    return result


def _kept(operation: Mask, size: Size) -> Edges:
    return box_of(operation, size) if operation.trim and operation.shape else (0, 0, *size)


def _stretched(other: Image.Image, channel: str, size: Size) -> Image.Image:
    alpha = other.getchannel("A") if other.mode == "RGBA" else Image.new("L", other.size, 255)
    mask = alpha if channel == "alpha" else ImageChops.multiply(other.convert("L"), alpha)
    return resample(mask, whole(Size(*mask.size)), size)


def _feathered(mask: Image.Image, sigma: float, *, is_shape: bool) -> Image.Image:
    """Nothing is seen around a shape, beyond the image's edges either; another image goes on there."""
    reach = ceil(3 * sigma) if is_shape else 0
    wide = blurred(ImageOps.expand(mask, reach), sigma)
    return wide.crop((reach, reach, reach + mask.width, reach + mask.height))


@render.register
def colorkey(operation: Colorkey, image: Image.Image) -> Image.Image:
    colors = zip(image.split()[:3], color_channels(operation.color), strict=False)
    apart = [band.point([abs(level - key) for level in range(256)]) for band, key in colors]
    furthest = reduce(ImageChops.lighter, apart)
    return show(image, furthest.point([_opacity(operation, level) for level in range(256)]))


def _opacity(operation: Colorkey, distance: int) -> int:
    beyond = distance / 2.55 - operation.tolerance
    share = min(max(beyond / operation.feather, 0.0), 1.0) if operation.feather else float(beyond > 0)
    return round(255 * (1 - share if operation.invert else share))


@measure.register
def measure_redact(operation: Redact, size: Size) -> Size:
    """Whoever names a part that is not there would take the image for redacted."""
    list(_boxes(operation, size))
    return size


@render.register
def redact(operation: Redact, image: Image.Image) -> Image.Image:
    color = color_channels(operation.color)
    is_hole = operation.mode == "fill" and color[3] < 255
    result = image.convert("RGBA") if is_hole else image.copy()
    for box in _boxes(operation, Size(*image.size)):
        if operation.mode == "fill":
            result.paste(color[: len(result.getbands())], box)
        else:
            result.paste(_coarse(result.crop(box), operation), box)
    return result


def _boxes(operation: Redact, size: Size) -> Iterator[Edges]:
    """Parts in whole px, rounded outwards, cut to the image. Raises ParameterError for one outside of it."""
    across, down = size if operation.unit == "ratio" else (1, 1)
    numbers = iter(operation.regions)
    for index, (left, top, width, height) in enumerate(zip(numbers, numbers, numbers, numbers, strict=True)):
        exact = left * across, top * down, (left + width) * across, (top + height) * down
        first_x, first_y, last_x, last_y = (round(edge, 6) for edge in exact)  # 0.1 + 0.2 is more than 0.3
        box = (
            max(0, floor(first_x)),
            max(0, floor(first_y)),
            min(size.width, ceil(last_x)),
            min(size.height, ceil(last_y)),
        )
        if box[0] >= box[2] or box[1] >= box[3]:
            raise ParameterError(
                f"Expected a part inside an image of {size.width} x {size.height} px for redact.regions"
                f" but received {left:g};{top:g};{width:g};{height:g}",
                pointer=f"/regions/{4 * index}",
            )
        yield box


def _coarse(part: Image.Image, operation: Redact) -> Image.Image:
    """Both modes show the same few means, in 16 levels each: squares of them, or a smooth surface."""
    side = max(operation.size, ceil(max(part.size) / _CELLS))
    weighted = part.convert("RGBa") if part.mode == "RGBA" else part
    means = squares(weighted, side).convert(part.mode).point(_LEVELS * len(part.getbands()))
    size = means.width * side, means.height * side
    if operation.mode == "pixelate":
        large = means.resize(size, Image.Resampling.NEAREST)
    else:
        large = resample(means, whole(Size(*means.size)), Size(*size))
    return large.crop((0, 0, *part.size))
