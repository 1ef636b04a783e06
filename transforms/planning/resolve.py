"""From a transform as it was asked for to the one meaning that a cache key is made of."""

from dataclasses import replace
from hashlib import sha256 as _sha256

from progimage.errors import ParameterError
from progimage.operations import Operation, Output
from progimage.operations.output import Subsampling
from progimage.transform import Transform
from transforms.formats.table import FORMATS, Format
from transforms.render.geometry import is_open

RENDER_VERSION = 2
"""Raised by hand whenever the pixels or bytes of any result change."""

_WHITE = "#ffffffff"
_SUBSAMPLING: Subsampling = "4:2:0"


def resolve(
    transform: Transform, source_format: str, *, focal: tuple[float, float] | None = None
) -> Transform:
    """Write out all that varies by format, so that equal results have equal keys.

    `focal` is the image's own focal point, which goes before what smart gravity would find.

    What the format does not have is None or False; without alpha the background is written out as well.
    Raises ParameterError for the format "auto": negotiation.py replaces it where there is a request."""
    if transform.output.format == "auto":
        raise ParameterError(
            "Expected a format for output.format but received 'auto'", pointer="/output/format"
        )
    format = FORMATS[transform.output.format or source_format]
    output = _resolve_output(transform.output, FORMATS[format.written_as or format.name])
    if output.metadata == "keep" and any(operation.hides_content for operation in transform.operations):
        output = replace(output, metadata="copyright")
    return Transform(_aim(transform.operations, focal) if focal else transform.operations, output)


def _aim(operations: tuple[Operation, ...], focal: tuple[float, float]) -> tuple[Operation, ...]:
    """Write the focal point into the first operation that moves pixels: after it, it lies elsewhere."""
    aimed = list(operations)
    for index, operation in enumerate(operations):
        if is_open(operation):
            aimed[index] = replace(operation, focal=focal)  # type: ignore[call-arg]
        if operation.kind != "filter":
            break
    return tuple(aimed)


def _resolve_output(output: Output, format: Format) -> Output:
    lossless = output.lossless and format.has_lossless
    is_lossy = format.quality is not None and not lossless
    usual_quality = 100 if output.max_bytes else format.quality
    colors = (output.colors or format.colors) if format.has_palette else None
    return Output(
        format=format.name,  # type: ignore[arg-type]
        quality=(output.quality or usual_quality) if is_lossy else None,
        max_bytes=output.max_bytes,
        lossless=lossless,
        progressive=output.progressive and format.has_progressive,
        subsampling=(output.subsampling or _SUBSAMPLING) if format.has_subsampling else None,
        colors=colors,
        dither=output.dither or colors is None,
        effort=output.effort if format.has_effort else None,
        background=output.background or (None if format.has_alpha else _WHITE),
        metadata=output.metadata if format.holds_metadata else "safe",
    )


def cache_key(sha256: str, resolved: Transform) -> str:
    """Return the key, 64 hex digits, of what `resolved` makes of the original with that sha256."""
    text = f"{sha256}\n{resolved.canonical_json()}\n{RENDER_VERSION}"
    return _sha256(text.encode()).hexdigest()
