"""`format=auto`: the format that a request's Accept header names explicitly.

`image/*` and `*/*` promise nothing. Clients that read only JPEG and GIF send them, too."""

import re
from collections.abc import Iterator
from dataclasses import replace

from progimage.errors import ImageTooLarge
from progimage.operations import OutputFormat
from progimage.transform import Transform
from transforms.formats.table import FORMATS, Format
from transforms.limits import Limits

from .ceilings import Extent, refuse_costly
from .plan import check_sizes
from .resolve import resolve

_CANDIDATES: tuple[OutputFormat, ...] = ("avif", "webp")
"""First the format that takes fewer bytes for the same quality."""
_FOR_STILLS_ONLY = frozenset({"avif"})
"""Formats that take too long for many frames."""

_MAX_ACCEPT = 1_024
"""Characters. Browsers send some 150."""
_MEDIA_RANGE = re.compile(
    r"\s*(?P<type>[\w!#$&^.+*-]+/[\w!#$&^.+*-]+)"
    r"(?:\s*;\s*(?:q=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)|(?!q=)[\w-]+=[^\s;\"]+))*\s*",
    re.ASCII | re.IGNORECASE,
)
"""RFC 9110, section 12.5.1, without quoted parameters, which no media type of an image has."""


def negotiate(
    transform: Transform,
    accept: str,
    *,
    source: Extent,
    fallback: Format,
    limits: Limits,
) -> Transform:
    """Replace the format "auto" by the best one that `accept` names and that can hold the result.

    If there is none, take `fallback`, even if the header excludes it. A
    malformed header counts as empty. Any other format stays."""
    if transform.output.format != "auto":
        return transform
    for candidate in _candidates(transform, accept):
        if _fits(candidate, source, limits):
            return candidate
    fallback_name = fallback.written_as or fallback.name
    return _with_format(transform, fallback_name)  # type: ignore[arg-type]


def _candidates(transform: Transform, accept: str) -> Iterator[Transform]:
    """Yield the transform in each candidate format that the header names, the client's favourite first."""
    weights = _read_weights(accept)

    def weight(name: OutputFormat) -> float:
        return weights.get(FORMATS[name].media_type, 0.0)

    for name in sorted(_CANDIDATES, key=weight, reverse=True):
        if weight(name):
            yield _with_format(transform, name)


def _read_weights(accept: str) -> dict[str, float]:
    """Return the weight of each media range; no weights if the header is malformed."""
    if len(accept) > _MAX_ACCEPT:
        return {}
    weights = {}
    for part in accept.split(","):
        if not part.strip():
            continue
        media_range = _MEDIA_RANGE.fullmatch(part)
        if media_range is None:
            return {}
        media_type = media_range["type"].lower()
        weights[media_type] = float(media_range["q"] or 1)
    return weights


def _with_format(transform: Transform, name: OutputFormat) -> Transform:
    output = replace(transform.output, format=name)
    return replace(transform, output=output)


def _fits(
    transform: Transform,
    source: Extent,
    limits: Limits,
) -> bool:
    format = FORMATS[str(transform.output.format)]
    output = transform.output
    if output.lossless and not format.has_lossless:
        return False
    if output.hdr == "keep" and not format.has_gain_map:
        return False
    if source.frames > 1 and format.name in _FOR_STILLS_ONLY:
        return False
    resolved = resolve(transform, format.name)
    try:
        check_sizes(source.size, resolved, format, source.frames, limits)
        refuse_costly(source, resolved, format)
    except ImageTooLarge:
        return False
    return True
