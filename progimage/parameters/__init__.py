"""The parameters of operations: their types, and the check and the spelling of their values."""

from .annotations import AspectRatio, Color, Focal, ImageReference, Percent, Pixels, Short, parameters_of
from .color import color_channels
from .parameter import Parameter
from .ranges import Items, Range

__all__ = [
    "AspectRatio",
    "Color",
    "Focal",
    "ImageReference",
    "Items",
    "Parameter",
    "Percent",
    "Pixels",
    "Range",
    "Short",
    "color_channels",
    "parameters_of",
]
