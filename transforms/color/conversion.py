"""Conversion of described colours to 8-bit sRGB, in the working modes L, RGB and RGBA."""

import struct
from functools import lru_cache
from io import BytesIO
from itertools import product

from PIL import Image, ImageChops, ImageCms

from .description import BT709, SRGB_CURVE, ColorDescription, Curve, is_near_curve, is_near_primaries
from .icc_facts import has_white
from .made_profile import make_profile
from .tone_mapping import tone_map

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
_CUBE_SIDE = 9
_COLORS_MODES = {"LA": "L", "RGBA": "RGB"}
_FLAGS = {"L": ImageCms.Flags.NOOPTIMIZE}
"""LittleCMS samples the curve of a grey profile so coarsely that dark greys are 10 levels off.
They are converted once, for a table of 256, so that speed does not count."""
_Transform = ImageCms.ImageCmsTransform


def to_srgb(image: Image.Image, description: ColorDescription) -> Image.Image:
    """Return an image in L, RGB or RGBA, converted to sRGB.

    Ignore a profile that is broken or does not fit."""
    if image.mode in _COLORS_MODES:
        return _to_srgb_with_alpha(image, description)
    if description.is_hdr and image.mode in ("L", "RGB"):
        return tone_map(image, description)
    if image.mode == "L":
        return _grey_to_srgb(image, description)
    transform = _transform(image.mode, description)
    if transform:
        return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def is_srgb(mode: str, description: ColorDescription) -> bool:
    """Whether a conversion of an image of that mode changes nothing but the mode."""
    colors_mode = _COLORS_MODES.get(mode, mode)
    if description.is_hdr:
        return False
    if colors_mode == "L":
        return _grey_tables(description) is None
    return colors_mode == "RGB" and _transform(colors_mode, description) is None


def _to_srgb_with_alpha(image: Image.Image, description: ColorDescription) -> Image.Image:
    if image.mode == "RGBA" and is_srgb("RGBA", description):
        return image
    colors = to_srgb(image.convert(_COLORS_MODES[image.mode]), description)
    result = colors.convert("RGB")
    result.putalpha(image.getchannel("A"))
    return result


def _grey_to_srgb(image: Image.Image, description: ColorDescription) -> Image.Image:
    """Return a grey image converted by a table: in L, or in RGB if the profile gives greys a tint."""
    tables = _grey_tables(description)
    if tables is None:
        return image
    bands = [image.point(table) for table in tables]
    return bands[0] if len(bands) == 1 else Image.merge("RGB", bands)


@lru_cache(maxsize=8)
def _grey_tables(description: ColorDescription) -> list[list[int]] | None:
    """Return the sRGB values of 256 greys: one table if they stay grey, else three, and None for no change.

    A profile for RGB takes a grey as equal red, green and blue."""
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    transform = _transform("L", description)
    converted = transform.apply(ramp) if transform else None
    if converted is None:
        transform = _transform("RGB", description)
        converted = transform.apply(ramp.convert("RGB")) if transform else None
    if converted is None:
        return None
    tables = [list(band.tobytes()) for band in converted.split()]
    spread = max(max(levels) - min(levels) for levels in zip(*tables, strict=True))
    neutral = tables[1]
    if spread > 1:
        return tables
    change = max(abs(value - level) for level, value in enumerate(neutral))
    return [neutral] if change > 1 else None


@lru_cache(maxsize=8)
def _transform(mode: str, description: ColorDescription) -> _Transform | None:
    """Return the transform from `mode` to sRGB; None if it changes nothing or nothing describes that mode."""
    if mode == "LAB":
        return _build(_LAB, mode)
    transform = _build_from(description.profile, mode)
    if transform is None and mode == "RGB":
        transform = _build_from(_make_profile(description), mode)
    if transform and mode == "RGB" and _is_identity(transform):
        return None
    return transform


def _make_profile(description: ColorDescription) -> bytes | None:
    """Return the profile of primaries and curve; None if they are those of sRGB, or span no colours."""
    if _is_described_as_srgb(description):
        return None
    try:
        return make_profile(description)
    except (ValueError, struct.error):
        return None


def _is_described_as_srgb(description: ColorDescription) -> bool:
    curve = description.transfer or SRGB_CURVE
    primaries = description.primaries or BT709
    return (
        isinstance(curve, Curve) and is_near_curve(curve, SRGB_CURVE) and is_near_primaries(primaries, BT709)
    )


def _build_from(profile: bytes | None, mode: str) -> _Transform | None:
    if profile is None or not has_white(profile):
        return None
    try:
        return _build(ImageCms.ImageCmsProfile(BytesIO(profile)), mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _build(source: ImageCms.ImageCmsProfile, mode: str) -> _Transform:
    return ImageCms.buildTransform(
        source,
        _SRGB,
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION | _FLAGS.get(mode, 0),
    )


def _is_identity(transform: _Transform) -> bool:
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
