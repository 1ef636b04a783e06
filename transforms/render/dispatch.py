"""What an operation may tell of itself: its pixels, its size, and whether a decode can be scaled for it."""

from functools import singledispatch

from PIL import Image

from progimage.operations import Operation

from ..geometry import Placement, Size


@singledispatch
def render(operation: Operation, image: Image.Image) -> Image.Image:
    """Return what `operation` makes of one upright frame in sRGB, mode RGB or RGBA."""
    raise NotImplementedError(operation.name)


@singledispatch
def place(operation: Operation, size: Size) -> Placement | None:
    """Return the resampling that `operation` is on an image of `size`; None where it is something else."""
    return None


@singledispatch
def measure(operation: Operation, size: Size) -> Size:
    """Return the size in px that `operation` gives, before anything of that size is made."""
    placement = place(operation, size)
    return placement.canvas if placement else size
