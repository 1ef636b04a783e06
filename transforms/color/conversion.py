"""Conversion from a profile to 8-bit sRGB, in the working modes RGB and RGBA."""

from functools import lru_cache
from io import BytesIO
from itertools import product

from PIL import Image, ImageChops, ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
_CUBE_SIDE = 9


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
