"""The geometry of a gain map: that of its picture, at the map's own size. Arithmetic without images."""

from collections.abc import Iterable
from math import ceil
from typing import Any, NamedTuple

from progimage.errors import ParameterError
from progimage.operations import Operation
from progimage.operations.geometry import Crop, Flip, Resize, Rotate, Thumbnail, Trim
from transforms.formats.table import Format
from transforms.geometry import Box, Placement, Size
from transforms.orientation import orientation_after, stored_box, upright_size
from transforms.render import measure, place

_UNIT = Size(1, 1)
_GEOMETRY = (Crop, Flip, Resize, Rotate, Thumbnail, Trim)
_LEAST_SCALE = 0.5
"""Px of a map per px of its picture that are kept if the stored map has them."""
_ASPECT_TOLERANCE = 0.004
"""libultrahdr refuses a map whose proportions differ from its picture's by 1 %."""
_QUARTERS = {90: 6, 180: 3, 270: 8}
_FLIPS = {"horizontal": 2, "vertical": 4, "both": 3}
"""As orientations of EXIF."""


class MapPlacement(NamedTuple):
    box: Box
    """The visible part of the stored map, as shares of its sides."""
    size: Size
    """In px, before the turn."""
    orientation: int
    """The turn, as an orientation of EXIF."""


def refuse_other_formats(format: Format, source_format: str) -> None:
    """Raise ParameterError if an image is converted to a format that holds no gain map.

    An image that stays in such a format has none either."""
    if not format.has_gain_map and format.name != source_format:
        raise ParameterError(
            f"Expected the format jpeg for output.hdr=keep but received {format.name}",
            pointer="/output/hdr",
        )


def refuse_other_operations(operations: Iterable[Operation]) -> None:
    """Raise ParameterError for an operation that a gain map cannot go through: only geometry can be repeated
    on it, and a padded canvas has no gain."""
    for operation in operations:
        if not isinstance(operation, _GEOMETRY):
            raise _refusal(f"{operation.name}")
        if isinstance(operation, Rotate) and operation.angle % 90:
            raise _refusal(f"rotate by {operation.angle:g} degrees")
        if isinstance(operation, Rotate) and operation.angle % 180 and not operation.expand:
            raise _refusal("rotate with expand=false")


def refuse_padding(operations: Iterable[Operation], size: Size) -> None:
    """Raise ParameterError if an operation pads an image that has `size` at first."""
    for operation in operations:
        placement = place(operation, size)
        if placement is not None and placement.is_padded:
            raise _refusal(f"{operation.name} with fit=contain, which pads this image")
        size = measure(operation, size)


def place_gain_map(
    map_size: Size,
    stored: Size,
    orientation: int,
    steps: Iterable[Any],
) -> MapPlacement:
    """Return the placement of a map of `map_size` on a picture of `stored` px.

    `steps` are the settled steps: placements and operations of `refuse_other_operations`."""
    size = upright_size(stored, orientation)
    box = Box(0, 0, 1, 1)
    for step in steps:
        turn = _turn_of(step)
        if turn:
            orientation = orientation_after(orientation, turn)
        placement = step if isinstance(step, Placement) else place(step, size)
        if placement:
            box = _within(box, placement.box, size, orientation)
        size = placement.canvas if placement else measure(step, size)
    visible = box.scaled(map_size.width, map_size.height)
    result = upright_size(size, orientation)
    scale = max(map_size.width / stored.width, map_size.height / stored.height)
    return MapPlacement(box, _map_size(result, visible, scale), orientation)


def _turn_of(step: Any) -> int | None:
    if isinstance(step, Flip):
        return _FLIPS[step.direction]
    if isinstance(step, Rotate):
        return _QUARTERS.get(int(step.angle % 360))
    return None


def _within(
    box: Box,
    part: Box,
    size: Size,
    orientation: int,
) -> Box:
    """Return the box of a part, which is given in px of the turned picture, as shares of the stored one."""
    shares = part.scaled(1 / size.width, 1 / size.height)
    stored = stored_box(shares, _UNIT, orientation)
    return Box(
        box.left + stored.left * box.width,
        box.top + stored.top * box.height,
        stored.width * box.width,
        stored.height * box.height,
    )


def _map_size(result: Size, visible: Box, scale: float) -> Size:
    """Return a size in the proportions of the result.

    It has the map's px per px of the picture or half of the result's, as far as the map has them."""
    factor = min(1.0, max(scale, _LEAST_SCALE))
    wanted = min(ceil(result.width * factor), ceil(visible.width))
    for width in range(max(1, wanted), result.width):
        height = max(1, round(width * result.height / result.width))
        proportion = width * result.height / (height * result.width)
        if abs(proportion - 1) <= _ASPECT_TOLERANCE:
            return Size(width, height)
    return result


def _refusal(received: str) -> ParameterError:
    return ParameterError(
        "Expected operations of geometry alone (crop, flip, resize, rotate by quarter turns, thumbnail, trim)"
        f" for output.hdr=keep but received {received}",
        pointer="/output/hdr",
    )
