"""EXIF orientation, 1-8: sizes and boxes of the stored and of the upright image, and the turn between them.

Source: EXIF 2.32, section 4.6.5, Orientation."""

from PIL import Image

from .geometry import Box, Size

_MIRRORED_X = frozenset({2, 3, 6, 7})
_MIRRORED_Y = frozenset({3, 4, 7, 8})
_TURNED = frozenset({5, 6, 7, 8})
"""Rows and columns are exchanged."""

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


_UNIT = Size(1, 1)
_POINTS = (Box(0.25, 0.375, 0, 0), Box(0.125, 0.75, 0, 0))
"""Two places, as shares of the sides, which each orientation takes elsewhere."""


def swaps_sides(orientation: int) -> bool:
    return orientation in _TURNED


def upright_size(stored: Size, orientation: int) -> Size:
    """Return the size that an image has once its orientation has been applied."""
    return stored.turned if orientation in _TURNED else stored


def stored_box(box: Box, upright: Size, orientation: int) -> Box:
    """Return the box that a part of the upright image has in the image as it is stored."""
    left = box.left
    top = box.top
    if orientation in _MIRRORED_X:
        left = upright.width - box.left - box.width
    if orientation in _MIRRORED_Y:
        top = upright.height - box.top - box.height
    if orientation in _TURNED:
        return Box(top, left, box.height, box.width)
    return Box(left, top, box.width, box.height)


def upright_box(box: Box, stored: Size, orientation: int) -> Box:
    """Return the box that a part of the image as it is stored has in the upright image."""
    left = box.left
    top = box.top
    width = box.width
    height = box.height
    if orientation in _TURNED:
        left, top = top, left
        width, height = height, width
    upright = upright_size(stored, orientation)
    if orientation in _MIRRORED_X:
        left = upright.width - left - width
    if orientation in _MIRRORED_Y:
        top = upright.height - top - height
    return Box(left, top, width, height)


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Apply the orientation."""
    transpose = _TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def orientation_after(first: int, then: int) -> int:
    """Return the one orientation with the effect of two that are applied one after the other."""
    return next(
        orientation
        for orientation in range(1, 9)
        if all(
            stored_box(point, _UNIT, orientation) == stored_box(stored_box(point, _UNIT, then), _UNIT, first)
            for point in _POINTS
        )
    )
