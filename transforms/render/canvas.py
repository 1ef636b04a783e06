"""Rendering of those operations of progimage/operations/geometry.py that change the canvas."""

from PIL import Image, ImageChops, ImageFilter, ImageOps

from progimage.operations.geometry import Pad, Rotate, Trim
from progimage.parameters import color_channels
from transforms.geometry import (
    GRAVITY,
    Affine,
    Anchor,
    Box,
    Placement,
    Size,
    cover_box,
    grown_to,
    scaled,
    turn_back,
    turned_canvas,
    whole,
)

from .dispatch import Load, measure, render, settle
from .geometry import TRANSPARENT, apply_placement, pad, resample
from .neighbourhood import blurred, mirrored

_BLUR_SIDE = 64
_BLUR_SIGMA = 4
"""Px of the copy that is blurred to fill a canvas. The sigma is 6 % of its side and takes no time at any
size."""
_MARGIN = 2
"""Px around a turned image, as far as bicubic resampling reaches."""
_LEAST_STEPS = 16
_MAX_FINE_SIDE = 23_000
"""Steps per px of a turned edge. There are more while 16 bits hold a canvas's diagonal, where Pillow is
fastest."""
_CRISP = ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 14, -1, 0, -1, 0))
"""Adds beforehand the detail that bilinear resampling takes away. PSNR against a spline of order 5: a
detailed photograph has 40.5 dB bilinear, 44.2 with this kernel, 46.3 bicubic; a soft one 49.7, 51.7, 51.2.
Bicubic takes 1.5 times as long."""
_HEADROOM = 0.87
"""Bicubic resampling overshoots at an edge by up to 15 %. If alpha is clipped and the colours below it are
not, they shine."""
_QUARTERS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@measure.register
def measure_rotate(operation: Rotate, size: Size) -> Size:
    if not operation.expand or operation.angle % 180 == 0:
        return size
    if operation.angle % 90 == 0:
        return size.turned
    return turned_canvas(size, operation.angle)


@render.register
def rotate(operation: Rotate, image: Image.Image) -> Image.Image:
    canvas = measure_rotate(operation, Size(*image.size))
    background = color_channels(operation.background)
    if operation.angle % 90:
        return _turn(image, operation.angle, canvas, background)
    if operation.angle % 360:
        image = image.transpose(_QUARTERS[int(operation.angle % 360)])
    size = Size(*image.size)
    left = (canvas.width - size.width) // 2
    top = (canvas.height - size.height) // 2
    return pad(image, Placement(whole(size), size, canvas, left, top), background)


def _turn(image: Image.Image, angle: float, canvas: Size, background: tuple[int, ...]) -> Image.Image:
    """Turn the image. Its colours go on beyond its edges, and a soft mask cuts them, so that nothing from
    outside rings into them."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255:
        image = image.convert("RGB")
    around = mirrored(image, (_MARGIN,) * 4)
    back = turn_back(Size(*around.size), canvas, angle)
    inside_across = _inside(image.width, back[:3], canvas)
    inside_down = _inside(image.height, back[3:], canvas)
    covered = ImageChops.multiply(inside_across, inside_down)
    turned = _transform(around, canvas, back)
    if turned.mode == "RGBA":
        covered_alpha = ImageChops.multiply(covered, turned.getchannel("A"))
        turned.putalpha(covered_alpha)
    elif background[3] == 255:
        turned.paste(background[:3], mask=ImageChops.invert(covered))
        return turned
    else:
        turned.putalpha(covered)
    if not background[3]:
        return turned
    corners = Image.new("RGBA", canvas, background).convert("RGBa")
    corners.paste(TRANSPARENT, mask=covered)
    return ImageChops.add(turned.convert("RGBa"), corners).convert("RGBA")


def _inside(side: int, axis: tuple[float, ...], canvas: Size) -> Image.Image:
    """Return the share of each px of a canvas that lies inside an image's `side` px along one of its axes."""
    steps = max(_LEAST_STEPS, _MAX_FINE_SIDE // max(canvas))
    line = ImageOps.expand(Image.new("L", (side, 1), 255), (_MARGIN, 0))
    fine_line = line.resize((line.width * steps, 1), Image.Resampling.BILINEAR)
    fine_axis = [steps * term for term in axis]
    return fine_line.transform(
        canvas,
        Image.Transform.AFFINE,
        (*fine_axis, 0, 0, 0.5),
        Image.Resampling.NEAREST,
    )


def _transform(image: Image.Image, canvas: Size, back: Affine) -> Image.Image:
    affine = Image.Transform.AFFINE
    if image.mode == "RGB":
        return image.filter(_CRISP).transform(canvas, affine, back, Image.Resampling.BILINEAR)
    lowered = [value * _HEADROOM for value in range(256)]
    raised = [value / _HEADROOM for value in range(256)]
    roomy = image.convert("RGBa").point(lowered * 4)
    turned = roomy.transform(canvas, affine, back, Image.Resampling.BICUBIC).convert("RGBA")
    turned.putalpha(turned.getchannel("A").point(raised))
    return turned


@settle.register
def settle_trim(operation: Trim, image: Image.Image, load: Load) -> Placement:
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
        border = Image.new("RGBA", (1, 1), color_channels(operation.color))
    border_levels = border.convert("RGBA").convert("RGBa").tobytes()
    differs = [
        255 if abs(level - border_level) > threshold else 0
        for border_level in border_levels
        for level in range(256)
    ]
    if image.mode == "RGB":
        opaque_differs = differs[-1]
        return None if opaque_differs else image.point(differs[:-256]).getbbox()
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
    left = int((canvas.width - size.width) * x)
    top = int((canvas.height - size.height) * y)
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
