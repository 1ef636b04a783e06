"""Shared parts of filters: pixels beyond the edges, colours around hidden ones, weighted sums, the Gaussian.

Beyond its edges an image is mirrored (d c b a | a b c d). So its mean stays, and no edge stands out."""

from collections.abc import Callable, Sequence
from math import ceil, exp, sqrt
from typing import NamedTuple

from PIL import Image, ImageFilter, ImageOps

from transforms.geometry import Size

from .enlarging import enlarged

Margins = tuple[int, int, int, int]
"""Px to the left, above, to the right, below."""

_REDUCTIONS = ((16.0, 8), (5.0, 4), (2.5, 2))
"""From each sigma on, the blur is done on an image so many times smaller. Worst error at sigma 5, in levels
of 255 (libvips; Pillow's GaussianBlur): photographs 3.2 (2.5; 1.3), a step of 255 levels 4.6 (11; 2.4),
white noise 5.5 (5.4; 1.9). CPU at 12 Mpx: 115 ms (90; 480)."""
_LEAST_BOX_SIGMA = 1.0
"""Least sigma for Pillow's GaussianBlur, which is three box filters. Its worst error on black and white
noise is 5 levels there, and 22 at 0.7. Below it 5 x 5 weights are exact to 4 levels."""
_LEAST_FIVE_SIGMA = 0.5
"""Up to this sigma 3 x 3 weights are exact to 1 level."""
_REACH_SIGMA = 2.5
"""Px. It gives hidden pixels colours as far away as 5 x 5 weights reach, and is fast."""
_LARGE_SQUARE = 64
"""Px across. The mean of a larger square takes two steps."""


class _Split(NamedTuple):
    """A blur in two parts: a reduction by `scale`, and a blur of `sigma` px that reaches `margin` px."""

    scale: int
    sigma: float
    margin: int


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    """Return the image (L, RGB or RGBA) blurred by a Gaussian of `sigma` px, colours weighted by alpha."""
    if image.mode == "RGBA":
        return blurred(image.convert("RGBa"), sigma).convert("RGBA")
    if sigma < _LEAST_BOX_SIGMA:
        side = 3 if sigma <= _LEAST_FIVE_SIGMA else 5
        return weighted(image, _gaussian(side, sigma))
    split = _split(sigma)
    return _blur_reduced(_reduced(image, split), image.size, split)


def spread(means: Image.Image, sigma: float) -> Image.Image:
    """Return the result of `blurred` for an image, given the means
    of its squares of `reduction(sigma)` px."""
    split = _split(sigma)
    size = (means.width * split.scale, means.height * split.scale)
    return _blur_reduced(mirrored(means, (split.margin,) * 4), size, split)


def reduction(sigma: float) -> int:
    """Return the factor by which an image is reduced before a blur."""
    return next(
        (scale for least_sigma, scale in _REDUCTIONS if sigma >= least_sigma),
        1,
    )


def _split(sigma: float) -> _Split:
    scale = reduction(sigma)
    # reducing by k adds (k^2 - 1) / 12 to the variance, and enlarging by lines k^2 / 6 + 1 / 12
    added_variance = 0.25 if scale > 1 else 0
    remaining_sigma = sqrt((sigma / scale) ** 2 - added_variance)
    return _Split(scale, remaining_sigma, ceil(3 * remaining_sigma) + 2)


def _blur_reduced(
    reduced: Image.Image,
    size: tuple[int, int],
    split: _Split,
) -> Image.Image:
    """Blur an image that `_reduced` has returned, and enlarge it to `size`."""
    width, height = size
    margin = split.margin
    soft = reduced.filter(ImageFilter.GaussianBlur(split.sigma))
    if split.scale == 1:
        return soft.crop((margin, margin, margin + width, margin + height))
    return enlarged(soft, Size(width, height), scale=split.scale, margin=margin)


def _reduced(image: Image.Image, split: _Split) -> Image.Image:
    """Return the image `scale` times smaller, with `margin` px more on each side."""
    scale = split.scale
    missing_width = -image.width % scale
    missing_height = -image.height % scale
    if not missing_width and not missing_height:
        # mirroring the reduced image gives the same
        small = image if scale == 1 else image.reduce(scale)
        return mirrored(small, (split.margin,) * 4)
    margin = split.margin * scale
    wide = mirrored(
        image,
        (margin, margin, margin + missing_width, margin + missing_height),
    )
    return wide.reduce(scale)


def _gaussian(side: int, sigma: float) -> list[float]:
    offsets = [position - side // 2 for position in range(side)]
    twice_variance = 2 * sigma**2
    line = [exp(-(offset**2) / twice_variance) for offset in offsets]
    return [across * down for down in line for across in line]


def weighted(
    image: Image.Image,
    kernel: Sequence[float],
    *,
    scale: float | None = None,
    offset: float = 0.0,
) -> Image.Image:
    """Return each pixel as the sum of its neighbourhood times `kernel`, 9 or 25 weights as they lie on it.

    The sum is divided by `scale`, or by the sum of the weights if that is None. Then `offset` is added."""
    side = 3 if len(kernel) == 9 else 5
    rows = [kernel[start : start + side] for start in range(0, len(kernel), side)]
    # Pillow takes the lowest row first
    upside_down = [weight for row in reversed(rows) for weight in row]
    pillow_kernel = ImageFilter.Kernel((side, side), upside_down, scale, offset)
    margin = side // 2
    wide = mirrored(image, (margin,) * 4)
    result = wide.filter(pillow_kernel)
    right = margin + image.width
    bottom = margin + image.height
    return result.crop((margin, margin, right, bottom))


def mirrored(image: Image.Image, margins: Margins) -> Image.Image:
    """Return the image on a larger canvas, mirrored at its edges.

    A small image is mirrored again and again."""
    width, height = image.size
    left = min(margins[0], width)
    top = min(margins[1], height)
    right = min(margins[2], width)
    bottom = min(margins[3], height)
    canvas_width = left + width + right
    canvas_height = top + height + bottom
    result = Image.new(image.mode, (canvas_width, canvas_height))
    result.paste(image, (left, top))
    left_part = image.crop((0, 0, left, height))
    right_part = image.crop((width - right, 0, width, height))
    result.paste(ImageOps.mirror(left_part), (0, top))
    result.paste(ImageOps.mirror(right_part), (left + width, top))
    lower_edge = top + height
    upper_part = result.crop((0, top, canvas_width, 2 * top))
    lower_part = result.crop((0, lower_edge - bottom, canvas_width, lower_edge))
    result.paste(ImageOps.flip(upper_part), (0, 0))
    result.paste(ImageOps.flip(lower_part), (0, lower_edge))
    remaining = (
        margins[0] - left,
        margins[1] - top,
        margins[2] - right,
        margins[3] - bottom,
    )
    return mirrored(result, remaining) if any(remaining) else result


def by_strips(
    band: Image.Image,
    margin: int,
    render_strip: Callable[[Image.Image], Image.Image],
    *,
    pixels: int,
) -> Image.Image:
    """Return a band (mode L) rendered in strips of about so many pixels.

    `render_strip` takes each strip with `margin` px more on each side, and returns it without them."""
    wide = mirrored(band, (margin,) * 4)
    result = Image.new("L", band.size)
    rows = max(1, pixels // band.width)
    for top in range(0, band.height, rows):
        bottom = min(top + rows, band.height) + 2 * margin
        strip = wide.crop((0, top, wide.width, bottom))
        result.paste(render_strip(strip), (0, top))
    return result


def visible_colors(image: Image.Image) -> Image.Image:
    """Return the colours without alpha.

    Hidden ones are replaced by the mean of the visible ones around them."""
    if image.mode != "RGBA":
        return colors_of(image)
    alpha = image.getchannel("A")
    least_alpha = alpha.getextrema()[0]
    if least_alpha:
        return colors_of(image)
    visible = alpha.point([0] + [255] * 255)
    around = colors_of(blurred(image, _REACH_SIGMA))
    around.paste(colors_of(image), mask=visible)
    return around


def colors_of(image: Image.Image) -> Image.Image:
    """Return the image without alpha, hidden colours as they are."""
    return image if image.mode == "RGB" else image.convert("RGB")


def with_alpha_of(image: Image.Image, colors: Image.Image) -> Image.Image:
    """Return `colors` with the alpha of `image`, if it has one."""
    if image.mode != "RGBA":
        return colors
    copy = colors.convert("RGB")
    copy.putalpha(image.getchannel("A"))
    return copy


def squares(image: Image.Image, side: int) -> Image.Image:
    """Return the mean of each square of `side` px. Squares that an edge cuts are means of their remaining px.

    Large ones take two steps. Pillow divides by a whole number of 24
    bits, which is too coarse for many px."""
    if side <= _LARGE_SQUARE:
        return image.reduce(side)
    columns = image.reduce((side, 1))
    return columns.reduce((1, side))
