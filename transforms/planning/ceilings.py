"""Sizes that are refused before the first pixel: beyond a limit, or too large for the time of a render."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType
from typing import Any, NamedTuple

from progimage.errors import ImageTooLarge
from progimage.operations import Operation, Resize, composite, filters, geometry, masks
from progimage.transform import Transform
from transforms.formats.table import Format
from transforms.geometry import Size
from transforms.render import measure

MAX_CPU_MS = 8_500
"""CPU time of a render with operations, on one core of a small virtual machine. The deadline is 10 s."""
_DECODE_MS = 10
_DECODE_ALPHA_MS = 20
"""Per megapixel of the largest accepted files."""
_MEGA = 1_000_000
_ROUNDING = 1e-9
"""Added to a side before its fraction is cut off."""


class Extent(NamedTuple):
    """The extent of a source: its upright size in px, its frames that are rendered, and whether they have
    alpha."""

    size: Size
    frames: int
    has_alpha: bool = False

    @property
    def decode_ms(self) -> float:
        """CPU time of the decode of a frame."""
        rate = _DECODE_ALPHA_MS if self.has_alpha else _DECODE_MS
        return rate * self.size.pixels / _MEGA


@dataclass(frozen=True)
class Cost:
    """CPU time in ms per megapixel of the larger of an operation's image and its result, rounded up.

    Measured on a photograph of 50 megapixels with much noise, in a child with the limits of workers/."""

    opaque: float
    with_alpha: float


@dataclass(frozen=True)
class Step:
    """An operation with the sizes of its image and of its result."""

    operation: Operation
    image: Size
    result: Size
    may_have_alpha: bool

    @property
    def cpu_ms(self) -> float:
        cost = cost_of(self.operation)
        rate = cost.with_alpha if self.may_have_alpha else cost.opaque
        if self.operation.kind == "thumbnail":
            return (rate * self.result.pixels + _REDUCTION_MS * self.image.pixels) / _MEGA
        return rate * max(self.image.pixels, self.result.pixels) / _MEGA


_REDUCTION_MS = 10
"""Per megapixel of an image that is resampled. The resampling itself is paid by px of its result."""
_USUAL = Cost(5, 10)
"""One pass over the image, such as a change of tone. Neighbouring ones are joined."""

_TABLE: dict[type[Operation], Cost | Callable[[Any], Cost]] = {
    Resize: Cost(30, 65),
    geometry.Thumbnail: Cost(30, 65),
    geometry.Crop: Cost(30, 65),
    geometry.Rotate: lambda rotate: Cost(110, 160) if rotate.angle % 90 else _USUAL,
    geometry.Pad: Cost(30, 40),
    composite.Shadow: Cost(30, 40),
    filters.Blur: Cost(45, 70),
    filters.Sharpen: Cost(50, 85),
    filters.Median: lambda median: Cost(50, 90) if median.size == 3 else Cost(285, 300),
    filters.Edge: Cost(25, 65),
    filters.Emboss: Cost(10, 55),
    filters.Convolve: Cost(45, 85),
    filters.Noise: Cost(30, 35),
    filters.Vignette: Cost(20, 30),
    masks.Mask: Cost(20, 25),
    masks.Redact: Cost(25, 30),
}
_BLEND_MS = {"normal": 50, "color-dodge": 110, "color-burn": 110, "soft-light": 75}
_USUAL_BLEND_MS = 65
_TURNED_LAYER_MS = 120


def _cost_of_composite(operation: composite.Composite) -> Cost:
    ms = _BLEND_MS.get(operation.blend, _USUAL_BLEND_MS)
    if operation.rotation % 90:
        ms += _TURNED_LAYER_MS
    return Cost(ms, ms + 5)


_TABLE[composite.Composite] = _cost_of_composite
COSTS: Mapping[type[Operation], Cost | Callable[[Any], Cost]] = MappingProxyType(_TABLE)

_MAY_ADD_ALPHA = (
    geometry.Rotate,
    geometry.Pad,
    Resize,
    composite.Border,
    composite.Shadow,
    masks.Mask,
    masks.Colorkey,
    masks.Redact,
)


def cost_of(operation: Operation) -> Cost:
    cost = COSTS.get(type(operation), _USUAL)
    return cost if isinstance(cost, Cost) else cost(operation)


def refuse_costly(source: Extent, transform: Transform, format: Format) -> None:
    """Raise ImageTooLarge if decode, operations and encode together take longer than MAX_CPU_MS.

    The message names the dearest operation, and the size of its result that would work. Without operations
    the ceilings of formats hold."""
    if not transform.operations:
        return
    steps = _steps(source.size, transform.operations, has_alpha=source.has_alpha)
    costs = [step.cpu_ms for step in steps]
    encode_ms = format.lossless_encode_ms if transform.output.lossless else format.encode_ms
    frame_ms = sum(costs) + source.decode_ms + encode_ms * steps[-1].result.pixels / _MEGA
    cpu_ms = source.frames * frame_ms
    if cpu_ms <= MAX_CPU_MS:
        return
    index = costs.index(max(costs))
    dearest = steps[index]
    others = " and the other operations" if len(steps) > 1 else ""
    refuse_beyond(
        dearest.result,
        dearest.result,
        int(dearest.result.pixels * MAX_CPU_MS / cpu_ms),
        what=f"from {dearest.operation.name}{others}",
        pointer=f"/operations/{index}",
    )


def _steps(
    size: Size,
    operations: Sequence[Operation],
    *,
    has_alpha: bool,
) -> list[Step]:
    steps = []
    for operation in operations:
        result = measure(operation, size)
        steps.append(Step(operation, size, result, has_alpha))
        has_alpha = has_alpha or isinstance(operation, _MAY_ADD_ALPHA)
        size = result
    return steps


def refuse_beyond(
    size: Size,
    largest: Size,
    max_pixels: int,
    *,
    what: str,
    pointer: str,
) -> None:
    """Raise ImageTooLarge if a side is longer than that of `largest`, or if the pixels are beyond the limit.

    The message names the largest size."""
    across = largest.width / size.width
    down = largest.height / size.height
    pixels_factor = sqrt(max_pixels / size.pixels)
    factor = min(across, down, pixels_factor)
    if factor >= 1:
        return
    largest_width = max(1, int(size.width * factor + _ROUNDING))
    largest_height = max(1, int(size.height * factor + _ROUNDING))
    raise ImageTooLarge(
        f"Expected a result {what} of at most {largest_width} x {largest_height} px in these proportions"
        f" but it would have {size.width} x {size.height} px",
        pointer=pointer,
    )
