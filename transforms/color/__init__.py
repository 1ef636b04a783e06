"""Colour: the modes and descriptions that decoders give become 8-bit sRGB."""

from .conversion import is_srgb, to_srgb
from .description import ColorDescription, ColorSpace
from .modes import to_bands

__all__ = ["ColorDescription", "ColorSpace", "is_srgb", "to_bands", "to_srgb"]
