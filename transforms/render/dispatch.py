"""The functions that an operation may register: its pixels, its size, and how it can be combined with others.

A step is an operation, or a value that an operation settles to. `render` is registered for every step."""

from collections.abc import Callable, Iterable
from functools import singledispatch
from typing import Any

from PIL import Image

from transforms.geometry import Placement, Size

Load = Callable[[str], Image.Image]
"""Returns another image by its reference, its sha256: its first frame, upright, in sRGB, mode RGB or RGBA."""


@singledispatch
def render(step: Any, image: Image.Image) -> Image.Image:
    """Return the result of `step` for one upright frame in sRGB, mode RGB or RGBA. Do not change the frame.

    A grey result may have the mode L."""
    raise NotImplementedError(type(step).__name__)


@singledispatch
def settle(step: Any, image: Image.Image, load: Load) -> Any:
    """Return `step` with every decision made that depends on pixels.

    `image` is the first frame as it reaches this step, and `load` returns other images. All frames are then
    rendered with the returned step."""
    return step


@singledispatch
def join(step: Any, following: Any) -> Any:
    """Return one step with the effect of both; None if they cannot be one pass."""
    return None


def merge(steps: Iterable[Any]) -> tuple[Any, ...]:
    """Return the steps with neighbours joined that can be one pass."""
    merged: list[Any] = []
    for step in steps:
        joined = join(merged[-1], step) if merged else None
        if joined is None:
            merged.append(step)
        else:
            merged[-1] = joined
    return tuple(merged)


@singledispatch
def place(step: Any, size: Size) -> Placement | None:
    """Return the resampling that `step` is on an image of `size`; None if it is no resampling."""
    return None


@singledispatch
def reduce_first(step: Any, size: Size) -> tuple[Any, ...] | None:
    """Return steps that begin with a reduction and have the effect of `step` on an image of `size`.

    A decoder that scales by means of squares can do the reduction. Return None if `step` has no such form."""
    return None


@singledispatch
def needs_luma_alone(step: Any) -> bool:
    """Whether `step` ignores the colours of a frame, so that a decoder may leave them out."""
    return False


@singledispatch
def measure(step: Any, size: Size) -> Size:
    """Return the size in px of the result, before any image of that size is made.

    If the size depends on pixels, return the largest possible one."""
    placement = place(step, size)
    return placement.canvas if placement else size
