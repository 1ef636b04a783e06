"""The catalogue of operations: the vocabulary that the client and the server share."""

from . import composite, filters, geometry, masks, tone
from .color import color_channels
from .fields import AspectRatio, Color, Focal, ImageReference, Percent, Pixels, Short
from .geometry import Fit, Gravity, Resize
from .operation import Checked, Kind, Operation, escape_pointer, find_operation, operations
from .output import MetadataLevel, Output, OutputFormat
from .parameters import Parameter
from .ranges import Items, Range
from .spelling import TRANSFORM, parse_operation, parse_query, parse_text, query_parameters, spell_text
from .transform import MAX_OPERATIONS, Transform, TransformKind, parse_json

__all__ = [
    "MAX_OPERATIONS",
    "TRANSFORM",
    "AspectRatio",
    "Checked",
    "Color",
    "Fit",
    "Focal",
    "Gravity",
    "ImageReference",
    "Items",
    "Kind",
    "MetadataLevel",
    "Operation",
    "Output",
    "OutputFormat",
    "Parameter",
    "Percent",
    "Pixels",
    "Range",
    "Resize",
    "Short",
    "Transform",
    "TransformKind",
    "color_channels",
    "composite",
    "escape_pointer",
    "filters",
    "find_operation",
    "geometry",
    "masks",
    "operations",
    "parse_json",
    "parse_operation",
    "parse_query",
    "parse_text",
    "query_parameters",
    "spell_text",
    "tone",
]
