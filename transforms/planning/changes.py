"""The changes of a picture's geometry, known before any pixel. Metadata depend on them."""

from collections.abc import Iterable

from progimage.operations import Operation
from progimage.operations.geometry import Flip, Rotate
from transforms.decoding.header import Header
from transforms.geometry import Changes, Size, whole
from transforms.render import measure, place

_TURNED = frozenset({5, 6, 7, 8})


def find_changes(operations: Iterable[Operation], header: Header) -> Changes:
    """Return the changes from the stored picture to the result. `operations` have been measured before."""
    changes = Changes(
        is_moved=header.orientation != 1,
        swaps_sides=header.orientation in _TURNED,
    )
    size = header.upright
    for operation in operations:
        changes = _add(changes, operation, size)
        size = measure(operation, size)
    return changes


def _add(changes: Changes, operation: Operation, size: Size) -> Changes:
    if isinstance(operation, Flip):
        return changes._replace(is_moved=True)
    if isinstance(operation, Rotate):
        return _add_rotation(changes, operation, size)
    if operation.is_sized_by_pixels:
        return changes._replace(is_cut=True, is_resized=True)
    placement = place(operation, size)
    if placement is not None:
        is_cut = placement.box != whole(size)
        is_resized = placement.canvas != size
        return changes._replace(
            is_cut=changes.is_cut or is_cut,
            is_moved=changes.is_moved or placement.is_padded,
            is_resized=changes.is_resized or is_resized,
        )
    is_resized = measure(operation, size) != size
    # a canvas around the picture moves it
    return changes._replace(
        is_moved=changes.is_moved or is_resized,
        is_resized=changes.is_resized or is_resized,
    )


def _add_rotation(changes: Changes, operation: Rotate, size: Size) -> Changes:
    if operation.angle % 360 == 0:
        return changes
    is_quarter = operation.angle % 90 == 0
    is_cut = not operation.expand and operation.angle % 180 != 0
    if is_quarter and size.width == size.height:
        is_cut = False
    swaps_sides = changes.swaps_sides
    if is_quarter and operation.angle % 180:
        swaps_sides = not swaps_sides
    return changes._replace(
        is_moved=True,
        is_cut=changes.is_cut or is_cut,
        swaps_sides=swaps_sides,
        is_askew=changes.is_askew or not is_quarter,
    )
