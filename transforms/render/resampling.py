"""Resampling of a part of an image to a size: the one place that weighs pixels for a new raster."""

from math import ceil

from PIL import Image, ImageChops

from transforms.geometry import Box, Size, whole
from transforms.orientation import swaps_sides, turn_upright, upright_box, upright_size

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom in px."""

_MAX_GAP = 64
"""Px per px of the result that Pillow reduces in one step. Its weights are too coarse for more: white of 40
megapixels reduced to one px is a grey of 152."""
_REDUCING_GAP = 2.0
"""Reducing by whole numbers to twice the target first is 3 times faster."""
_LANCZOS_REACH = 3
"""Px of the result on each side that Lanczos weighs."""
_REDUCED_REACH = 2.5
"""Of the same, as Pillow's `reducing_gap` has it."""
_STRIP_PX = 4_000_000
"""The most px of a result with alpha that is made at once. A larger one is too near to its source for a
reduction by whole numbers, which would begin anew in each strip."""
_KERNEL = Image.Resampling.LANCZOS
_PREMULTIPLIED = {"RGBA": "RGBa", "LA": "La"}
_WITHOUT_ALPHA = {"RGBA": "RGB", "LA": "L"}
_OPAQUE = 255
_HEADROOM = 0.8
"""Lanczos overshoots at an edge by up to 10 % each way, and at a corner by 21 %. If alpha is clipped and the
colours weighted by it are not, they shine: a flat orange had a halo of 45 levels."""
_LOWERED = [round(level * _HEADROOM) for level in range(256)]
_IS_CLIPPED = [0, 0] + [255] * 254
"""By the difference of alpha from its unclipped value. One level is rounding."""
_IS_SATURATED = [255] + [0] * 254 + [255]


def resample(
    image: Image.Image,
    box: Box,
    size: Size,
    bounds: Box | None = None,
) -> Image.Image:
    """Return `box` of the image at `size`. Read no px outside of `bounds` if these are given.

    Colours are weighted by their alpha, so that hidden ones do not bleed."""
    if image.size == size and box == whole(size):
        return image
    if box == (int(box.left), int(box.top), *size):
        return _cut(image, int(box.left), int(box.top), size)
    if bounds:
        image, box = within_bounds(image, box, bounds)
    edges = box.edges(Size(*image.size))
    if image.mode not in _PREMULTIPLIED:
        return _resize(image, size, edges)
    if size.pixels <= _STRIP_PX:
        return _resize_with_alpha(image, size, edges)
    return _by_strips(image, size, edges)


def resample_alpha(band: Image.Image, size: Size) -> Image.Image:
    """Return all of an alpha or a mask (mode L) at `size`. Beside an edge it is flat."""
    if band.size == size:
        return band
    near, edges = _brought_near(band, size, (0, 0, *band.size))
    return _without_ripple(near.resize(size, _KERNEL, box=edges), near, edges)


def resample_upright(
    image: Image.Image,
    box: Box,
    size: Size,
    orientation: int,
) -> Image.Image:
    """Return `box` of an image with an orientation, upright and at `size`, as if it had been upright before.

    The turn moves the px of the result if the resampling allows that, and all of the image otherwise."""
    stored_size = upright_size(size, orientation)
    if not _is_reduced_in_passes(image, box, stored_size):
        upright = turn_upright(image, orientation)
        return resample(upright, upright_box(box, Size(*image.size), orientation), size)
    edges = box.edges(Size(*image.size))
    if not swaps_sides(orientation):
        small = _resize(image, stored_size, edges)
    elif _is_down_first(upright_size(Size(*image.size), orientation), size):
        small = _resize_down(_resize_across(image, stored_size.width, edges), stored_size.height, edges)
    else:
        small = _resize_across(_resize_down(image, stored_size.height, edges), stored_size.width, edges)
    return turn_upright(small, orientation)


def within_bounds(
    image: Image.Image,
    box: Box,
    bounds: Box,
) -> tuple[Image.Image, Box]:
    """Return the px that `bounds` touches, and `box` in these."""
    edges = bounds.edges(Size(*image.size))
    left = int(edges[0])
    top = int(edges[1])
    right = ceil(edges[2])
    bottom = ceil(edges[3])
    if (left, top, right, bottom) == (0, 0, *image.size):
        return image, box
    cut = image.crop((left, top, right, bottom))
    moved = box._replace(left=box.left - left, top=box.top - top)
    return cut, moved


def _cut(
    image: Image.Image,
    left: int,
    top: int,
    size: Size,
) -> Image.Image:
    right = left + size.width
    bottom = top + size.height
    return image.crop((left, top, right, bottom))


def _resize(image: Image.Image, size: Size, edges: Edges) -> Image.Image:
    """Return the px between `edges` at `size`, in the mode of the image, without regard to alpha."""
    near, near_edges = _brought_near(image, size, edges)
    return near.resize(size, _KERNEL, box=near_edges)


def _brought_near(image: Image.Image, size: Size, edges: Edges) -> tuple[Image.Image, Edges]:
    """Reduce an image by whole numbers as far as a kernel may follow. Return it, and the edges in it."""
    left, top, right, bottom = edges
    if max((right - left) / size.width, (bottom - top) / size.height) > _MAX_GAP:
        near = Size(_near_side(size.width, right - left), _near_side(size.height, bottom - top))
        image = image.resize(near, Image.Resampling.BOX, box=edges)
        left, top, right, bottom = (0, 0, *near)
    gap_across = (right - left) / size.width
    gap_down = (bottom - top) / size.height
    across = int(gap_across / _REDUCING_GAP) or 1
    down = int(gap_down / _REDUCING_GAP) or 1
    if across == down == 1:
        return image, (left, top, right, bottom)
    reach_across = gap_across * _REDUCED_REACH
    reach_down = gap_down * _REDUCED_REACH
    first_x = max(0, int(left - reach_across))
    first_y = max(0, int(top - reach_down))
    last_x = min(image.width, ceil(right + reach_across))
    last_y = min(image.height, ceil(bottom + reach_down))
    # the decoder of JPEG 2000 has a number of this name
    small = Image.Image.reduce(image, (across, down), (first_x, first_y, last_x, last_y))
    area = (left - first_x, top - first_y, right - first_x, bottom - first_y)
    return small, (area[0] / across, area[1] / down, area[2] / across, area[3] / down)


def _is_reduced_in_passes(image: Image.Image, box: Box, size: Size) -> bool:
    """Whether the resampling is a pass across and a pass down to fewer px, and nothing else."""
    if image.mode in _PREMULTIPLIED:
        return False
    across = box.width / size.width
    down = box.height / size.height
    return min(across, down) > 1 and max(across, down) < 2 * _REDUCING_GAP


def _is_down_first(source: Size, size: Size) -> bool:
    """Whether Pillow does the pass down before the pass across (Resample.c in version 13)."""
    return source.height - size.height > 2 * (source.width - size.width)


def _resize_across(image: Image.Image, width: int, edges: Edges) -> Image.Image:
    box = (edges[0], 0, edges[2], image.height)
    return image.resize((width, image.height), _KERNEL, box=box)


def _resize_down(image: Image.Image, height: int, edges: Edges) -> Image.Image:
    box = (0, edges[1], image.width, edges[3])
    return image.resize((image.width, height), _KERNEL, box=box)


def _by_strips(image: Image.Image, size: Size, edges: Edges) -> Image.Image:
    """Return a large result with alpha, made in strips. The copies of a strip take little memory."""
    left, top, right, bottom = edges
    gap = (bottom - top) / size.height
    reach = _LANCZOS_REACH * max(1.0, gap) + 1
    rows = max(1, _STRIP_PX // size.width)
    result = Image.new(image.mode, size)
    for row in range(0, size.height, rows):
        strip_size = Size(size.width, min(rows, size.height - row))
        start = top + row * gap
        end = start + strip_size.height * gap
        first = max(0, int(start - reach))
        last = min(image.height, ceil(end + reach))
        part = image.crop((0, first, image.width, last))
        strip = _resize_with_alpha(part, strip_size, (left, start - first, right, min(end, last) - first))
        result.paste(strip, (0, row))
    return result


def _resize_with_alpha(image: Image.Image, size: Size, edges: Edges) -> Image.Image:
    mode = image.mode
    least_alpha, most_alpha = _extremes_of_alpha(image)
    if least_alpha == _OPAQUE:
        return _resize(image.convert(_WITHOUT_ALPHA[mode]), size, edges).convert(mode)
    premultiplied, near_edges = _brought_near(image.convert(_PREMULTIPLIED[mode]), size, edges)
    result = premultiplied.resize(size, _KERNEL, box=near_edges)
    if most_alpha <= _OPAQUE * _HEADROOM:
        return result.convert(mode)
    lowered = premultiplied.point(_LOWERED * len(premultiplied.getbands()))
    straight = _without_halo(result, lowered.resize(size, _KERNEL, box=near_edges), mode)
    alpha = straight.getchannel("A")
    near_alpha = premultiplied.getchannel(premultiplied.getbands()[-1])
    straight.putalpha(_without_ripple(alpha, near_alpha, near_edges))
    return straight


def _without_ripple(
    alpha: Image.Image,
    source: Image.Image,
    edges: Edges,
) -> Image.Image:
    """Return a resampled alpha that is 0 and 255 if a bicubic resampling of `source` is.

    Lanczos leaves a second wave of 9 levels on both sides of an edge. The only wave of bicubic is clipped."""
    steady = source.resize(alpha.size, Image.Resampling.BICUBIC, box=edges)
    result = alpha.copy()
    result.paste(steady, mask=steady.point(_IS_SATURATED))
    return result


def _near_side(target: int, length: float) -> int:
    """Return the side of an intermediate image between `length` px and a much smaller `target`."""
    return min(target * _MAX_GAP // 2, ceil(length))


def _extremes_of_alpha(image: Image.Image) -> tuple[int, int]:
    least, most = image.getchannel("A").getextrema()
    return int(least), int(most)  # type: ignore[arg-type]


def _without_halo(
    premultiplied: Image.Image,
    lowered: Image.Image,
    mode: str,
) -> Image.Image:
    """Return a resampled image with straight alpha, its colours taken from `lowered` if alpha was clipped.

    `lowered` is the same with headroom above its levels, and therefore coarser."""
    alpha = premultiplied.getchannel(premultiplied.getbands()[-1])
    unclipped_alpha = lowered.getchannel(lowered.getbands()[-1])
    difference = ImageChops.difference(alpha.point(_LOWERED), unclipped_alpha)
    result = premultiplied.convert(mode)
    result.paste(lowered.convert(mode), mask=difference.point(_IS_CLIPPED))
    result.putalpha(alpha)
    return result
