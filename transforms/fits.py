"""The arithmetic of fits: the size and the part of an image for a box, in px, without any image."""

from typing import NamedTuple

from progimage.operations import Fit, Gravity

from .geometry import (
    Box,
    Placement,
    Size,
    half_up,
    scaled,
    smaller_of,
    whole,
)


class Anchor(NamedTuple):
    """The place of a part: around the focal point, given as shares
    of width and height, or else by gravity."""

    gravity: Gravity = "center"
    focal: tuple[float, ...] | None = None


GRAVITY: dict[Gravity, tuple[float, float]] = {
    "northwest": (0.0, 0.0),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "west": (0.0, 0.5),
    "center": (0.5, 0.5),
    "east": (1.0, 0.5),
    "southwest": (0.0, 1.0),
    "south": (0.5, 1.0),
    "southeast": (1.0, 1.0),
    "smart": (0.5, 0.5),
}
"""The shares of the free space that lie left of the kept part and above it. Smart gravity is the centre until
it has settled to a focal point."""


def fit_size(
    size: Size,
    box: Size,
    fit: Fit,
    *,
    enlarge: bool = False,
) -> Size:
    """Return the size that all of `size` takes for `box`: around the
    box for outside and cover, else within it.

    Without `enlarge` no side grows; fill looks at each side by itself.
    Source: CSS Images Level 3, object-fit."""
    if fit == "fill":
        if enlarge:
            return box
        return smaller_of(box, size)
    across = box.width / size.width
    down = box.height / size.height
    factor = min(across, down)
    if fit in ("outside", "cover"):
        factor = max(across, down)
    if not enlarge:
        factor = min(factor, 1.0)
    return scaled(size, factor)


def follow(
    size: Size,
    width: int | None,
    height: int | None,
    dpr: float,
) -> Size:
    """Return the box in px: the sides times `dpr`. A missing side follows the proportions of `size`."""
    if width is not None and height is not None:
        return Size(half_up(width * dpr), half_up(height * dpr))
    if width is not None:
        box_width = half_up(width * dpr)
        return Size(box_width, half_up(size.height * box_width / size.width))
    box_height = half_up((height or size.height) * dpr)
    return Size(half_up(size.width * box_height / size.height), box_height)


def part(
    size: Size,
    width: float,
    height: float,
    anchor: Anchor,
) -> Box:
    """Return the part of `size` that has `width` x `height` px, at the place of `anchor`."""
    free_width = size.width - width
    free_height = size.height - height
    if anchor.focal:
        x, y = anchor.focal
        left = x * size.width - width / 2
        top = y * size.height - height / 2
        return Box(
            min(max(left, 0.0), free_width),
            min(max(top, 0.0), free_height),
            width,
            height,
        )
    x, y = GRAVITY[anchor.gravity]
    return Box(free_width * x, free_height * y, width, height)


def cover_box(size: Size, target: Size, anchor: Anchor) -> Box:
    """Return the largest part of `size` that has the proportions of `target`, at its exact place."""
    factor = max(target.width / size.width, target.height / size.height)
    return part(size, target.width / factor, target.height / factor, anchor)


def cover(
    size: Size,
    box: Size,
    anchor: Anchor,
    *,
    enlarge: bool,
) -> Placement:
    """Fill the box, and cut the parts that stand out of it.

    If the image has too few pixels for the box, the box shrinks in
    its proportions unless `enlarge` is set."""
    across = size.width / box.width
    down = size.height / box.height
    factor = min(1.0, across, down)
    target = box if enlarge else scaled(box, factor)
    return Placement(cover_box(size, target, anchor), target, target)


def contain(
    size: Size,
    box: Size,
    gravity: Gravity,
    *,
    enlarge: bool,
) -> Placement:
    """Put all of the image on a canvas as large as the box."""
    fitted = fit_size(size, box, "contain", enlarge=enlarge)
    inner = smaller_of(fitted, box)
    x, y = GRAVITY[gravity]
    free_width = box.width - inner.width
    free_height = box.height - inner.height
    left = int(free_width * x)
    top = int(free_height * y)
    return Placement(whole(size), inner, box, left, top)


def shrunk_to(
    width: float,
    height: float,
    ratio: float,
) -> tuple[int, int]:
    """Return the largest whole sides of these proportions within `width` x `height`."""
    kept_width = min(width, height * ratio)
    kept_height = min(height, width / ratio)
    return half_up(kept_width), half_up(kept_height)


def grown_to(size: Size, ratio: float) -> Size:
    """Return the smallest canvas of these proportions around `size`."""
    width = max(size.width, half_up(size.height * ratio))
    height = max(size.height, half_up(size.width / ratio))
    return Size(width, height)
