"""The parameters of operations: what a field's type may say, and how a value is checked and spelled."""

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
