"""The catalogue of operations: the vocabulary that the client and the server share."""

from .color import color_channels
from .fields import Color, Pixels, Short
from .geometry import Fit, Gravity, Resize
from .operation import Checked, Kind, Operation, escape_pointer, find_operation, operations
from .output import MetadataLevel, Output, OutputFormat
from .parameters import Parameter, Range
from .spelling import TRANSFORM, parse_query, parse_text, query_parameters, spell_text
from .transform import MAX_OPERATIONS, Transform, TransformKind, parse_json

__all__ = [
    "MAX_OPERATIONS",
    "TRANSFORM",
    "Checked",
    "Color",
    "Fit",
    "Gravity",
    "Kind",
    "MetadataLevel",
    "Operation",
    "Output",
    "OutputFormat",
    "Parameter",
    "Pixels",
    "Range",
    "Resize",
    "Short",
    "Transform",
    "TransformKind",
    "color_channels",
    "escape_pointer",
    "find_operation",
    "operations",
    "parse_json",
    "parse_query",
    "parse_text",
    "query_parameters",
    "spell_text",
]
