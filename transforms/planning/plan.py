"""Decisions before the first pixel: sizes, the scale of the decode, and refusals."""

from dataclasses import dataclass
from typing import Any

from PIL import ImageFile

from progimage.errors import ParameterError
from progimage.operations import Operation, Output, Resize
from progimage.transform import Transform
from transforms.color import ColorDescription, is_srgb
from transforms.decoding.colors import read_color
from transforms.decoding.header import Header
from transforms.decoding.jpeg.jpeg_sampling import fine_scale, takes_means
from transforms.formats.table import FORMATS, Format
from transforms.geometry import Box, Placement, Size, decode_scale, fold, keep
from transforms.limits import Limits
from transforms.render import (
    measure,
    merge,
    needs_luma_alone,
    place,
    reduce_first,
)
from transforms.render.geometry import is_open

from .ceilings import Extent, refuse_beyond, refuse_costly
from .gain_map_placement import refuse_padding

_MAX_OVERVIEW_SCALE = 2
"""An overview has been reduced once already. Decoded at 1/4, the worst of eight photographs had an SSIM of
0.9885 at 150 px; at 1/2 it has 0.995. Most of the time goes into Huffman codes, which all scales read."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All decisions before the first pixel.

    The resampling does the `leading` operations, and `steps` follow it."""

    header: Header
    output: Output
    format: Format
    leading: tuple[Operation, ...]
    steps: tuple[Any, ...]
    frames: int
    decode_scale: int
    is_luma_alone: bool
    colors: ColorDescription
    source_mode: str


def make_plan(
    image: ImageFile.ImageFile,
    header: Header,
    transform: Transform,
    limits: Limits,
    *,
    overview: Size | None = None,
) -> Plan:
    """Decide everything, and refuse a result that would be too large.

    If `image` is an overview of that size, `header` is of its original, as the overview shows it.
    Raise ImageTooLarge or ParameterError."""
    source_format = FORMATS[header.format]
    format = FORMATS[transform.output.format or header.format]
    frames = header.frames if format.is_animated else 1
    operations = check_sizes(header.upright, transform, format, frames, limits)
    refuse_costly(Extent(header.upright, frames, header.has_alpha), transform, format)
    margin = source_format.decode_margin
    takes_first_step = overview is None and takes_means(image)
    steps_after_means = _reduce_first(operations, header) if takes_first_step else None
    if steps_after_means:
        operations = steps_after_means
        margin = 1.0
    leading = foldable(operations, header.upright)
    remaining = operations[len(leading) :]
    placement = place_all(leading, header.upright)
    decoded_box = _in_overview(placement.box, header, overview) if overview else placement.box
    scale = decode_scale(decoded_box, placement.size, margin=margin) if margin else 1
    if overview:
        scale = min(scale, _MAX_OVERVIEW_SCALE)
    colors = read_color(image, source_format, limits)
    is_aimed_by_colors = any(is_open(operation) for operation in leading)
    is_luma_alone = (
        source_format.has_luma
        and bool(remaining)
        and needs_luma_alone(remaining[0])
        and not is_aimed_by_colors
        and is_srgb(image.mode, colors)
    )
    return Plan(
        header=header,
        output=transform.output,
        format=format,
        leading=leading,
        steps=merge(remaining),
        frames=frames,
        decode_scale=fine_scale(image, scale, is_luma_alone=is_luma_alone),
        is_luma_alone=is_luma_alone,
        colors=colors,
        source_mode=image.mode,
    )


def _in_overview(box: Box, header: Header, overview: Size) -> Box:
    return box.scaled(overview.width / header.width, overview.height / header.height)


def _reduce_first(operations: tuple[Operation, ...], header: Header) -> tuple[Any, ...] | None:
    """Return the operations with the first one split into a reduction and its remainder; None if it has no
    such form."""
    if not operations:
        return None
    steps = reduce_first(operations[0], header.upright)
    if steps is None:
        return None
    return *steps, *operations[1:]


def foldable(operations: tuple[Operation, ...], size: Size) -> tuple[Operation, ...]:
    """Return the leading operations that are one resampling: the first one, or a cut and its successor."""
    if not operations:
        return ()
    first = place(operations[0], size)
    if first is None:
        return ()
    if not first.is_cut or len(operations) == 1 or is_open(operations[1]):
        return operations[:1]
    second = place(operations[1], first.canvas)
    return operations[:2] if second else operations[:1]


def place_all(leading: tuple[Operation, ...], size: Size) -> Placement:
    """Return the one placement of operations that `foldable` has returned."""
    placement = keep(size)
    for operation in leading:
        following = place(operation, placement.canvas)
        if following:
            placement = fold(placement, following)
    return placement


def check_sizes(
    size: Size,
    transform: Transform,
    format: Format,
    frames: int,
    limits: Limits,
) -> tuple[Operation, ...]:
    """Return the operations, with a last reduction added if the format needs it.

    Raise ImageTooLarge if an operation grows the image beyond the limits, or if the result is beyond the
    format's ceiling. Raise ParameterError for a part that lies outside of the image."""
    operations = transform.operations
    first_size = size
    max_pixels = _max_pixels_per_frame(size, frames, limits)
    for index, operation in enumerate(operations):
        largest = _largest_sides(operation, size, limits)
        size = _measure(operation, size, index)
        refuse_beyond(
            size,
            largest,
            max_pixels,
            what=f"from {operation.name}",
            pointer=f"/operations/{index}",
        )
    if format.shrinks_to and max(size) > format.shrinks_to:
        reduction = Resize(width=format.shrinks_to, height=format.shrinks_to)
        return *operations, reduction
    _refuse_beyond_format(size, transform.output, format, frames)
    if transform.output.hdr == "keep":
        refuse_padding(operations, first_size)
    return operations


def _largest_sides(operation: Operation, size: Size, limits: Limits) -> Size:
    """Return the longest sides that `operation` may give an image of `size`.

    Only growth is limited: an accepted panorama may keep its long side, and a turn may exchange its sides."""
    if operation.kind == "rotate":
        longest_side = max(size)
        size = Size(longest_side, longest_side)
    width = max(size.width, limits.max_output_side)
    height = max(size.height, limits.max_output_side)
    return Size(width, height)


def _max_pixels_per_frame(
    size: Size,
    frames: int,
    limits: Limits,
) -> int:
    """Return the most px of a frame on the way.

    A photograph may double, and a small image may grow further."""
    total = max(size.pixels * frames, limits.max_total_pixels)
    doubled = min(2 * size.pixels, limits.max_pixels)
    return min(
        max(size.pixels, doubled, limits.max_enlarged_pixels),
        total // frames,
    )


def _refuse_beyond_format(
    size: Size,
    output: Output,
    format: Format,
    frames: int,
) -> None:
    description = f"as {format.name}"
    if frames > 1:
        description += f" with {frames} frames"
    if output.max_bytes:
        description += " within max_bytes"
    refuse_beyond(
        size,
        Size(format.max_side, format.max_side),
        _max_result_pixels(output, format) // frames,
        what=description,
        pointer="/output/max_bytes" if output.max_bytes else "/output/format",
    )


def _max_result_pixels(output: Output, format: Format) -> int:
    """Return the most px of a result, over all its frames."""
    if output.lossless:
        return format.max_lossless_pixels
    return format.max_fitted_pixels if output.max_bytes else format.max_pixels


def _measure(operation: Operation, size: Size, index: int) -> Size:
    try:
        return measure(operation, size)
    except ParameterError as error:
        raise ParameterError(error.message, pointer=f"/operations/{index}{error.pointer}") from None
