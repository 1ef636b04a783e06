"""Sizes, boxes and placements in px, without any image.

A box may have fractions of a pixel. A part that was cut at full size keeps its exact place at any scale."""

from math import ceil
from typing import NamedTuple


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
        return Box(
            self.left * across,
            self.top * down,
            self.width * across,
            self.height * down,
        )


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
        return (
            self.left,
            self.top,
            free_width - self.left,
            free_height - self.top,
        )

    @property
    def is_cut(self) -> bool:
        """Whether it leaves pixels out and resamples none except at the edges."""
        has_same_width = abs(self.box.width - self.size.width) < 1
        has_same_height = abs(self.box.height - self.size.height) < 1
        return has_same_width and has_same_height and not self.is_padded


class Changes(NamedTuple):
    """The ways in which a result's picture differs from the stored one, apart from colours."""

    is_cut: bool = False
    """Whether a part of the picture is gone."""
    is_moved: bool = False
    """Turned, mirrored or put on a larger canvas, by the orientation too."""
    is_resized: bool = False
    swaps_sides: bool = False
    """Whether its rows were columns."""
    is_askew: bool = False
    """Whether it was turned by another angle than quarter turns."""

    @property
    def moves_shares(self) -> bool:
        """Whether a place given as shares of the sides is another one now."""
        return self.is_cut or self.is_moved

    @property
    def moves_pixels(self) -> bool:
        """Whether a place given in px is another one now."""
        return self.moves_shares or self.is_resized


UNCHANGED = Changes()


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


def smaller_of(size: Size, other: Size) -> Size:
    """Return the smaller width and the smaller height."""
    width = min(size.width, other.width)
    height = min(size.height, other.height)
    return Size(width, height)


def scaled(size: Size, factor: float) -> Size:
    return Size(half_up(size.width * factor), half_up(size.height * factor))


def reduced(size: Size, scale: int) -> Size:
    """Return the size that a scaled JPEG decode gives: sides are rounded up."""
    return Size(ceil(size.width / scale), ceil(size.height / scale))


def decode_scale(box: Box, target: Size, *, margin: float) -> int:
    """Return the largest of 8, 4, 2, 1 at which `box` keeps `margin` times the px of `target` each way."""
    across = box.width / target.width
    down = box.height / target.height
    reduction = min(across, down) / margin
    return next((scale for scale in (8, 4, 2) if reduction >= scale), 1)
