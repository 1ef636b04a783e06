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
from .geometry import TRANSPARENT
from .neighbourhood import blurred, squares
from .resampling import resample, resample_alpha
from .shapes import Edges, box_of, draw_shape

_IS_HIDDEN = bytes([255] + [0] * 255)
_MAX_CELLS = 6
"""The most colours that remain along the longer side of a redacted part."""
_LEVELS = bytes(round(value / 17) * 17 for value in range(256))
"""Four bits of each channel, both ends kept."""
_PERCENT = 2.55
"""Levels of 255."""

Region = tuple[float, float, float, float]
"""Left, top, width and height, in px or as shares."""


@dataclass(frozen=True)
class Stencil:
    """The settled form of a mask: the kept part of an image, and a mask of mode L that shows its px."""

    mask: Image.Image
    kept: Edges


@measure.register
def measure_mask(operation: Mask, size: Size) -> Size:
    left, top, right, bottom = _kept_edges(operation, size)
    return Size(right - left, bottom - top)


@settle.register
def settle_mask(
    operation: Mask,
    image: Image.Image,
    load: Load,
) -> Stencil:
    size = Size(*image.size)
    if operation.image:
        mask = _stretched(load(operation.image), operation.channel, size)
    else:
        mask = draw_shape(operation, size)
    if operation.feather:
        mask = _feathered(mask, operation.feather, is_shape=operation.image is None)
    if operation.invert:
        mask = ImageChops.invert(mask)
    kept = None
    if operation.image and operation.trim:
        kept = mask.getbbox()
    kept = kept or _kept_edges(operation, size)
    return Stencil(mask.crop(kept), kept)


@render.register
def apply_stencil(step: Stencil, image: Image.Image) -> Image.Image:
    if image.size != step.mask.size:
        image = image.crop(step.kept)
    return with_mask(image, step.mask)


def with_mask(image: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the image with its alpha multiplied by a mask. Fully transparent px lose their colours."""
    alpha = mask
    if image.mode == "RGBA":
        alpha = ImageChops.multiply(image.getchannel("A"), mask)
    # in memory alpha stands beside RGB; convert() would go through the image px by px
    result = image.copy()
    result.putalpha(alpha)
    hidden = alpha.point(_IS_HIDDEN, "1")
    result.paste(TRANSPARENT, (0, 0), hidden)
    return result


def _kept_edges(operation: Mask, size: Size) -> Edges:
    if operation.trim and operation.shape:
        return box_of(operation, size)
    return (0, 0, *size)


def _stretched(
    other: Image.Image,
    channel: str,
    size: Size,
) -> Image.Image:
    alpha = Image.new("L", other.size, 255)
    if other.mode == "RGBA":
        alpha = other.getchannel("A")
    mask = alpha
    if channel != "alpha":
        mask = ImageChops.multiply(other.convert("L"), alpha)
    return resample_alpha(mask, size)


def _feathered(
    mask: Image.Image,
    sigma: float,
    *,
    is_shape: bool,
) -> Image.Image:
    """Blur a mask.

    Around a shape everything is hidden, also beyond the image's edges; another image goes on there."""
    reach = ceil(3 * sigma) if is_shape else 0
    wide = blurred(ImageOps.expand(mask, reach), sigma)
    right = reach + mask.width
    bottom = reach + mask.height
    return wide.crop((reach, reach, right, bottom))


@render.register
def colorkey(operation: Colorkey, image: Image.Image) -> Image.Image:
    color = color_channels(operation.color)[:3]
    bands = image.split()[:3]
    pairs = zip(bands, color, strict=True)
    distances = [_distance(band, level) for band, level in pairs]
    furthest = reduce(ImageChops.lighter, distances)
    opacities = [_opacity(operation, distance) for distance in range(256)]
    return with_mask(image, furthest.point(opacities))


def _distance(band: Image.Image, key_level: int) -> Image.Image:
    distances = [abs(level - key_level) for level in range(256)]
    return band.point(distances)


def _opacity(operation: Colorkey, distance: int) -> int:
    excess = distance / _PERCENT - operation.tolerance
    if operation.feather:
        share = excess / operation.feather
        share = min(max(share, 0.0), 1.0)
    else:
        share = 1.0 if excess > 0 else 0.0
    if operation.invert:
        share = 1 - share
    return round(255 * share)


@measure.register
def measure_redact(operation: Redact, size: Size) -> Size:
    """Return the same size. Raise ParameterError for a part outside of the image, which the client would
    believe to be redacted."""
    for _ in _boxes(operation, size):
        pass
    return size


@render.register
def redact(operation: Redact, image: Image.Image) -> Image.Image:
    color = color_channels(operation.color)
    is_hole = operation.mode == "fill" and color[3] < 255
    result = image.convert("RGBA") if is_hole else image.copy()
    for box in _boxes(operation, Size(*image.size)):
        if operation.mode == "fill":
            channels = len(result.getbands())
            result.paste(color[:channels], box)
        else:
            part = result.crop(box)
            result.paste(_coarse(part, operation), box)
    return result


def _boxes(operation: Redact, size: Size) -> Iterator[Edges]:
    """Yield each region in whole px, rounded outwards and clipped to the image.

    Raise ParameterError for one outside of it."""
    for start in range(0, len(operation.regions), 4):
        region = operation.regions[start : start + 4]
        left, top, width, height = region
        box = _box((left, top, width, height), operation.unit, size)
        has_no_width = box[0] >= box[2]
        has_no_height = box[1] >= box[3]
        if has_no_width or has_no_height:
            raise ParameterError(
                f"Expected a part inside an image of {size.width} x {size.height} px for redact.regions"
                f" but received {left:g};{top:g};{width:g};{height:g}",
                pointer=f"/regions/{start}",
            )
        yield box


def _box(region: Region, unit: str, size: Size) -> Edges:
    left, top, width, height = region
    scale_x = 1
    scale_y = 1
    if unit == "ratio":
        scale_x, scale_y = size
    # 0.1 + 0.2 is more than 0.3
    first_x = round(left * scale_x, 6)
    first_y = round(top * scale_y, 6)
    right = left + width
    bottom = top + height
    last_x = round(right * scale_x, 6)
    last_y = round(bottom * scale_y, 6)
    return (
        max(0, floor(first_x)),
        max(0, floor(first_y)),
        min(size.width, ceil(last_x)),
        min(size.height, ceil(last_y)),
    )


def _coarse(part: Image.Image, operation: Redact) -> Image.Image:
    """Return a part reduced to few means, in 16 levels each: squares of them, or a smooth surface."""
    longer_side = max(part.size)
    side = max(operation.size, ceil(longer_side / _MAX_CELLS))
    premultiplied = part.convert("RGBa") if part.mode == "RGBA" else part
    means = squares(premultiplied, side).convert(part.mode)
    means = means.point(_LEVELS * len(part.getbands()))
    size = Size(means.width * side, means.height * side)
    if operation.mode == "pixelate":
        large = means.resize(size, Image.Resampling.NEAREST)
    else:
        large = resample(means, whole(Size(*means.size)), size)
    return large.crop((0, 0, *part.size))
