"""Any mode that a decoder gives, as one of those whose pixels can be averaged."""

from math import isfinite

from PIL import Image, ImageMath

_BANDED = {
    "1": "L",
    "La": "LA",
    "P": "RGB",
    "PA": "RGBA",
    "RGBX": "RGB",
    "RGBa": "RGBA",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
"""Modes whose pixels cannot be averaged, and for each a mode that holds them without loss."""

_HAS_ALPHA_BAND = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_WHITES = (1, 255, 65_535)
"""What white may be if nothing tells the depth of the numbers."""


def to_bands(image: Image.Image) -> Image.Image:
    """Return an image in L, LA, RGB, RGBA, CMYK or LAB. In these modes an average of pixels is a colour."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _to_8_bits(image)
    if image.has_transparency_data and image.mode not in _HAS_ALPHA_BAND:
        return image.convert("RGBA")
    mode = _BANDED.get(image.mode, image.mode)
    return image if mode == image.mode else image.convert(mode)


def grey_levels(numbers: Image.Image, whites: tuple[int, ...] = _WHITES) -> Image.Image:
    """Return numbers of mode I or F as grey in 8 bits.

    Black is 0, and white the first of `whites` that is no less than every number. The range is that of the
    numbers if there is none, a number is below 0, or all are within the lowest 256th of that white."""
    return _scaled(numbers, *_number_range(numbers, whites))


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return grey, L or LA, in 8 bits. Pillow's own conversion clips at 255."""
    is_other_16_bit = image.mode.startswith("I;16") and image.mode != "I;16"
    exact = image.convert("I") if is_other_16_bit else image
    grey = _scaled(exact, 0, 65_535) if image.mode.startswith("I;16") else grey_levels(exact)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        alpha = ImageMath.lambda_eval(
            lambda bands: (bands["grey"] != transparent) * 255,
            grey=image.convert("I"),
        )
        grey.putalpha(alpha.convert("L"))
    return grey


def _scaled(numbers: Image.Image, black: float, white: float) -> Image.Image:
    scale = 255 / (white - black) if white > black else 0.0
    # the conversion to L cuts fractions off
    offset = 0.5 - black * scale
    return numbers.point(lambda value: value * scale + offset).convert("L")


def _number_range(numbers: Image.Image, whites: tuple[int, ...]) -> tuple[float, float]:
    lowest, highest = (float(value) for value in numbers.getextrema())  # type: ignore[arg-type]
    if not (isfinite(lowest) and isfinite(highest)):
        return 0, 1
    for white in whites:
        if lowest >= 0 and white / 256 < highest <= white:
            return 0, white
    return lowest, highest
