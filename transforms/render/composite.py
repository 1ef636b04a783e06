"""Rendering of progimage/operations/composite.py."""

from dataclasses import dataclass
from math import ceil

from PIL import Image

from progimage.operations.composite import Border, Composite, Shadow
from progimage.operations.geometry import Rotate
from progimage.parameters import color_channels
from transforms.fits import GRAVITY, fit_size, follow
from transforms.geometry import Size, scaled, smaller_of, whole

from .blending import blend
from .dispatch import Load, measure, render, settle
from .neighbourhood import Margins, blurred
from .resampling import resample

_ONE_PX = (0, 0, 1, 1)
_STRIP_PX = 1_000_000


@dataclass(frozen=True)
class Layer:
    """The settled form of a composite: RGBA, only as large as its visible part, and the position of that."""

    image: Image.Image
    position: tuple[int, int]
    blend: str


@settle.register
def settle_composite(
    operation: Composite,
    image: Image.Image,
    load: Load,
) -> Layer:
    size = Size(*image.size)
    layer = _prepare(operation, load(operation.image), size)
    sheet = _distribute(operation, layer, size)
    # if nothing is visible, one transparent px is laid over the image
    box = sheet.getbbox() or _ONE_PX
    if box != (0, 0, *size):
        sheet = sheet.crop(box)
    return Layer(sheet, box[:2], operation.blend)


@render.register
def lay_over(step: Layer, image: Image.Image) -> Image.Image:
    """Lay the layer over the image in strips. The values of a blend take up to four times its memory."""
    result = image.copy()
    left, top = step.position
    width = step.image.width
    rows = max(1, _STRIP_PX // width)
    for first in range(0, step.image.height, rows):
        last = min(first + rows, step.image.height)
        layer = step.image.crop((0, first, width, last))
        if step.blend != "normal":
            below = image.crop((left, top + first, left + width, top + last))
            layer = blend(step.blend, below, layer)
        if image.mode == "RGBA":
            result.alpha_composite(layer, (left, top + first))
        else:
            result.paste(layer, (left, top + first), layer)
    return result


def _prepare(
    operation: Composite,
    other: Image.Image,
    below: Size,
) -> Image.Image:
    """Return the other image in RGBA, in its final size, turn and opacity."""
    other_size = Size(*other.size)
    box = _layer_box(operation, other_size, below)
    target = fit_size(other_size, box, "inside", enlarge=True)
    layer = resample(other.convert("RGBA"), whole(other_size), target)
    if operation.rotation:
        layer = render(Rotate(angle=operation.rotation), layer)
    if operation.opacity < 100:
        strength = operation.opacity / 100
        alpha = layer.getchannel("A").point(lambda level: level * strength)
        layer.putalpha(alpha)
    return layer


def _layer_box(
    operation: Composite,
    other_size: Size,
    below: Size,
) -> Size:
    """Return the box that the layer has to fit in, never larger than the image below."""
    box = other_size
    if operation.scale:
        box = scaled(below, operation.scale)
    if operation.width or operation.height:
        box = follow(other_size, operation.width, operation.height, 1.0)
    return smaller_of(box, below)


def _distribute(
    operation: Composite,
    layer: Image.Image,
    size: Size,
) -> Image.Image:
    """Return a sheet as large as the image that holds the layer at its position, or tiled."""
    across, down = GRAVITY[operation.gravity]
    free_width = size.width - layer.width
    free_height = size.height - layer.height
    left = round(free_width * across)
    top = round(free_height * down)
    sheet = Image.new("RGBA", size)
    if not operation.tile:
        # offsets lead inwards from the right and the lower edge
        left += -operation.x if across == 1 else operation.x
        top += -operation.y if down == 1 else operation.y
        sheet.paste(layer, (left, top))
        return sheet
    step_x = layer.width + max(0, operation.x)
    step_y = layer.height + max(0, operation.y)
    first_column = left % step_x - step_x
    first_row = top % step_y - step_y
    strip = Image.new("RGBA", (size.width, layer.height))
    for column in range(first_column, size.width, step_x):
        strip.paste(layer, (column, 0))
    for row in range(first_row, size.height, step_y):
        sheet.paste(strip, (0, row))
    return sheet


@measure.register
def measure_border(operation: Border, size: Size) -> Size:
    both_sides = 2 * operation.width
    return Size(size.width + both_sides, size.height + both_sides)


@render.register
def border(operation: Border, image: Image.Image) -> Image.Image:
    color = color_channels(operation.color)
    is_translucent = color[3] < 255
    mode = "RGBA" if is_translucent else image.mode
    size = measure(operation, Size(*image.size))
    canvas = Image.new(mode, size, color[: len(mode)])
    canvas.paste(image, (operation.width, operation.width))
    return canvas


def _margins(operation: Shadow) -> Margins:
    """Return the px that the canvas grows by left, above, right and below."""
    reach = ceil(3 * operation.sigma)
    return (
        max(0, reach - operation.x),
        max(0, reach - operation.y),
        max(0, reach + operation.x),
        max(0, reach + operation.y),
    )


@measure.register
def measure_shadow(operation: Shadow, size: Size) -> Size:
    left, top, right, bottom = _margins(operation)
    return Size(left + size.width + right, top + size.height + bottom)


@render.register
def shadow(operation: Shadow, image: Image.Image) -> Image.Image:
    left, top, _, _ = _margins(operation)
    *color, opacity = color_channels(operation.color)
    shape = Image.new("L", image.size, 255)
    if image.mode == "RGBA":
        shape = image.getchannel("A")
    canvas_size = measure(operation, Size(*image.size))
    cast = Image.new("L", canvas_size)
    faded = shape.point(lambda alpha: alpha * opacity / 255)
    cast_left = left + operation.x
    cast_top = top + operation.y
    cast.paste(faded, (cast_left, cast_top))
    if operation.sigma:
        cast = blurred(cast, operation.sigma)
    canvas = Image.new("RGB", canvas_size, tuple(color))
    canvas.putalpha(cast)
    canvas.alpha_composite(image.convert("RGBA"), (left, top))
    return canvas
