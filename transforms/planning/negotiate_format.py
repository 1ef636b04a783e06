"""`format=auto`: the format that a request's Accept header asks for by name.

`image/*` and `*/*` promise nothing: clients that read JPEG and GIF alone send them too."""

import re
from dataclasses import replace
from typing import NamedTuple

from progimage.errors import ImageTooLarge
from progimage.operations import OutputFormat
from progimage.transform import Transform
from transforms.formats.table import FORMATS, Format
from transforms.geometry import Size
from transforms.limits import Limits

from .plan import check_sizes
from .resolve import resolve

_CANDIDATES: tuple[OutputFormat, ...] = ("avif", "webp")
"""Those with fewer bytes for the same looks first."""
_STILLS_ALONE = frozenset({"avif"})
"""What takes too long for many frames."""

_MAX_ACCEPT = 1_024
"""Characters. Browsers send some 150."""
_MEDIA_RANGE = re.compile(
    r"\s*(?P<type>[\w!#$&^.+*-]+/[\w!#$&^.+*-]+)"
    r"(?:\s*;\s*(?:q=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)|(?!q=)[\w-]+=[^\s;\"]+))*\s*",
    re.ASCII | re.IGNORECASE,
)
"""RFC 9110, section 12.5.1, without quoted parameters, which no type of an image has."""


class Extent(NamedTuple):
    """How much a source is: its upright size in px, its frames."""

    size: Size
    frames: int


def negotiate(
    transform: Transform, accept: str, *, source: Extent, fallback: Format, limits: Limits
) -> Transform:
    """Replace the format "auto" by the best that `accept` names and the result fits in, else by `fallback`.

    Any other format stays. A malformed header counts as none, and one that excludes the fallback gets it all
    the same."""
    if transform.output.format != "auto":
        return transform
    candidates = (_written_as(name, transform) for name in _named(accept))
    fitting = (candidate for candidate in candidates if _fits(candidate, source, limits))
    return next(fitting, _written_as(fallback.written_as or fallback.name, transform))  # type: ignore[arg-type]


def _named(accept: str) -> list[OutputFormat]:
    """Return the candidates that a header names, the client's favourite first."""
    weights = _weights(accept)
    weight = {name: weights.get(FORMATS[name].media_type, 0.0) for name in _CANDIDATES}
    return sorted((name for name in _CANDIDATES if weight[name]), key=lambda name: -weight[name])


def _weights(accept: str) -> dict[str, float]:
    """Return the weight of each media range; none where the header is malformed."""
    if len(accept) > _MAX_ACCEPT:
        return {}
    ranges = [_MEDIA_RANGE.fullmatch(part) for part in accept.split(",") if part.strip()]
    return {found["type"].lower(): float(found["q"] or 1) for found in ranges if found} if all(ranges) else {}


def _written_as(name: OutputFormat, transform: Transform) -> Transform:
    return replace(transform, output=replace(transform.output, format=name))


def _fits(transform: Transform, source: Extent, limits: Limits) -> bool:
    format = FORMATS[str(transform.output.format)]
    is_lossy_against_wish = transform.output.lossless and not format.has_lossless
    if is_lossy_against_wish or (source.frames > 1 and format.name in _STILLS_ALONE):
        return False
    try:
        check_sizes(source.size, resolve(transform, format.name), format, source.frames, limits)
    except ImageTooLarge:
        return False
    return True
