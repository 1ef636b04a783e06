"""Arithmetic on sizes and boxes, in px, without any image.

A box may have fractions of a pixel. A part that was cut at full size keeps its exact place at any scale."""

from math import ceil, cos, radians, sin
from typing import NamedTuple

from progimage.operations import Fit, Gravity


class Size(NamedTuple):
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def turned(self) -> "Size":
        """The size after a quarter turn."""
        return Size(self.height, self.width)


class Box(NamedTuple):
    left: float
    top: float
    width: float
    height: float

    def edges(self, size: Size) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom, clipped to `size`: roundings may have moved them beyond it."""
        right = self.left + self.width
        bottom = self.top + self.height
        return (
            max(0.0, self.left),
            max(0.0, self.top),
            min(size.width, right),
            min(size.height, bottom),
        )

    def scaled(self, across: float, down: float) -> "Box":
        """Return the same part of an image of which one px is `across` x `down` px."""
        return Box(self.left * across, self.top * down, self.width * across, self.height * down)


class Placement(NamedTuple):
    """A resampling: `box` of the image becomes `size`, at `left`, `top` of a canvas."""

    box: Box
    size: Size
    canvas: Size
    left: int = 0
    top: int = 0
    bounds: Box | None = None
    """The part of the image that may be read. A resampling also weighs px around its box; it must not weigh
    those that a crop has cut away."""

    @property
    def is_padded(self) -> bool:
        return self.canvas != self.size

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """The px of the canvas on the left, above, on the right and below."""
        free_width = self.canvas.width - self.size.width
        free_height = self.canvas.height - self.size.height
        return self.left, self.top, free_width - self.left, free_height - self.top

    @property
    def is_cut(self) -> bool:
        """Whether it leaves pixels out and resamples none except at the edges."""
        has_same_width = abs(self.box.width - self.size.width) < 1
        has_same_height = abs(self.box.height - self.size.height) < 1
        return has_same_width and has_same_height and not self.is_padded


Affine = tuple[float, float, float, float, float, float]


class Anchor(NamedTuple):
    """The place of a part: around the focal point, given as shares of width and height, or else by
    gravity."""

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


def whole(size: Size) -> Box:
    """Return the box that holds all of an image."""
    return Box(0, 0, *size)


def keep(size: Size) -> Placement:
    """Return the placement that changes nothing."""
    return Placement(whole(size), size, size)


def fold(cut: Placement, following: Placement) -> Placement:
    """Return one placement with the effect of a cut and a following placement."""
    across = cut.box.width / cut.size.width
    down = cut.box.height / cut.size.height
    box = Box(
        cut.box.left + following.box.left * across,
        cut.box.top + following.box.top * down,
        following.box.width * across,
        following.box.height * down,
    )
    bounds = box if following.bounds else cut.box
    return following._replace(box=box, bounds=bounds)


def half_up(value: float) -> int:
    """Round to a whole number of px, halves up, never below 1. (Python rounds halves to even.)"""
    return max(1, int(value + 0.5))


def scaled(size: Size, factor: float) -> Size:
    return Size(half_up(size.width * factor), half_up(size.height * factor))


def fit_size(size: Size, box: Size, fit: Fit, *, enlarge: bool = False) -> Size:
    """Return the size that all of `size` takes for `box`: around the box for outside and cover, else within
    it.

    Without `enlarge` no side grows; fill looks at each side by itself. Source: CSS Images Level 3,
    object-fit."""
    if fit == "fill":
        if enlarge:
            return box
        return Size(min(box.width, size.width), min(box.height, size.height))
    across = box.width / size.width
    down = box.height / size.height
    factor = max(across, down) if fit in ("outside", "cover") else min(across, down)
    if not enlarge:
        factor = min(factor, 1.0)
    return scaled(size, factor)


def follow(size: Size, width: int | None, height: int | None, dpr: float) -> Size:
    """Return the box in px: the sides times `dpr`. A missing side follows the proportions of `size`."""
    if width is not None and height is not None:
        return Size(half_up(width * dpr), half_up(height * dpr))
    if width is not None:
        box_width = half_up(width * dpr)
        return Size(box_width, half_up(size.height * box_width / size.width))
    box_height = half_up((height or size.height) * dpr)
    return Size(half_up(size.width * box_height / size.height), box_height)


def part(size: Size, width: float, height: float, anchor: Anchor) -> Box:
    """Return the part of `size` that has `width` x `height` px, at the place of `anchor`."""
    free_width = size.width - width
    free_height = size.height - height
    if anchor.focal:
        x, y = anchor.focal
        left = x * size.width - width / 2
        top = y * size.height - height / 2
        return Box(min(max(left, 0.0), free_width), min(max(top, 0.0), free_height), width, height)
    x, y = GRAVITY[anchor.gravity]
    return Box(free_width * x, free_height * y, width, height)


def cover_box(size: Size, target: Size, anchor: Anchor) -> Box:
    """Return the largest part of `size` that has the proportions of `target`, at its exact place."""
    factor = max(target.width / size.width, target.height / size.height)
    return part(size, target.width / factor, target.height / factor, anchor)


def cover(size: Size, box: Size, anchor: Anchor, *, enlarge: bool) -> Placement:
    """Fill the box, and cut the parts that stand out of it.

    If the image has too few pixels for the box, the box shrinks in its proportions unless `enlarge` is
    set."""
    factor = min(1.0, size.width / box.width, size.height / box.height)
    target = box if enlarge else scaled(box, factor)
    return Placement(cover_box(size, target, anchor), target, target)


def contain(size: Size, box: Size, gravity: Gravity, *, enlarge: bool) -> Placement:
    """Put all of the image on a canvas as large as the box."""
    fitted = fit_size(size, box, "contain", enlarge=enlarge)
    inner = Size(min(fitted.width, box.width), min(fitted.height, box.height))
    x, y = GRAVITY[gravity]
    left = int((box.width - inner.width) * x)
    top = int((box.height - inner.height) * y)
    return Placement(whole(size), inner, box, left, top)


def shrunk_to(width: float, height: float, ratio: float) -> tuple[int, int]:
    """Return the largest whole sides of these proportions within `width` x `height`."""
    return half_up(min(width, height * ratio)), half_up(min(height, width / ratio))


def grown_to(size: Size, ratio: float) -> Size:
    """Return the smallest canvas of these proportions around `size`."""
    width = max(size.width, half_up(size.height * ratio))
    height = max(size.height, half_up(size.width / ratio))
    return Size(width, height)


def turned_canvas(size: Size, angle: float) -> Size:
    """Return the smallest canvas that holds `size` turned by `angle` degrees."""
    across = abs(cos(radians(angle)))
    down = abs(sin(radians(angle)))
    width = size.width * across + size.height * down
    height = size.width * down + size.height * across
    # a cosine of 60 degrees is 0.5000000000000001
    return Size(ceil(round(width, 6)), ceil(round(height, 6)))


def turn_back(size: Size, canvas: Size, angle: float) -> Affine:
    """Return the affine map from a canvas to the image that is turned clockwise about their common centre."""
    across = cos(radians(angle))
    down = sin(radians(angle))
    x = canvas.width / 2
    y = canvas.height / 2
    left = size.width / 2 - across * x - down * y
    top = size.height / 2 + down * x - across * y
    return across, down, left, -down, across, top


def reduced(size: Size, scale: int) -> Size:
    """Return the size that a scaled JPEG decode gives: sides are rounded up."""
    return Size(ceil(size.width / scale), ceil(size.height / scale))


def decode_scale(box: Box, target: Size, *, margin: float) -> int:
    """Return the largest of 8, 4, 2, 1 at which `box` keeps `margin` times the px of `target` each way."""
    reduction = min(box.width / target.width, box.height / target.height) / margin
    return next((scale for scale in (8, 4, 2) if reduction >= scale), 1)
