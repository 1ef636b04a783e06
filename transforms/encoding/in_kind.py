"""A result of the source's kind: one bit, grey, or grey with alpha. No pixel changes."""

from PIL import Image, ImageChops

from transforms.formats.table import Format

GREYS = frozenset({"L", "LA", "La", "I;16", "I;16B", "I;16L"})
FEW_TONES = GREYS | {"1", "P", "PA"}
"""Modes of Pillow for sources whose results may be of a smaller kind than true colour."""
_MIN_PIXELS = 1_024
"""A BMP of fewer pixels has more bytes with a palette, which its grey has, than in true colour."""


def in_kind(
    image: Image.Image,
    source_mode: str,
    format: Format,
) -> Image.Image:
    """Return an image in L, RGB or RGBA in the smallest mode that holds it, if the source had few tones."""
    if source_mode not in FEW_TONES:
        return image
    grey = _as_grey(image, format)
    if grey.mode == "L" and "1" in format.kinds and not any(grey.histogram()[1:255]):
        return grey.convert("1", dither=Image.Dither.NONE)
    is_too_small = format.name == "bmp" and image.width * image.height < _MIN_PIXELS
    return image if is_too_small and grey.mode == "L" else grey


def _as_grey(image: Image.Image, format: Format) -> Image.Image:
    """Return the image without colour channels if they are equal and the format has such a mode."""
    if image.mode not in ("RGB", "RGBA"):
        return image
    mode = "LA" if image.mode == "RGBA" else "L"
    if mode not in format.kinds:
        return image
    red, green, blue, *alpha = image.split()
    if ImageChops.difference(red, green).getbbox() or ImageChops.difference(green, blue).getbbox():
        return image
    return Image.merge(mode, (red, *alpha))
