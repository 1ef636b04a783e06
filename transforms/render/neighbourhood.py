"""What filters share: pixels beyond the edges, the colours around hidden ones, weighted sums, the Gaussian.

Beyond its edges an image is mirrored (d c b a | a b c d): its mean stays, and no edge stands out."""

from collections.abc import Callable, Sequence
from math import ceil, exp, sqrt

from PIL import Image, ImageFilter, ImageOps

Margins = tuple[int, int, int, int]
"""Px to the left, above, to the right, below."""

_SCALES = ((16.0, 8), (5.0, 4), (2.5, 2))
"""From which sigma on the blur is done on an image so many times smaller. Worst error at sigma 5, in levels
of 255 (libvips; Pillow's GaussianBlur): photographs 2.9 (2.5; 1.3), a step of 255 levels 4.6 (11; 2.4), white
noise 5.5 (5.4; 1.9). CPU at 12 Mpx: 140 ms (90; 480)."""
_LEAST_BOX = 1.0
"""Least sigma for Pillow's GaussianBlur, which is three box filters. Worst error on black and white noise: 5
levels there, 22 at 0.7. Below it 5 x 5 weights are exact to 4 levels."""
_LEAST_FIVE = 0.5
"""Up to this sigma 3 x 3 weights are exact to 1 level."""
_REACH = 2.5
"""Sigma, px, that gives hidden pixels colours as far away as 5 x 5 weights reach, and is fast."""
_LARGE_SQUARE = 64
"""Px across, from which the mean of a square takes two steps."""


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    """Return the image (L, RGB or RGBA) blurred by a Gaussian of `sigma` px, colours weighted by alpha."""
    if image.mode == "RGBA":
        return blurred(image.convert("RGBa"), sigma).convert("RGBA")
    if sigma < _LEAST_BOX:
        return weighted(image, _gaussian(3 if sigma <= _LEAST_FIVE else 5, sigma))
    scale, _, margin = _split(sigma)
    return _spread(_reduced(image, scale, margin), image.size, sigma)


def spread(means: Image.Image, sigma: float) -> Image.Image:
    """Return what `blurred` makes of an image, from the means of its squares of `reduction(sigma)` px."""
    scale, _, margin = _split(sigma)
    return _spread(mirrored(means, (margin,) * 4), (means.width * scale, means.height * scale), sigma)


def reduction(sigma: float) -> int:
    """Return on an image how many times smaller a blur is done."""
    return next((scale for least, scale in _SCALES if sigma >= least), 1)


def _split(sigma: float) -> tuple[int, float, int]:
    """Return the reduction, the sigma that remains to be done then, and how far that reaches, in px."""
    scale = reduction(sigma)
    # reducing by k adds (k^2 - 1) / 12 to the variance, and enlarging by lines k^2 / 6 + 1 / 12
    remaining = sqrt((sigma / scale) ** 2 - (0.25 if scale > 1 else 0))
    return scale, remaining, ceil(3 * remaining) + 2


def _spread(wide: Image.Image, size: tuple[int, int], sigma: float) -> Image.Image:
    scale, remaining, margin = _split(sigma)
    soft = wide.filter(ImageFilter.GaussianBlur(remaining))
    if scale == 1:
        return soft.crop((margin, margin, margin + size[0], margin + size[1]))
    box = (margin, margin, margin + size[0] / scale, margin + size[1] / scale)
    return soft.resize(size, Image.Resampling.BILINEAR, box=box)


def _reduced(image: Image.Image, scale: int, margin: int) -> Image.Image:
    """Return the image `scale` times smaller, with `margin` px more on each side."""
    right, bottom = -image.width % scale, -image.height % scale
    if not right and not bottom:  # mirroring what is small already gives the same
        return mirrored(image if scale == 1 else image.reduce(scale), (margin,) * 4)
    far = margin * scale
    return mirrored(image, (far, far, far + right, far + bottom)).reduce(scale)


def _gaussian(size: int, sigma: float) -> list[float]:
    line = [exp(-((x - size // 2) ** 2) / (2 * sigma**2)) for x in range(size)]
    return [across * down for down in line for across in line]


def weighted(
    image: Image.Image, kernel: Sequence[float], *, scale: float | None = None, offset: float = 0.0
) -> Image.Image:
    """Return each pixel as the sum of its neighbourhood times `kernel`, 9 or 25 weights as they lie on it.

    The sum is divided by `scale`, or else by that of the weights; `offset` is added."""
    size = 3 if len(kernel) == 9 else 5
    # Pillow takes the lowest row first
    rows = [kernel[start : start + size] for start in range(0, len(kernel), size)]
    upside_down = [weight for row in reversed(rows) for weight in row]
    margin = size // 2
    wide = mirrored(image, (margin,) * 4)
    result = wide.filter(ImageFilter.Kernel((size, size), upside_down, scale, offset))
    return result.crop((margin, margin, margin + image.width, margin + image.height))


def mirrored(image: Image.Image, margins: Margins) -> Image.Image:
    """Return the image on a larger canvas, mirrored at its edges, again and again where it is small."""
    (width, height), (left, top, right, bottom) = image.size, margins
    left, top, right, bottom = min(left, width), min(top, height), min(right, width), min(bottom, height)
    result = Image.new(image.mode, (left + width + right, top + height + bottom))
    result.paste(image, (left, top))
    result.paste(ImageOps.mirror(image.crop((0, 0, left, height))), (0, top))
    result.paste(ImageOps.mirror(image.crop((width - right, 0, width, height))), (left + width, top))
    above, below = (0, top, result.width, 2 * top), (0, top + height - bottom, result.width, top + height)
    result.paste(ImageOps.flip(result.crop(above)), (0, 0))
    result.paste(ImageOps.flip(result.crop(below)), (0, top + height))
    rest = (margins[0] - left, margins[1] - top, margins[2] - right, margins[3] - bottom)
    return mirrored(result, rest) if any(rest) else result


def by_strips(
    band: Image.Image, margin: int, make: Callable[[Image.Image], Image.Image], *, pixels: int
) -> Image.Image:
    """Return what `make` gives for strips of a band (mode L) of about so many pixels.

    It takes each with `margin` px more on each side and returns it without."""
    wide = mirrored(band, (margin,) * 4)
    result = Image.new("L", band.size)
    rows = max(1, pixels // band.width)
    for top in range(0, band.height, rows):
        bottom = min(top + rows, band.height) + 2 * margin
        result.paste(make(wide.crop((0, top, wide.width, bottom))), (0, top))
    return result


def seen(image: Image.Image) -> Image.Image:
    """Return the colours alone, hidden ones replaced by the mean of those that are seen around them."""
    if image.mode != "RGBA" or image.getchannel("A").getextrema()[0]:
        return colors_of(image)
    around = colors_of(blurred(image, _REACH))
    around.paste(colors_of(image), mask=image.getchannel("A").point([0] + [255] * 255))
    return around


def colors_of(image: Image.Image) -> Image.Image:
    """Return the image without alpha, hidden colours as they are."""
    return image if image.mode == "RGB" else image.convert("RGB")


def veiled(colors: Image.Image, image: Image.Image) -> Image.Image:
    """Return `colors` below the alpha of `image`."""
    if image.mode != "RGBA":
        return colors
    result = colors.convert("RGB")  # a copy
    result.putalpha(image.getchannel("A"))
    return result


def squares(image: Image.Image, side: int) -> Image.Image:
    """Return the mean of each square; of those that an edge cuts, of what is there.

    Large ones in two steps: Pillow divides by a whole number of 24 bits, too coarse for many px at once."""
    return image.reduce(side) if side <= _LARGE_SQUARE else image.reduce((side, 1)).reduce((1, side))
