"""What an operation may tell of itself: its pixels, its size, what it takes from the first frame, what it can
be joined with, and whether a decode can be scaled for it.

A step is an operation or what one settles to: any value for which `render` is registered."""

from collections.abc import Callable, Iterable
from functools import singledispatch
from typing import Any

from PIL import Image

from transforms.geometry import Placement, Size

Load = Callable[[str], Image.Image]
"""From the reference of another image, its sha256, to its first frame: upright, sRGB, mode RGB or RGBA."""


@singledispatch
def render(step: Any, image: Image.Image) -> Image.Image:
    """Return what `step` makes of one upright frame in sRGB, mode RGB or RGBA; the frame stays as it is.

    A grey result may have the mode L."""
    raise NotImplementedError(type(step).__name__)


@singledispatch
def settle(step: Any, image: Image.Image, load: Load) -> Any:
    """Return `step` with all decided that it takes from pixels: those of `image`, the first frame as it comes
    to this step, and those of other images. What this returns is done to every frame alike."""
    return step


@singledispatch
def join(step: Any, following: Any) -> Any:
    """Return the one step that both are; None where they stay two."""
    return None


def merge(steps: Iterable[Any]) -> tuple[Any, ...]:
    """Return the steps with all neighbours joined that are one pass together."""
    merged: list[Any] = []
    for step in steps:
        joined = join(merged[-1], step) if merged else None
        merged[-1:] = [joined] if joined is not None else [*merged[-1:], step]
    return tuple(merged)


@singledispatch
def place(step: Any, size: Size) -> Placement | None:
    """Return the resampling that `step` is on an image of `size`; None where it is something else."""
    return None


@singledispatch
def measure(step: Any, size: Size) -> Size:
    """Return the size in px that `step` gives, before anything of that size is made; where that depends on
    pixels, the largest that it may be."""
    placement = place(step, size)
    return placement.canvas if placement else size
