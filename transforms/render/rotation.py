"""Rendering of rotate, of progimage/operations/geometry.py. Quarter turns are exact."""

from math import ceil, cos, floor, radians, sin

from PIL import Image, ImageChops

from progimage.operations.geometry import Rotate
from progimage.parameters import color_channels
from transforms.geometry import Placement, Size, whole

from .dispatch import measure, render
from .geometry import TRANSPARENT, pad
from .lattice import Affine, lattice, moved, parts, transformed, weighed
from .neighbourhood import mirrored
from .outline import Outline, covered_by, outline_of

_MARGIN = 6
"""Px around a turned image: further than any resampling reaches."""
_MAX_LATTICE_PX = 25_000_000
"""Px of an image whose lattice is made: 400 MB. A larger one is resampled by bicubic."""
_TILE_SIDE = 1_024
_CHECKED_ROWS = 64
_OFF_CENTER = 1e-4
"""Px by which no px of a canvas lies exactly on one of the image."""
_HEADROOM = 0.78
"""Bicubic resampling overshoots by up to 27 % (1.125 each way). If alpha is clipped and the colours below it
are not, they shine."""
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
    placement = Placement(whole(size), size, canvas, left, top)
    return pad(image, placement, background)


def _turn(
    image: Image.Image,
    angle: float,
    canvas: Size,
    background: tuple[int, ...],
) -> Image.Image:
    """Turn the image. Its colours go on beyond its edges, and a soft mask cuts them, so that nothing from
    outside rings into them."""
    if image.mode == "RGBA":
        least_alpha, _ = image.getchannel("A").getextrema()
        if least_alpha == 255:
            image = image.convert("RGB")
    size = Size(*image.size)
    around = mirrored(image, (_MARGIN,) * 4)
    back = turn_back(Size(*around.size), canvas, angle)
    outline = outline_of(size, canvas, _MARGIN)
    if image.mode == "RGB" and background[3] == 255 and _has_lattice(around):
        return _turn_onto(Image.new("RGB", canvas, background[:3]), around, back, outline)
    covered = covered_by(outline, canvas, back)
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


def _turn_onto(
    plain: Image.Image,
    around: Image.Image,
    back: Affine,
    outline: Outline,
) -> Image.Image:
    """Return a turned opaque image on an opaque colour. Few parts meet an edge, and only they need a mask."""
    source = lattice(around)
    for part in parts(Size(*around.size), Size(*plain.size), back, margin=_MARGIN + 1):
        mask = None
        if not part.is_inside:
            mask = covered_by(outline, part.size, moved(back, part.left, part.top))
        plain.paste(weighed(source, part, back), (part.left, part.top), mask)
    return plain


def _has_lattice(image: Image.Image) -> bool:
    return image.width * image.height <= _MAX_LATTICE_PX


def _transform(
    image: Image.Image,
    canvas: Size,
    back: Affine,
) -> Image.Image:
    affine = Image.Transform.AFFINE
    if image.mode == "RGB" and _has_lattice(image):
        return transformed(lattice(image), canvas, back)
    if image.mode == "RGB":
        return _with_checks(image).transform(canvas, affine, back, Image.Resampling.BICUBIC)
    if canvas.pixels <= _TILE_SIDE**2:
        return _transform_with_alpha(image, canvas, back)
    result = Image.new(image.mode, canvas)
    for top in range(0, canvas.height, _TILE_SIDE):
        for left in range(0, canvas.width, _TILE_SIDE):
            width = min(_TILE_SIDE, canvas.width - left)
            height = min(_TILE_SIDE, canvas.height - top)
            tile = _tile(image, (left, top, width, height), back)
            result.paste(tile, (left, top))
    return result


def _tile(
    image: Image.Image,
    box: tuple[int, int, int, int],
    back: Affine,
) -> Image.Image:
    """Return a part of a large canvas. The copies that a tile takes need little memory."""
    left, top, width, height = box
    across, down, start_x, across_y, down_y, start_y = back
    corners = [(x, y) for x in (left, left + width) for y in (top, top + height)]
    xs = [across * x + down * y + start_x for x, y in corners]
    ys = [across_y * x + down_y * y + start_y for x, y in corners]
    first_x = _even(min(max(floor(min(xs)) - _MARGIN, 0), image.width - 1))
    first_y = _even(min(max(floor(min(ys)) - _MARGIN, 0), image.height - 1))
    last_x = max(min(ceil(max(xs)) + _MARGIN, image.width), first_x + 1)
    last_y = max(min(ceil(max(ys)) + _MARGIN, image.height), first_y + 1)
    part = image.crop((first_x, first_y, last_x, last_y))
    x = start_x - first_x
    y = start_y - first_y
    tile_back = moved((across, down, x, across_y, down_y, y), left, top)
    return _transform_with_alpha(part, Size(width, height), tile_back)


def _even(position: int) -> int:
    """Return the even position at or before another, so that checks go on from tile to tile."""
    return position - position % 2


def _transform_with_alpha(
    image: Image.Image,
    canvas: Size,
    back: Affine,
) -> Image.Image:
    lowered = [value * _HEADROOM for value in range(256)]
    raised = [value / _HEADROOM for value in range(256)]
    roomy = image.convert("RGBa").point(lowered * 4)
    bent = _with_checks(roomy).transform(canvas, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
    turned = bent.convert("RGBA")
    bent_alpha = bent.getchannel("a")
    # the conversion from weighted colours cuts fractions off, and opaque px do not need it
    opaque = bent_alpha.point([255 if level == round(lowered[-1]) else 0 for level in range(256)])
    turned.paste(bent.point(raised * 4).convert("RGBA"), mask=opaque)
    turned.putalpha(bent_alpha.point(raised))
    return turned


def _with_checks(image: Image.Image) -> Image.Image:
    """Add one level to every other px of the image, and return it.

    Pillow's transform() cuts fractions off, so that it darkens by half a level. Between px the checks add
    half a level in the mean and always less than one, so that a flat colour stays as it is."""
    width, height = image.size
    line = (b"\0\1" * (width // 2 + 1))[:width]
    other_line = (b"\1\0" * (width // 2 + 1))[:width]
    band = Image.frombytes("L", (width, _CHECKED_ROWS), (line + other_line) * (_CHECKED_ROWS // 2))
    checks = Image.merge(image.mode, [band] * len(image.getbands()))
    for top in range(0, height, _CHECKED_ROWS):
        bottom = min(top + _CHECKED_ROWS, height)
        strip = image.crop((0, top, width, bottom))
        brighter = ImageChops.add(strip, checks.crop((0, 0, width, bottom - top)))
        image.paste(brighter, (0, top))
    return image


def turned_canvas(size: Size, angle: float) -> Size:
    """Return the smallest canvas that holds `size` turned by `angle` degrees."""
    across = abs(cos(radians(angle)))
    down = abs(sin(radians(angle)))
    width = size.width * across + size.height * down
    height = size.width * down + size.height * across
    # a cosine of 60 degrees is 0.5000000000000001
    exact_width = round(width, 6)
    exact_height = round(height, 6)
    return Size(ceil(exact_width), ceil(exact_height))


def turn_back(size: Size, canvas: Size, angle: float) -> Affine:
    """Return the affine map from a canvas to the image that is turned clockwise about their common centre."""
    across = cos(radians(angle))
    down = sin(radians(angle))
    x = canvas.width / 2
    y = canvas.height / 2
    left = size.width / 2 - across * x - down * y + _OFF_CENTER
    top = size.height / 2 + down * x - across * y + _OFF_CENTER
    return across, down, left, -down, across, top
