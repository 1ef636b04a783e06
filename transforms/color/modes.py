"""Any mode that a decoder gives, as one of those whose pixels can be averaged."""

from math import isfinite

from PIL import Image, ImageChops, ImageMath, JpegImagePlugin

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
_BITS_PER_SAMPLE = 258
"""TIFF 6.0, section 8."""


def with_plain_inks(image: Image.Image) -> Image.Image:
    """Invert a CMYK JPEG that is not Adobe's.

    Adobe stores inks inverted, and Pillow inverts every CMYK JPEG."""
    is_plain_jpeg = isinstance(image, JpegImagePlugin.JpegImageFile) and "adobe" not in image.info
    if image.mode == "CMYK" and is_plain_jpeg:
        return ImageChops.invert(image)
    return image


def to_bands(image: Image.Image) -> Image.Image:
    """Return an image in L, LA, RGB, RGBA, CMYK or LAB. In these modes an average of pixels is a colour."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _to_8_bits(image)
    if image.has_transparency_data and image.mode not in _HAS_ALPHA_BAND:
        return image.convert("RGBA")
    mode = _BANDED.get(image.mode, image.mode)
    return image if mode == image.mode else image.convert(mode)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return grey, L or LA, in 8 bits. Pillow's own conversion clips at 255."""
    is_other_16_bit = image.mode.startswith("I;16") and image.mode != "I;16"
    exact = image.convert("I") if is_other_16_bit else image
    black, white = _grey_range(image, exact)
    scale = 255 / (white - black) if white > black else 0.0
    # the conversion to L cuts fractions off
    offset = 0.5 - black * scale
    grey = exact.point(lambda value: value * scale + offset).convert("L")
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        alpha = ImageMath.lambda_eval(
            lambda bands: (bands["grey"] != transparent) * 255,
            grey=image.convert("I"),
        )
        grey.putalpha(alpha.convert("L"))
    return grey


def _grey_range(image: Image.Image, exact: Image.Image) -> tuple[float, float]:
    """Return the values of black and white.

    They follow from the bits of a sample if these are known. Else white is the first
    of 1, 255 and 65,535 that is no less than every value. If there is none, or a value
    is below 0, the range is that of the values."""
    if image.mode.startswith("I;16"):
        tags = getattr(image, "tag_v2", {})
        bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
        return 0, 2 ** min(16, int(bits)) - 1
    lowest, highest = (float(value) for value in exact.getextrema())  # type: ignore[arg-type]
    if not (isfinite(lowest) and isfinite(highest)):
        return 0, 1
    for white in (1, 255, 65_535):
        if lowest >= 0 and highest <= white:
            return 0, white
    return lowest, highest
