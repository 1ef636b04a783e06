"""What is decided before the first pixel: sizes, the scale of the decode, and what is refused."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

from PIL import ImageFile

from progimage.errors import ImageTooLarge, ParameterError
from progimage.operations import Operation, Output, Resize
from progimage.operations.filters import Blur
from progimage.operations.tone import Grayscale
from progimage.transform import Transform
from transforms.color import is_srgb
from transforms.decoding.header import Header, read_profile
from transforms.formats.table import FORMATS, Format
from transforms.geometry import Placement, Size, decode_scale, fold, keep
from transforms.limits import Limits
from transforms.render import measure, merge, place
from transforms.render.filters import Spread
from transforms.render.geometry import is_open
from transforms.render.neighbourhood import reduction

_LEAST_MEANS = 4
"""Px across: smaller squares would show how a decoder enlarges colours, which a scaled one does not."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is known before the first pixel. `leading` are done by the resampling, `steps` after it."""

    header: Header
    output: Output
    format: Format
    leading: tuple[Operation, ...]
    steps: tuple[Any, ...]
    frames: int
    decode_scale: int
    is_luma_alone: bool
    profile: bytes | None


def make_plan(image: ImageFile.ImageFile, header: Header, transform: Transform, limits: Limits) -> Plan:
    """Decide everything, and refuse what would be too large. Raises ImageTooLarge or ParameterError."""
    format = FORMATS[transform.output.format or header.format]
    frames = header.frames if format.is_animated else 1
    operations = check_sizes(header.upright, transform, format, frames, limits)
    means = decoded_means(operations, header)
    operations = means or operations
    leading = foldable(operations, header.upright)
    rest = operations[len(leading) :]
    placement = place_all(leading, header.upright)
    profile = read_profile(image, limits)
    is_luma_alone = (
        FORMATS[header.format].has_luma
        and bool(rest)
        and isinstance(rest[0], Grayscale)
        and not any(map(is_open, leading))
        and is_srgb(image.mode, profile)
    )
    margin = 1.0 if means else FORMATS[header.format].decode_margin
    return Plan(
        header=header,
        output=transform.output,
        format=format,
        leading=leading,
        steps=merge(rest),
        frames=frames,
        decode_scale=decode_scale(placement.box, placement.size, margin=margin) if margin else 1,
        is_luma_alone=is_luma_alone,
        profile=profile,
    )


def decoded_means(operations: tuple[Operation, ...], header: Header) -> tuple[Any, ...] | None:
    """Return the operations with a leading blur done from means of squares; None where no decode gives these.

    A scaled JPEG is just that (libjpeg-turbo, jidctred.c), but for squares that stand out of the image."""
    if not (operations and isinstance(operations[0], Blur) and FORMATS[header.format].has_luma):
        return None
    blur, (width, height) = operations[0], header.upright
    scale = reduction(blur.sigma)
    if scale < _LEAST_MEANS or width % scale or height % scale:
        return None
    reduced = Resize(width=width // scale, height=height // scale, fit="fill")
    return reduced, Spread(blur.sigma), *operations[1:]


def foldable(operations: tuple[Operation, ...], size: Size) -> tuple[Operation, ...]:
    """Return the operations at the front that are one resampling: one, or a cut and what follows it."""
    first = place(operations[0], size) if operations else None
    if first is None:
        return ()
    if not first.is_cut or len(operations) == 1 or is_open(operations[1]):
        return operations[:1]
    return operations[:2] if place(operations[1], first.canvas) else operations[:1]


def place_all(leading: tuple[Operation, ...], size: Size) -> Placement:
    placement = keep(size)
    for operation in leading:
        following = place(operation, placement.canvas)
        placement = fold(placement, following) if following else placement
    return placement


def check_sizes(
    size: Size, transform: Transform, format: Format, frames: int, limits: Limits
) -> tuple[Operation, ...]:
    """Return the operations, a last reduction included where the format needs it.

    Raises ImageTooLarge for any size on the way, and for a result beyond the format's ceiling, ParameterError
    for a part that lies outside of the image."""
    operations = transform.operations
    total = max(size.pixels * frames, limits.max_total_pixels)
    grown = min(2 * size.pixels, limits.max_pixels)
    most = min(max(size.pixels, grown, limits.max_enlarged_pixels), total // frames)
    for index, operation in enumerate(operations):
        size = _measure(operation, size, index)
        refuse_beyond(
            size, limits.max_output_side, most, what=f"from {operation.name}", pointer=f"/operations/{index}"
        )
    if format.shrinks_to and max(size) > format.shrinks_to:
        return (*operations, Resize(width=format.shrinks_to, height=format.shrinks_to))
    shown = f"as {format.name}" if frames == 1 else f"as {format.name} with {frames} frames"
    refuse_beyond(
        size,
        min(limits.max_output_side, format.max_side),
        _ceiling(transform.output, format) // frames,
        what=f"{shown} within max_bytes" if transform.output.max_bytes else shown,
        pointer="/output/max_bytes" if transform.output.max_bytes else "/output/format",
    )
    return operations


def _ceiling(output: Output, format: Format) -> int:
    """Return the most px of a result, over all its frames."""
    if output.lossless:
        return format.max_lossless_pixels
    return format.max_fitted_pixels if output.max_bytes else format.max_pixels


def _measure(operation: Operation, size: Size, index: int) -> Size:
    try:
        return measure(operation, size)
    except ParameterError as error:
        raise ParameterError(error.message, pointer=f"/operations/{index}{error.pointer}") from None


def refuse_beyond(size: Size, max_side: int, max_pixels: int, *, what: str, pointer: str) -> None:
    factor = min(max_side / max(size), sqrt(max_pixels / size.pixels))
    if factor >= 1:
        return
    largest = Size(*(max(1, int(side * factor + 1e-9)) for side in size))
    raise ImageTooLarge(
        f"Expected a result {what} of at most {largest.width} x {largest.height} px in these proportions"
        f" but it would have {size.width} x {size.height} px",
        pointer=pointer,
    )
