"""Rendering of progimage/operations/geometry.py."""

from dataclasses import replace
from math import ceil

from PIL import Image

from progimage.errors import ParameterError
from progimage.operations import Operation, Resize
from progimage.operations.geometry import Crop, Flip, Thumbnail
from transforms.geometry import (
    Anchor,
    Box,
    Placement,
    Size,
    contain,
    cover,
    fit_size,
    follow,
    half_up,
    keep,
    part,
    shrunk_to,
    whole,
)

from .dispatch import Load, place, render, settle
from .smart_focal import find_focal

_MAX_GAP = 64
"""Px per px of the result that Pillow reduces in one step: its weights are too coarse for more, and white of
40 megapixels reduced to one px is a grey of 152."""
_PREMULTIPLIED = {"RGBA": "RGBa", "LA": "La"}
NOTHING = (0, 0, 0, 0)
FLIPS = {
    "horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "both": Image.Transpose.ROTATE_180,
}


@place.register
def place_resize(operation: Resize, size: Size) -> Placement:
    box = follow(size, operation.width, operation.height, operation.dpr)
    if operation.width and operation.height and operation.fit == "cover":
        anchor = Anchor(operation.gravity, operation.focal)
        return cover(size, box, anchor, enlarge=operation.enlarge)
    if operation.width and operation.height and operation.fit == "contain":
        return contain(size, box, operation.gravity, enlarge=operation.enlarge)
    target = fit_size(size, box, operation.fit, enlarge=operation.enlarge)
    return Placement(whole(size), target, target)


@place.register
def place_thumbnail(operation: Thumbnail, size: Size) -> Placement:
    box = follow(size, operation.width, operation.height or operation.width, operation.dpr)
    return cover(size, box, Anchor(operation.gravity, operation.focal), enlarge=operation.enlarge)


@place.register
def place_crop(operation: Crop, size: Size) -> Placement:
    """Raises ParameterError where no part of the box is in the image."""
    left, width = _span(operation, "left", "width", size.width)
    top, height = _span(operation, "top", "height", size.height)
    if operation.aspect_ratio:
        width, height = shrunk_to(width, height, operation.aspect_ratio)
    free = part(size, width, height, Anchor(operation.gravity, operation.focal))
    left = _whole_px(free.left, width) if left is None else left
    top = _whole_px(free.top, height) if top is None else top
    target, box = Size(half_up(width), half_up(height)), Box(left, top, width, height)
    return Placement(box, target, target, bounds=box)


def _span(operation: Crop, start: str, length: str, side: int) -> tuple[float | None, float]:
    """Return where a crop begins, if it says so, and how much it keeps of one side, in px."""
    factor = side if operation.unit == "ratio" else 1
    begins, wanted = getattr(operation, start), getattr(operation, length)
    if begins is not None and begins * factor >= side:
        raise ParameterError(
            f"Expected less than {side // factor} for crop.{start} on an image of {side} px but received"
            f" '{begins:g}'",
            pointer=f"/{start}",
        )
    room = side - (begins or 0) * factor
    kept = room if wanted is None else min(room, wanted * factor)
    return None if begins is None else begins * factor, kept


def _whole_px(start: float, length: float) -> float:
    """Where gravity decides, whole pixels are kept as they are and not resampled by half a pixel."""
    return int(start) if length == int(length) else start


@render.register
def resize(operation: Resize | Thumbnail | Crop, image: Image.Image) -> Image.Image:
    size = Size(*image.size)
    return lay(place(operation, size) or keep(size), image)


@render.register
def lay(placement: Placement, image: Image.Image) -> Image.Image:
    """Return what a placement makes of the image."""
    return pad(resample(image, placement.box, placement.size, placement.bounds), placement)


@settle.register
def settle_aim(operation: Resize | Thumbnail | Crop, image: Image.Image, load: Load) -> Operation:
    return aimed(operation, image, Size(*image.size))


def aimed(operation: Operation, image: Image.Image, size: Size) -> Operation:
    """Return the operation for an image of `size`, smart gravity settled on a copy of any size."""
    placement = place(operation, size)
    if placement is None or not is_open(operation):
        return operation
    focal = find_focal(image, placement.box.width / size.width, placement.box.height / size.height)
    return replace(operation, focal=focal)  # type: ignore[call-arg]


def is_open(step: object) -> bool:
    """Whether the step has a gravity that is still to be settled to a focal point."""
    if getattr(step, "gravity", None) != "smart" or getattr(step, "focal", None) is not None:
        return False
    if isinstance(step, Crop):
        return step.left is None or step.top is None
    return getattr(step, "fit", "cover") == "cover"


def resample(image: Image.Image, box: Box, size: Size, bounds: Box | None = None) -> Image.Image:
    """Return `box` of the image at `size`, of px in `bounds` alone where these are given.

    Colours are weighted by their alpha: hidden ones do not bleed."""
    if image.size == size and box == whole(size):
        return image
    if box == (int(box.left), int(box.top), *size):
        left, top = int(box.left), int(box.top)
        return image.crop((left, top, left + size.width, top + size.height))
    if bounds:
        edges = bounds.edges(Size(*image.size))
        image = image.crop((int(edges[0]), int(edges[1]), ceil(edges[2]), ceil(edges[3])))
        box = box._replace(left=box.left - int(edges[0]), top=box.top - int(edges[1]))
    mode, edges = image.mode, box.edges(Size(*image.size))
    if mode in _PREMULTIPLIED:
        image = image.convert(_PREMULTIPLIED[mode])
    if max(box.width / size.width, box.height / size.height) > _MAX_GAP:
        lengths = zip(size, box[2:], strict=True)
        near = Size(*(min(side * _MAX_GAP // 2, ceil(length)) for side, length in lengths))
        image, edges = image.resize(near, Image.Resampling.BOX, box=edges), (0, 0, *near)
    # reducing by whole numbers to twice the target first is 3 times faster
    result = image.resize(size, Image.Resampling.LANCZOS, box=edges, reducing_gap=2.0)
    return result if result.mode == mode else result.convert(mode)


def pad(image: Image.Image, placement: Placement, color: tuple[int, ...] = NOTHING) -> Image.Image:
    """Return the image in its place on the canvas, transparent around it or of that colour."""
    if not placement.is_padded:
        return image
    canvas = Image.new("RGBA", placement.canvas, color)
    canvas.paste(image, (placement.left, placement.top))
    return canvas


@render.register
def flip(operation: Flip, image: Image.Image) -> Image.Image:
    return image.transpose(FLIPS[operation.direction])
