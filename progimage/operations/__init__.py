"""The catalogue of operations: the vocabulary that the client and the server share."""

from . import composite, filters, geometry, masks, tone
from .geometry import Fit, Gravity, Resize
from .operation import Checked, Kind, Operation, escape_pointer, find_operation, operations
from .output import MetadataLevel, Output, OutputFormat

__all__ = [
    "Checked",
    "Fit",
    "Gravity",
    "Kind",
    "MetadataLevel",
    "Operation",
    "Output",
    "OutputFormat",
    "Resize",
    "composite",
    "escape_pointer",
    "filters",
    "find_operation",
    "geometry",
    "masks",
    "operations",
    "tone",
]
