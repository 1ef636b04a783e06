"""Conversion of any mode and profile that a decoder gives to 8-bit
sRGB, in the working modes RGB and RGBA."""

from functools import lru_cache
from io import BytesIO
from itertools import product
from math import isfinite

from PIL import Image, ImageChops, ImageCms, ImageMath, JpegImagePlugin

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))

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
_CUBE_SIDE = 9


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


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image in L, RGB or RGBA, converted from `profile` to sRGB. Ignore a broken profile."""
    if image.mode in ("LA", "RGBA"):
        return _to_srgb_with_alpha(image, profile)
    transform = _transform(image.mode, profile)
    if transform:
        return transform.apply(image)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _to_srgb_with_alpha(image: Image.Image, profile: bytes | None) -> Image.Image:
    colors_mode = "L" if image.mode == "LA" else "RGB"
    if image.mode == "RGBA" and _transform(colors_mode, profile) is None:
        return image
    colors = to_srgb(image.convert(colors_mode), profile)
    result = colors.convert("RGB")
    result.putalpha(image.getchannel("A"))
    return result


def is_srgb(mode: str, profile: bytes | None) -> bool:
    """Whether the colours of that mode and profile are sRGB already."""
    return mode == "RGB" and _transform(mode, profile) is None


@lru_cache(maxsize=8)
def _transform(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from `mode` to sRGB; None if it changes
    nothing or the profile is for another mode."""
    if profile is None and mode != "LAB":
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile)) if profile and mode != "LAB" else _LAB
        transform = ImageCms.buildTransform(
            source,
            _SRGB,
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if mode == "RGB" and _is_identity(transform) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether 9 x 9 x 9 colours stay as they are. Most embedded profiles are sRGB, and a conversion of 12
    megapixels takes 290 ms."""
    cube = _cube()
    differences = ImageChops.difference(cube, transform.apply(cube))
    return max(differences.tobytes()) <= 1


@lru_cache(maxsize=1)
def _cube() -> Image.Image:
    levels = [min(255, step * 32) for step in range(_CUBE_SIDE)]
    colors = b"".join(bytes(color) for color in product(levels, repeat=3))
    return Image.frombytes("RGB", (_CUBE_SIDE**2, _CUBE_SIDE), colors)


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
