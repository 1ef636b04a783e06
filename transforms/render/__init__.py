"""One function per operation, in modules named after those of progimage/operations."""

from . import (  # noqa: F401  they register their operations
    canvas,
    composite,
    filters,
    geometry,
    histogram,
    masks,
    rotation,
    tone,
)
from .dispatch import (
    Load,
    join,
    measure,
    merge,
    needs_luma_alone,
    place,
    reduce_first,
    render,
    settle,
)

__all__ = [
    "Load",
    "join",
    "measure",
    "merge",
    "needs_luma_alone",
    "place",
    "reduce_first",
    "render",
    "settle",
]
