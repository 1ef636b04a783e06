"""Overviews: a reduced copy of a large original, from which later results are decoded in its place.

Everything here is decided by an image's header and by the transform, without a pixel. So a cache key can say
beforehand whether a result comes from the original or from its overview."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from progimage.operations import Operation, Output, Resize
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.render.geometry import is_open

from .overview_recipe import LEAST_REDUCTION, RECIPE, find_overview_size
from .plan import foldable, place_all

OVERVIEW_FORMAT: Final = "jpeg"
_MAGNIFYING = frozenset({"colorkey", "convolve", "posterize", "threshold"})
"""Operations by which levels that hardly differ become plainly different ones: SSIM falls below 0.985."""
_MAX_SHARE = 0.3
"""The most bytes of an overview per byte of its original."""


@dataclass(frozen=True)
class OverviewFile:
    """The overview at `path`, to be decoded in the place of its original, which has the header `original`."""

    path: Path
    original: Header


def serves(header: Header, resolved: Transform) -> bool:
    """Whether the result of a resolved transform is decoded from the original's overview, once there is one.

    The transform begins with a crop or a resize, whose result has at most half of the px of that part of the
    overview each way. It needs nothing of the original but its pixels."""
    size = find_overview_size(header)
    if size is None or not resolved.operations or not _needs_pixels_alone(resolved):
        return False
    leading = foldable(resolved.operations, header.upright)
    if not leading:
        return False
    placement = place_all(leading, header.upright)
    # multiplied out, so that no rounding decides
    width = placement.box.width * size.width
    height = placement.box.height * size.height
    least_width = LEAST_REDUCTION * placement.size.width * header.upright.width
    least_height = LEAST_REDUCTION * placement.size.height * header.upright.height
    return width >= least_width and height >= least_height


def overview_transform(size: Size) -> Transform:
    """Return the transform that makes an overview of `size` from its original."""
    resize = Resize(width=size.width, height=size.height, fit="fill")
    output = Output(format=OVERVIEW_FORMAT, quality=RECIPE.quality, subsampling="4:4:4")
    return Transform((resize,), output)


def is_worth_keeping(overview_bytes: int, original_bytes: int) -> bool:
    """Whether an overview takes so few bytes that it is kept beside its original."""
    return overview_bytes <= _MAX_SHARE * original_bytes


def seen_in_overview(original: Header) -> Header:
    """Return the header of an original as its overview shows it: upright, in sRGB, as a JPEG. Sizes stay."""
    upright = original.upright
    return replace(
        original,
        format=OVERVIEW_FORMAT,
        media_type=FORMATS[OVERVIEW_FORMAT].media_type,
        width=upright.width,
        height=upright.height,
        orientation=1,
        is_hdr=False,
    )


def header_of_overview(original: Header) -> Header:
    """Return the header of an original's overview itself. Raise ValueError if the original gets none."""
    size = find_overview_size(original)
    if size is None:
        raise ValueError("Expected the header of an original with an overview")
    return replace(seen_in_overview(original), width=size.width, height=size.height)


def _needs_pixels_alone(resolved: Transform) -> bool:
    """Whether the transform reads neither metadata nor a gain map, and no px decides about more than itself.

    The px of an overview differ a little from those of the original, and so would a place or a size that
    depends on them."""
    output = resolved.output
    is_tolerant = all(map(_is_tolerant, resolved.operations))
    return is_tolerant and output.metadata == "safe" and output.hdr == "sdr"


def _is_tolerant(operation: Operation) -> bool:
    """Whether small differences of levels stay small, and move nothing."""
    if is_open(operation) or operation.is_sized_by_pixels:
        return False
    return operation.name not in _MAGNIFYING
