"""Rendering of progimage/operations/composite.py."""

from dataclasses import dataclass
from math import ceil

from PIL import Image

from progimage.operations.composite import Border, Composite, Shadow
from progimage.operations.geometry import Rotate
from progimage.parameters import color_channels
from transforms.geometry import GRAVITY, Size, fit_size, follow, scaled, whole

from .blending import blend
from .dispatch import Load, measure, render, settle
from .geometry import resample
from .neighbourhood import blurred


@dataclass(frozen=True)
class Layer:
    """What a composite settles to: RGBA, only as large as what is seen of it, and where that lies."""

    image: Image.Image
    place: tuple[int, int]
    blend: str


@settle.register
def settle_composite(operation: Composite, image: Image.Image, load: Load) -> Layer:
    size = Size(*image.size)
    sheet = _spread(operation, _layer(operation, load(operation.image), size), size)
    box = sheet.getbbox() or (0, 0, 1, 1)  # where nothing is seen, one transparent px is laid over
    return Layer(sheet.crop(box), box[:2], operation.blend)


@render.register
def lay_over(step: Layer, image: Image.Image) -> Image.Image:
    result, layer = image.copy(), step.image
    if step.blend != "normal":
        left, top = step.place
        layer = blend(step.blend, image.crop((left, top, left + layer.width, top + layer.height)), layer)
    if image.mode == "RGBA":
        result.alpha_composite(layer, step.place)
    else:
        result.paste(layer, step.place, layer)
    return result


def _layer(operation: Composite, other: Image.Image, below: Size) -> Image.Image:
    """Return the other image in RGBA as large, turned and opaque as it is to be."""
    own = Size(*other.size)
    box = scaled(below, operation.scale) if operation.scale else own
    if operation.width or operation.height:
        box = follow(own, operation.width, operation.height, 1.0)
    box = Size(min(box.width, below.width), min(box.height, below.height))
    layer = resample(other.convert("RGBA"), whole(own), fit_size(own, box, "inside", enlarge=True))
    if operation.rotation:
        layer = render(Rotate(angle=operation.rotation), layer)
    if operation.opacity < 100:
        strength = operation.opacity / 100
        layer.putalpha(layer.getchannel("A").point(lambda alpha: alpha * strength))
    return layer


def _spread(operation: Composite, layer: Image.Image, size: Size) -> Image.Image:
    """Return a sheet as large as the image with the layer in its place, or in all its places."""
    across, down = GRAVITY[operation.gravity]
    left, top = round((size.width - layer.width) * across), round((size.height - layer.height) * down)
    if operation.tile:
        step = Size(layer.width + max(0, operation.x), layer.height + max(0, operation.y))
        columns = range(left % step.width - step.width, size.width, step.width)
        rows = range(top % step.height - step.height, size.height, step.height)
    else:
        left += -operation.x if across == 1 else operation.x
        top += -operation.y if down == 1 else operation.y
        columns, rows = range(left, left + 1), range(top, top + 1)
    strip = Image.new("RGBA", (size.width, layer.height))
    for column in columns:
        strip.paste(layer, (column, 0))
    sheet = Image.new("RGBA", size)
    for row in rows:
        sheet.paste(strip, (0, row))
    return sheet


@measure.register
def measure_border(operation: Border, size: Size) -> Size:
    return Size(size.width + 2 * operation.width, size.height + 2 * operation.width)


@render.register
def border(operation: Border, image: Image.Image) -> Image.Image:
    color = color_channels(operation.color)
    mode = "RGBA" if color[3] < 255 else image.mode
    canvas = Image.new(mode, measure(operation, Size(*image.size)), color[: len(mode)])
    canvas.paste(image, (operation.width, operation.width))
    return canvas


def _margins(operation: Shadow) -> tuple[int, int, int, int]:
    """Return the px that the canvas grows by left, above, right and below."""
    reach = ceil(3 * operation.sigma)
    x, y = operation.x, operation.y
    return max(0, reach - x), max(0, reach - y), max(0, reach + x), max(0, reach + y)


@measure.register
def measure_shadow(operation: Shadow, size: Size) -> Size:
    left, top, right, bottom = _margins(operation)
    return Size(left + size.width + right, top + size.height + bottom)


@render.register
def shadow(operation: Shadow, image: Image.Image) -> Image.Image:
    left, top, _, _ = _margins(operation)
    *color, opacity = color_channels(operation.color)
    cast = Image.new("L", measure(operation, Size(*image.size)))
    full = image.getchannel("A") if image.mode == "RGBA" else Image.new("L", image.size, 255)
    cast.paste(full.point(lambda alpha: alpha * opacity / 255), (left + operation.x, top + operation.y))
    canvas = Image.new("RGB", cast.size, tuple(color))
    canvas.putalpha(blurred(cast, operation.sigma) if operation.sigma else cast)
    canvas.alpha_composite(image.convert("RGBA"), (left, top))
    return canvas
