"""One function per operation, in modules named as those of progimage/operations."""

from . import canvas, composite, filters, geometry, masks, tone  # noqa: F401  they register their operations
from .dispatch import Load, join, measure, merge, place, render, settle

__all__ = ["Load", "join", "measure", "merge", "place", "render", "settle"]
