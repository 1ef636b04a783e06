"""Rendering of trim and pad, of progimage/operations/geometry.py: they change the canvas."""

from PIL import Image

from progimage.operations.geometry import Pad, Trim
from progimage.parameters import color_channels
from transforms.fits import GRAVITY, Anchor, cover_box, grown_to
from transforms.geometry import Box, Placement, Size, scaled, whole

from .dispatch import Load, measure, render, settle
from .geometry import TRANSPARENT, apply_placement, pad
from .neighbourhood import blurred, mirrored
from .resampling import resample

_BLUR_SIDE = 64
_BLUR_SIGMA = 4
"""Px of the copy that is blurred to fill a canvas. The sigma is 6 %
of its side and takes no time at any size."""


@settle.register
def settle_trim(
    operation: Trim,
    image: Image.Image,
    load: Load,
) -> Placement:
    return _content(operation, image)


@render.register
def trim(operation: Trim, image: Image.Image) -> Image.Image:
    return apply_placement(_content(operation, image), image)


def _content(operation: Trim, image: Image.Image) -> Placement:
    """Return the cut that leaves out px that are like the border or transparent. If all px are, keep all."""
    width, height = image.size
    content = _find_content(operation, image) or (0, 0, width, height)
    padding = operation.padding
    left = max(0, content[0] - padding)
    top = max(0, content[1] - padding)
    right = min(width, content[2] + padding)
    bottom = min(height, content[3] + padding)
    target = Size(right - left, bottom - top)
    return Placement(Box(left, top, *target), target, target)


def _find_content(operation: Trim, image: Image.Image) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of the px that differ from the border; None if none does."""
    threshold = operation.threshold
    border = image.crop((0, 0, 1, 1))
    if operation.color:
        color = color_channels(operation.color)
        border = Image.new("RGBA", (1, 1), color)
    border_levels = border.convert("RGBA").convert("RGBa").tobytes()
    differs = [
        255 if abs(level - border_level) > threshold else 0
        for border_level in border_levels
        for level in range(256)
    ]
    if image.mode == "RGB":
        opaque_differs = differs[-1]
        if opaque_differs:
            return None
        return image.point(differs[:-256]).getbbox()
    unlike = image.convert("RGBa").point(differs)
    is_hidden = [255 if level <= threshold else 0 for level in range(256)]
    hidden = image.getchannel("A").point(is_hidden)
    unlike.paste(TRANSPARENT, mask=hidden)
    return unlike.getbbox(alpha_only=False)


def _on_canvas(operation: Pad, size: Size) -> Placement:
    if operation.aspect_ratio is None:
        width = operation.left + size.width + operation.right
        height = operation.top + size.height + operation.bottom
        canvas = Size(width, height)
        return Placement(whole(size), size, canvas, operation.left, operation.top)
    canvas = grown_to(size, operation.aspect_ratio)
    x, y = GRAVITY[operation.gravity]
    free_width = canvas.width - size.width
    free_height = canvas.height - size.height
    left = int(free_width * x)
    top = int(free_height * y)
    return Placement(whole(size), size, canvas, left, top)


@measure.register
def measure_pad(operation: Pad, size: Size) -> Size:
    return _on_canvas(operation, size).canvas


@render.register
def extend(operation: Pad, image: Image.Image) -> Image.Image:
    placement = _on_canvas(operation, Size(*image.size))
    if operation.fill == "mirror":
        return mirrored(image, placement.margins)
    if operation.fill == "blur":
        return _blur_around(image, placement)
    return pad(image, placement, color_channels(operation.background))


def _blur_around(image: Image.Image, placement: Placement) -> Image.Image:
    """Return the image over a blurred copy of itself that fills the canvas."""
    canvas = placement.canvas
    small_size = scaled(canvas, _BLUR_SIDE / max(canvas))
    covering = cover_box(Size(*image.size), canvas, Anchor())
    small = blurred(resample(image, covering, small_size), _BLUR_SIGMA)
    result = resample(small, whole(small_size), canvas)
    position = (placement.left, placement.top)
    if image.mode == "RGBA":
        result.alpha_composite(image, position)
    else:
        result.paste(image, position)
    return result
