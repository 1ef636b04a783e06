"""One function per operation, in modules named as those of progimage/operations."""

from . import geometry as _geometry  # noqa: F401  registers its operations
from .dispatch import measure, place, render

__all__ = ["measure", "place", "render"]
