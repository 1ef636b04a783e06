"""Arithmetic on sizes and boxes, in px, without any image.

A box may have fractions of a pixel: a part that was cut at full size keeps its exact place at any scale."""

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
        """Return left, top, right and bottom, inside `size` whatever was rounded on the way."""
        right, bottom = self.left + self.width, self.top + self.height
        return max(0.0, self.left), max(0.0, self.top), min(size.width, right), min(size.height, bottom)

    def scaled(self, across: float, down: float) -> "Box":
        """Return the same part of an image of which one px is `across` x `down` px."""
        return Box(self.left * across, self.top * down, self.width * across, self.height * down)


class Placement(NamedTuple):
    """A resampling: `box` of the image becomes `size`, which stands at `left`, `top` on a canvas."""

    box: Box
    size: Size
    canvas: Size
    left: int = 0
    top: int = 0
    bounds: Box | None = None
    """What may be read of the image: a resampling also weighs px around its box, and not those cut away."""

    @property
    def is_padded(self) -> bool:
        return self.canvas != self.size

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """The px of the canvas on the left, above, on the right and below."""
        right, bottom = self.canvas.width - self.size.width, self.canvas.height - self.size.height
        return self.left, self.top, right - self.left, bottom - self.top

    @property
    def is_cut(self) -> bool:
        """Whether it leaves pixels out and resamples none but at the edges."""
        is_unscaled = (
            abs(self.box.width - self.size.width) < 1 and abs(self.box.height - self.size.height) < 1
        )
        return is_unscaled and not self.is_padded


Affine = tuple[float, float, float, float, float, float]


class Anchor(NamedTuple):
    """Where a part lies: around the focal point, shares of width and height, or else by gravity."""

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
"""The share of the free space that lies left of and above the part that is kept; for smart, until it has
settled to a focal point."""

_MIRRORED_X = frozenset({2, 3, 6, 7})
_MIRRORED_Y = frozenset({3, 4, 7, 8})
_TURNED = frozenset({5, 6, 7, 8})
"""EXIF 2.32, section 4.6.5, Orientation: 5 to 8 have rows and columns exchanged."""


def whole(size: Size) -> Box:
    """Return the box that holds all of an image."""
    return Box(0, 0, *size)


def keep(size: Size) -> Placement:
    """Return the placement that changes nothing."""
    return Placement(whole(size), size, size)


def fold(cut: Placement, then: Placement) -> Placement:
    """Return the one placement that a cut and another are, done one after the other."""
    across, down = cut.box.width / cut.size.width, cut.box.height / cut.size.height
    left, top = cut.box.left + then.box.left * across, cut.box.top + then.box.top * down
    box = Box(left, top, then.box.width * across, then.box.height * down)
    return then._replace(box=box, bounds=box if then.bounds else cut.box)


def half_up(value: float) -> int:
    """Round to a whole number of px, halves up, never below 1. (Python rounds halves to even.)"""
    return max(1, int(value + 0.5))


def scaled(size: Size, factor: float) -> Size:
    return Size(half_up(size.width * factor), half_up(size.height * factor))


def fit_size(size: Size, box: Size, fit: Fit, *, enlarge: bool = False) -> Size:
    """Return the size that all of `size` takes for `box`: within it, or around it for outside and cover.

    Without `enlarge` no side grows, each by itself for fill. Source: CSS Images Level 3, object-fit."""
    across, down = box.width / size.width, box.height / size.height
    if fit == "fill":
        return Size(*(side if enlarge else min(side, own) for side, own in zip(box, size, strict=True)))
    factor = max(across, down) if fit in ("outside", "cover") else min(across, down)
    return scaled(size, factor if enlarge else min(factor, 1.0))


def follow(size: Size, width: int | None, height: int | None, dpr: float) -> Size:
    """Return the box in px: sides times `dpr`, a side that is not given after the proportions of `size`."""
    if width is not None and height is not None:
        return Size(half_up(width * dpr), half_up(height * dpr))
    if width is not None:
        wide = half_up(width * dpr)
        return Size(wide, half_up(size.height * wide / size.width))
    high = half_up((height or size.height) * dpr)
    return Size(half_up(size.width * high / size.height), high)


def part(size: Size, width: float, height: float, anchor: "Anchor") -> Box:
    """Return the part of `size` that has `width` x `height` px and lies where `anchor` says."""
    across, down = size.width - width, size.height - height
    if anchor.focal:
        x, y = anchor.focal
        left, top = x * size.width - width / 2, y * size.height - height / 2
        return Box(min(max(left, 0.0), across), min(max(top, 0.0), down), width, height)
    x, y = GRAVITY[anchor.gravity]
    return Box(across * x, down * y, width, height)


def cover_box(size: Size, target: Size, anchor: "Anchor") -> Box:
    """Return the largest part of `size` that has the proportions of `target`, at its exact place."""
    factor = max(target.width / size.width, target.height / size.height)
    return part(size, target.width / factor, target.height / factor, anchor)


def cover(size: Size, box: Size, anchor: "Anchor", *, enlarge: bool) -> Placement:
    """Fill the box and cut what stands out. Without `enlarge` a box that the image cannot fill shrinks: its
    proportions were asked for, its pixels are not there."""
    factor = min(1.0, size.width / box.width, size.height / box.height)
    target = box if enlarge else scaled(box, factor)
    return Placement(cover_box(size, target, anchor), target, target)


def contain(size: Size, box: Size, gravity: Gravity, *, enlarge: bool) -> Placement:
    """Put all of the image on a canvas as large as the box."""
    inner = fit_size(size, box, "contain", enlarge=enlarge)
    inner = Size(min(inner.width, box.width), min(inner.height, box.height))
    x, y = GRAVITY[gravity]
    left, top = int((box.width - inner.width) * x), int((box.height - inner.height) * y)
    return Placement(whole(size), inner, box, left, top)


def shrunk_to(width: float, height: float, ratio: float) -> tuple[int, int]:
    """Return the largest whole sides of these proportions within `width` x `height`."""
    return half_up(min(width, height * ratio)), half_up(min(height, width / ratio))


def grown_to(size: Size, ratio: float) -> Size:
    """Return the smallest canvas of these proportions around `size`."""
    return Size(max(size.width, half_up(size.height * ratio)), max(size.height, half_up(size.width / ratio)))


def turned_canvas(size: Size, angle: float) -> Size:
    """Return the smallest canvas that holds `size` turned by `angle` degrees."""
    across, down = abs(cos(radians(angle))), abs(sin(radians(angle)))
    wide, high = size.width * across + size.height * down, size.width * down + size.height * across
    return Size(ceil(round(wide, 6)), ceil(round(high, 6)))  # a cosine of 60 degrees is 0.5000000000000001


def turn_back(size: Size, canvas: Size, angle: float) -> Affine:
    """Return the affine map from a canvas to the image that is turned clockwise about their common centre."""
    across, down = cos(radians(angle)), sin(radians(angle))
    x, y = canvas.width / 2, canvas.height / 2
    left, top = size.width / 2 - across * x - down * y, size.height / 2 + down * x - across * y
    return across, down, left, -down, across, top


def upright_size(stored: Size, orientation: int) -> Size:
    """Return the size that an image has once its EXIF orientation has been applied."""
    return stored.turned if orientation in _TURNED else stored


def stored_box(box: Box, upright: Size, orientation: int) -> Box:
    """Return where a part of the upright image lies in the image as it is stored."""
    left = upright.width - box.left - box.width if orientation in _MIRRORED_X else box.left
    top = upright.height - box.top - box.height if orientation in _MIRRORED_Y else box.top
    if orientation in _TURNED:
        return Box(top, left, box.height, box.width)
    return Box(left, top, box.width, box.height)


def reduced(size: Size, scale: int) -> Size:
    """Return the size that a scaled JPEG decode gives: sides are rounded up."""
    return Size(ceil(size.width / scale), ceil(size.height / scale))


def decode_scale(box: Box, target: Size, *, margin: float) -> int:
    """Return the largest of 8, 4, 2, 1 at which `box` keeps `margin` times the px of `target` each way."""
    room = min(box.width / target.width, box.height / target.height) / margin
    return next((scale for scale in (8, 4, 2) if room >= scale), 1)
