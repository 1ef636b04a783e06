"""Any mode and profile that a decoder gives, to 8-bit sRGB in the working modes RGB and RGBA."""

from functools import lru_cache
from io import BytesIO
from math import isfinite

from PIL import Image, ImageChops, ImageCms, ImageMath

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
"""Modes of which no average can be taken, to the one that holds them whole."""

_HAS_ALPHA_BAND = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_BITS_PER_SAMPLE = 258
"""TIFF 6.0, section 8."""


def to_bands(image: Image.Image) -> Image.Image:
    """Return an image in L, LA, RGB, RGBA, CMYK or LAB, of which an average of pixels is a colour."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _to_8_bits(image)
    if image.has_transparency_data and image.mode not in _HAS_ALPHA_BAND:
        return image.convert("RGBA")
    mode = _BANDED.get(image.mode, image.mode)
    return image if mode == image.mode else image.convert(mode)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image in L, RGB or RGBA, converted from `profile` to sRGB; a broken profile is ignored."""
    if image.mode in ("LA", "RGBA"):
        colors = "L" if image.mode == "LA" else "RGB"
        if image.mode == "RGBA" and _transform(colors, profile) is None:
            return image
        result = to_srgb(image.convert(colors), profile).convert("RGB")
        result.putalpha(image.getchannel("A"))
        return result
    transform = _transform(image.mode, profile)
    if transform:
        return transform.apply(image)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def is_srgb(mode: str, profile: bytes | None) -> bool:
    """Whether colours of that mode are those of sRGB as they are."""
    return mode == "RGB" and _transform(mode, profile) is None


@lru_cache(maxsize=8)
def _transform(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    """Return what takes `mode` to sRGB; None where nothing changes or the profile is for another mode."""
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
        return None if mode == "RGB" and _moves_nothing(transform) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _moves_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether 9 x 9 x 9 colours stay where they are: most embedded profiles are sRGB, and a conversion of 12
    megapixels takes 290 ms."""
    cube = _cube()
    moved = ImageChops.difference(cube, transform.apply(cube))
    return max(moved.tobytes()) <= 1


@lru_cache(maxsize=1)
def _cube() -> Image.Image:
    steps = [min(255, step * 32) for step in range(9)]
    colors = bytes(c for red in steps for green in steps for blue in steps for c in (red, green, blue))
    return Image.frombytes("RGB", (81, 9), colors)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return grey, L or LA, in 8 bits. Pillow's own conversion clips at 255."""
    exact = image.convert("I") if image.mode.startswith("I;16") and image.mode != "I;16" else image
    low, high = _grey_range(image, exact)
    scale = 255 / (high - low) if high > low else 0.0
    offset = 0.5 - low * scale  # the conversion to L cuts fractions off
    grey = exact.point(lambda value: value * scale + offset).convert("L")
    hidden = image.info.get("transparency")
    if isinstance(hidden, int):
        shown = ImageMath.lambda_eval(lambda at: (at["grey"] != hidden) * 255, grey=image.convert("I"))
        grey.putalpha(shown.convert("L"))
    return grey


def _grey_range(image: Image.Image, exact: Image.Image) -> tuple[float, float]:
    """Return the values that are black and white: by the bits of a sample where those are known, else the
    first of 1, 255 and 65,535 that holds every value, else the extremes themselves."""
    if image.mode.startswith("I;16"):
        bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))[0]
        return 0, 2 ** min(16, int(bits)) - 1
    low, high = (float(value) for value in exact.getextrema())  # type: ignore[arg-type]
    if not (isfinite(low) and isfinite(high)):
        return 0, 1
    white = next((white for white in (1, 255, 65_535) if low >= 0 and white >= high), None)
    return (0, white) if white else (low, high)
