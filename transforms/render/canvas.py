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
from .geometry import NOTHING, lay, pad, resample
from .neighbourhood import blurred, mirrored

_BLUR_SIDE, _BLUR_SIGMA = 64, 4
"""Px of the copy that is blurred to fill a canvas: a sigma of 6 % of its side, at any size in no time."""
_MARGIN = 2
"""Px around a turned image, as far as bicubic resampling reaches."""
_STEPS, _WHOLE = 16, 23_000
"""Steps per px of a turned edge: more while 16 bits hold a canvas's diagonal, where Pillow is fastest."""
_CRISP = ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 14, -1, 0, -1, 0))
"""What bilinear resampling takes away, beforehand. Against a spline of order 5, a detailed photograph has
40.5 dB bilinear, 44.2 so, 46.3 bicubic, a soft one 49.7, 51.7, 51.2. Bicubic takes 1.5 times as long."""
_HEADROOM = 0.87
"""Bicubic resampling swings over an edge by up to 15 %. Where alpha is clipped and colours below it are not,
they would shine."""
_QUARTERS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@measure.register
def measure_rotate(operation: Rotate, size: Size) -> Size:
    if not operation.expand or operation.angle % 180 == 0:
        return size
    return size.turned if operation.angle % 90 == 0 else turned_canvas(size, operation.angle)


@render.register
def rotate(operation: Rotate, image: Image.Image) -> Image.Image:
    canvas, background = measure_rotate(operation, Size(*image.size)), color_channels(operation.background)
    if operation.angle % 90:
        return _turn(image, operation.angle, canvas, background)
    if operation.angle % 360:
        image = image.transpose(_QUARTERS[int(operation.angle % 360)])
    left, top = (canvas.width - image.width) // 2, (canvas.height - image.height) // 2
    size = Size(*image.size)
    return pad(image, Placement(whole(size), size, canvas, left, top), background)


def _turn(image: Image.Image, angle: float, canvas: Size, background: tuple[int, ...]) -> Image.Image:
    """Colours go on beyond the edges, which a mask makes soft: what lies outside does not ring into them."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255:
        image = image.convert("RGB")
    around = mirrored(image, (_MARGIN,) * 4)
    back = turn_back(Size(*around.size), canvas, angle)
    axes = zip(image.size, (back[:3], back[3:]), strict=True)
    covered = ImageChops.multiply(*(_between(side, axis, canvas) for side, axis in axes))
    turned = _bend(around, canvas, back)
    is_opaque = turned.mode == "RGB"
    if is_opaque and background[3] == 255:
        turned.paste(background[:3], mask=ImageChops.invert(covered))
        return turned
    turned.putalpha(covered if is_opaque else ImageChops.multiply(covered, turned.getchannel("A")))
    if not background[3]:
        return turned
    corners = Image.new("RGBA", canvas, background).convert("RGBa")
    corners.paste(NOTHING, mask=covered)
    return ImageChops.add(turned.convert("RGBa"), corners).convert("RGBA")


def _between(side: int, axis: tuple[float, ...], canvas: Size) -> Image.Image:
    """Return how much of each px of a canvas lies inside an image's `side` px along one of its axes."""
    steps = max(_STEPS, _WHOLE // max(canvas))
    line = ImageOps.expand(Image.new("L", (side, 1), 255), (_MARGIN, 0))
    fine = line.resize((line.width * steps, 1), Image.Resampling.BILINEAR)
    along = (*(steps * term for term in axis), 0, 0, 0.5)
    return fine.transform(canvas, Image.Transform.AFFINE, along, Image.Resampling.NEAREST)


def _bend(image: Image.Image, canvas: Size, back: Affine) -> Image.Image:
    if image.mode == "RGB":
        return image.filter(_CRISP).transform(canvas, Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
    bicubic = (canvas, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
    roomy = image.convert("RGBa").point([value * _HEADROOM for value in range(256)] * 4)
    bent = roomy.transform(*bicubic).convert("RGBA")
    bent.putalpha(bent.getchannel("A").point([value / _HEADROOM for value in range(256)]))
    return bent


@settle.register
def settle_trim(operation: Trim, image: Image.Image, load: Load) -> Placement:
    return _content(operation, image)


@render.register
def trim(operation: Trim, image: Image.Image) -> Image.Image:
    return lay(_content(operation, image), image)


def _content(operation: Trim, image: Image.Image) -> Placement:
    """Return the cut that leaves out what is like the border or transparent; all if that is all."""
    size, below = Size(*image.size), operation.threshold
    like = Image.new("RGBA", (1, 1), color_channels(operation.color)) if operation.color else image
    border = like.crop((0, 0, 1, 1)).convert("RGBA").convert("RGBa").tobytes()
    differs = [255 * (abs(level - own) > below) for own in border for level in range(256)]
    if image.mode == "RGB":
        found = None if differs[-1] else image.point(differs[:-256]).getbbox()
    else:
        unlike = image.convert("RGBa").point(differs)
        hidden = image.getchannel("A").point([255 * (level <= below) for level in range(256)])
        unlike.paste(NOTHING, mask=hidden)
        found = unlike.getbbox(alpha_only=False)
    found = found or (0, 0, *size)
    left, top = (max(0, edge - operation.padding) for edge in found[:2])
    right, bottom = (min(side, edge + operation.padding) for side, edge in zip(size, found[2:], strict=True))
    target = Size(right - left, bottom - top)
    return Placement(Box(left, top, *target), target, target)


def _on_canvas(operation: Pad, size: Size) -> Placement:
    if operation.aspect_ratio is None:
        wide, high = (
            operation.left + size.width + operation.right,
            operation.top + size.height + operation.bottom,
        )
        return Placement(whole(size), size, Size(wide, high), operation.left, operation.top)
    canvas, (x, y) = grown_to(size, operation.aspect_ratio), GRAVITY[operation.gravity]
    left, top = int((canvas.width - size.width) * x), int((canvas.height - size.height) * y)
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
    canvas, at = placement.canvas, (placement.left, placement.top)
    small = scaled(canvas, _BLUR_SIDE / max(canvas))
    copy = resample(image, cover_box(Size(*image.size), canvas, Anchor()), small)
    below = resample(blurred(copy, _BLUR_SIGMA), whole(small), canvas)
    if image.mode == "RGBA":
        below.alpha_composite(image, at)
    else:
        below.paste(image, at)
    return below
