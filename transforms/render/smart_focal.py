"""The focal point of smart gravity: the part of an image that has the most detail, colour and tones of skin.

The measures are those of smartcrop.js and of libvips's smartcrop."""

from functools import reduce
from itertools import accumulate, product

from PIL import Image, ImageChops, ImageFilter, ImageStat

from transforms.geometry import Size, scaled

_SIDE = 64
"""Px of the copy that is examined. Finer structures such as grass or noise draw no eye. At 128 px the parts
agree less with libvips's; at 32 places are coarse."""
_DETAIL_SIGMA = 1.5
_DETAIL_WEIGHT = 20
_COLOR_WEIGHT = 1
_SKIN_WEIGHT = 8
"""Less weight for skin agrees with libvips a little more, and prefers an astronaut's helmet to her face."""
_SKIN_CB = [max(0, 255 - abs(value - 102) * 10) for value in range(256)]
_SKIN_CR = [max(0, 255 - abs(value - 153) * 12) for value in range(256)]
"""Fading from the centre of 77-127 and 133-173. Source: Chai and Ngan
1999, Face segmentation using skin-color map."""
_LIT = [255 if value > 50 else 0 for value in range(256)]

SumTable = list[list[int]]
"""Row y and column x hold the sum of all pixels above and left of that place."""


def find_focal(
    image: Image.Image,
    width: float,
    height: float,
) -> tuple[float, float]:
    """Return the centre of the best part with these shares of width and height: x and y, 0-1.

    Pixels in the middle of a part count more. Of equally good parts, take the one nearest to the centre."""
    factor = min(1.0, _SIDE / max(image.size))
    size = scaled(Size(*image.size), factor)
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=1.0)
    table = _sum_up(_interest(small), small.width)
    part_width = max(1, round(width * small.width))
    part_height = max(1, round(height * small.height))
    free_width = small.width - part_width
    free_height = small.height - part_height
    inset_x = part_width // 4
    inset_y = part_height // 4
    part_size = (part_width, part_height)
    middle_size = (part_width - 2 * inset_x, part_height - 2 * inset_y)

    def worth(place: tuple[int, int]) -> tuple[int, int]:
        x, y = place
        interest = _total(table, x, y, part_size)
        middle_interest = _total(table, x + inset_x, y + inset_y, middle_size)
        distance_x = abs(2 * x - free_width)
        distance_y = abs(2 * y - free_height)
        return interest + 2 * middle_interest, -(distance_x + distance_y)

    places = product(range(free_width + 1), range(free_height + 1))
    x, y = max(places, key=worth)
    center_x = x + part_width / 2
    center_y = y + part_height / 2
    return center_x / small.width, center_y / small.height


def _interest(small: Image.Image) -> list[int]:
    """Return for each pixel a measure of how much it draws the eye."""
    shown = Image.new("RGB", small.size, "gray")
    shown.paste(small, mask=small.convert("RGBA"))
    measures = zip(
        _detail(shown).tobytes(),
        _color(shown).tobytes(),
        _skin(shown).tobytes(),
        strict=True,
    )
    return [
        _DETAIL_WEIGHT * detail + _COLOR_WEIGHT * color + _SKIN_WEIGHT * skin
        for detail, color, skin in measures
    ]


def _detail(image: Image.Image) -> Image.Image:
    """Return the difference from a blur over all channels.

    Red on an equally light blue has no edges in luma."""
    soft = image.filter(ImageFilter.GaussianBlur(_DETAIL_SIGMA))
    return _highest_channel(ImageChops.difference(image, soft))


def _color(image: Image.Image) -> Image.Image:
    lowest_channel = reduce(ImageChops.darker, image.split())
    return ImageChops.subtract(_highest_channel(image), lowest_channel)


def _skin(image: Image.Image) -> Image.Image:
    """Return the likeness to skin, less its mean.

    In a picture of sand it is not the sand that draws the eye."""
    light, blue, red = image.convert("YCbCr").split()
    likeness = (
        light.point(_LIT),
        blue.point(_SKIN_CB),
        red.point(_SKIN_CR),
    )
    skin = reduce(ImageChops.multiply, likeness)
    mean = int(ImageStat.Stat(skin).mean[0])
    mean_everywhere = Image.new("L", skin.size, mean)
    return ImageChops.subtract(skin, mean_everywhere)


def _highest_channel(image: Image.Image) -> Image.Image:
    return reduce(ImageChops.lighter, image.split())


def _sum_up(values: list[int], width: int) -> SumTable:
    table = [[0] * (width + 1)]
    for start in range(0, len(values), width):
        row_sums = accumulate(values[start : start + width], initial=0)
        pairs = zip(table[-1], row_sums, strict=True)
        table.append([above + row_sum for above, row_sum in pairs])
    return table


def _total(
    table: SumTable,
    x: int,
    y: int,
    size: tuple[int, int],
) -> int:
    width, height = size
    above = table[y]
    below = table[y + height]
    right = x + width
    lower_sum = below[right] - below[x]
    upper_sum = above[right] - above[x]
    return lower_sum - upper_sum
