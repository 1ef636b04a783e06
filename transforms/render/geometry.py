"""Rendering of progimage/operations/geometry.py."""

from dataclasses import replace
from functools import lru_cache

from PIL import Image

from progimage.errors import ParameterError
from progimage.operations import Operation, Resize
from progimage.operations.geometry import Crop, Flip, Thumbnail
from transforms.fits import (
    Anchor,
    contain,
    cover,
    fit_size,
    follow,
    part,
    shrunk_to,
)
from transforms.geometry import Box, Placement, Size, half_up, keep, whole

from .dispatch import Load, place, render, settle
from .resampling import resample
from .smart_focal import find_focal

_REMEMBERED = 64
"""A plan asks for the placement of an operation up to seven times, and many images have the same size."""
TRANSPARENT = (0, 0, 0, 0)
FLIPS = {
    "horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "both": Image.Transpose.ROTATE_180,
}


@place.register
@lru_cache(_REMEMBERED)
def place_resize(operation: Resize, size: Size) -> Placement:
    box = follow(size, operation.width, operation.height, operation.dpr)
    has_both_sides = operation.width and operation.height
    if has_both_sides and operation.fit == "cover":
        anchor = Anchor(operation.gravity, operation.focal)
        return cover(size, box, anchor, enlarge=operation.enlarge)
    if has_both_sides and operation.fit == "contain":
        return contain(size, box, operation.gravity, enlarge=operation.enlarge)
    target = fit_size(size, box, operation.fit, enlarge=operation.enlarge)
    return Placement(whole(size), target, target)


@place.register
@lru_cache(_REMEMBERED)
def place_thumbnail(operation: Thumbnail, size: Size) -> Placement:
    height = operation.height or operation.width
    box = follow(size, operation.width, height, operation.dpr)
    anchor = Anchor(operation.gravity, operation.focal)
    return cover(size, box, anchor, enlarge=operation.enlarge)


@place.register
@lru_cache(_REMEMBERED)
def place_crop(operation: Crop, size: Size) -> Placement:
    """Return the cut. Raise ParameterError if no part of the box is in the image."""
    left, width = _span(operation, "left", "width", size.width)
    top, height = _span(operation, "top", "height", size.height)
    if operation.aspect_ratio:
        width, height = shrunk_to(width, height, operation.aspect_ratio)
    anchor = Anchor(operation.gravity, operation.focal)
    anchored = part(size, width, height, anchor)
    if left is None:
        left = _in_whole_px(anchored.left, width)
    if top is None:
        top = _in_whole_px(anchored.top, height)
    box = Box(left, top, width, height)
    target = Size(half_up(width), half_up(height))
    return Placement(box, target, target, bounds=box)


def _span(
    operation: Crop,
    start_name: str,
    length_name: str,
    side: int,
) -> tuple[float | None, float]:
    """Return the start of a crop along one side, None if it has none, and the kept length, in px."""
    factor = side if operation.unit == "ratio" else 1
    start = getattr(operation, start_name)
    length = getattr(operation, length_name)
    if start is not None and start * factor >= side:
        raise ParameterError(
            f"Expected less than {side // factor} for crop.{start_name} on an image of {side} px but received"
            f" {start:g}",
            pointer=f"/{start_name}",
        )
    available = side - (start or 0) * factor
    kept = available if length is None else min(available, length * factor)
    return None if start is None else start * factor, kept


def _in_whole_px(start: float, length: float) -> float:
    """Return the start that gravity gives. A part of whole px starts at a whole px, so that it is not
    resampled by half a pixel."""
    return int(start) if length == int(length) else start


@render.register
def resize(operation: Resize | Thumbnail | Crop, image: Image.Image) -> Image.Image:
    size = Size(*image.size)
    placement = place(operation, size) or keep(size)
    return apply_placement(placement, image)


@render.register
def apply_placement(placement: Placement, image: Image.Image) -> Image.Image:
    resampled = resample(image, placement.box, placement.size, placement.bounds)
    return pad(resampled, placement)


@settle.register
def settle_aim(
    operation: Resize | Thumbnail | Crop,
    image: Image.Image,
    load: Load,
) -> Operation:
    return aimed(operation, image, Size(*image.size))


def aimed(
    operation: Operation,
    image: Image.Image,
    size: Size,
) -> Operation:
    """Return the operation for an image of `size`, with smart gravity
    settled. `image` is a copy of any size."""
    placement = place(operation, size)
    if placement is None or not is_open(operation):
        return operation
    width_share = placement.box.width / size.width
    height_share = placement.box.height / size.height
    focal = find_focal(image, width_share, height_share)
    return replace(operation, focal=focal)  # type: ignore[call-arg]


def is_open(step: object) -> bool:
    """Whether the step has smart gravity that is still to be settled to a focal point."""
    gravity = getattr(step, "gravity", None)
    focal = getattr(step, "focal", None)
    if gravity != "smart" or focal is not None:
        return False
    if isinstance(step, Crop):
        return step.left is None or step.top is None
    return getattr(step, "fit", "cover") == "cover"


def pad(
    image: Image.Image,
    placement: Placement,
    color: tuple[int, ...] = TRANSPARENT,
) -> Image.Image:
    """Return the image in its place on the canvas, surrounded by `color`."""
    if not placement.is_padded:
        return image
    canvas = Image.new("RGBA", placement.canvas, color)
    canvas.paste(image, (placement.left, placement.top))
    return canvas


@render.register
def flip(operation: Flip, image: Image.Image) -> Image.Image:
    return image.transpose(FLIPS[operation.direction])
