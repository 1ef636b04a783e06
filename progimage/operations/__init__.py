"""The catalogue of operations, which the client and the server share."""

from . import composite, filters, geometry, masks, tone
from .geometry import Fit, Gravity, Resize
from .operation import (
    Kind,
    Operation,
    ParameterSet,
    escape_pointer,
    get_operation,
    operations,
    unknown_operation,
)
from .output import MetadataLevel, Output, OutputFormat

__all__ = [
    "Fit",
    "Gravity",
    "Kind",
    "MetadataLevel",
    "Operation",
    "Output",
    "OutputFormat",
    "ParameterSet",
    "Resize",
    "composite",
    "escape_pointer",
    "filters",
    "geometry",
    "get_operation",
    "masks",
    "operations",
    "tone",
    "unknown_operation",
]
