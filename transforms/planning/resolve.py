"""Resolution of a transform: from the client's form to the one meaning that its cache key is made of."""

from dataclasses import replace
from hashlib import sha256 as _sha256

from progimage.errors import ParameterError
from progimage.operations import Operation, Output
from progimage.operations.output import Subsampling
from progimage.transform import Transform
from transforms.formats.table import FORMATS, Format
from transforms.render.geometry import is_open

from .gain_map_placement import refuse_other_formats, refuse_other_operations
from .overview_recipe import OverviewRecipe

RENDER_VERSION = 4
"""Raise it by hand when the pixels or bytes of any result change, and run `make pixels`."""

_WHITE = "#ffffffff"
_SUBSAMPLING: Subsampling = "4:2:0"
_BEST_QUALITY = 100


def resolve(
    transform: Transform,
    source_format: str,
    *,
    focal: tuple[float, float] | None = None,
) -> Transform:
    """Write out everything that varies by format, so that equal results have equal keys.

    `focal` is the image's own focal point, which goes before the one that smart gravity would find. An option
    that the format does not have is None or False. Without alpha the background is written out as well.
    Raise ParameterError for the format "auto": negotiate_format.py replaces it for a request."""
    if transform.output.format == "auto":
        raise ParameterError(
            "Expected a format for output.format but received 'auto'",
            pointer="/output/format",
        )
    format = FORMATS[transform.output.format or source_format]
    written_format = FORMATS[format.written_as or format.name]
    if transform.output.hdr == "keep":
        refuse_other_formats(written_format, source_format)
        refuse_other_operations(transform.operations)
    output = _resolve_output(transform.output, written_format)
    hides_content = any(operation.hides_content for operation in transform.operations)
    if output.metadata == "keep" and hides_content:
        output = replace(output, metadata="copyright")
    operations = transform.operations
    if focal:
        operations = _aim(operations, focal)
    return Transform(operations, output)


def _aim(operations: tuple[Operation, ...], focal: tuple[float, float]) -> tuple[Operation, ...]:
    """Write the focal point into the first operation that moves pixels.

    After it, the point lies elsewhere."""
    aimed = list(operations)
    for index, operation in enumerate(operations):
        if is_open(operation):
            aimed[index] = replace(operation, focal=focal)  # type: ignore[call-arg]
        if operation.kind != "filter":
            break
    return tuple(aimed)


def _resolve_output(output: Output, format: Format) -> Output:
    lossless = output.lossless and format.has_lossless
    colors = (output.colors or format.colors) if format.has_palette else None
    background = output.background
    if background is None and not format.has_alpha:
        background = _WHITE
    subsampling = output.subsampling or _SUBSAMPLING
    return Output(
        format=format.name,  # type: ignore[arg-type]
        quality=None if lossless else _resolve_quality(output, format),
        max_bytes=output.max_bytes,
        lossless=lossless,
        progressive=output.progressive and format.has_progressive,
        subsampling=subsampling if format.has_subsampling else None,
        colors=colors,
        dither=output.dither or colors is None,
        effort=output.effort if format.has_effort else None,
        background=background,
        metadata=output.metadata if format.holds_metadata else "safe",
        hdr=output.hdr,
    )


def _resolve_quality(output: Output, format: Format) -> int | None:
    """Return the quality of a lossy format: the client's, or else the
    best for max_bytes, or the format's own."""
    if format.quality is None:
        return None
    usual_quality = _BEST_QUALITY if output.max_bytes else format.quality
    return output.quality or usual_quality


def cache_key(sha256: str, resolved: Transform, *, overview: OverviewRecipe | None = None) -> str:
    """Return the key, 64 hex digits, of the result of `resolved` for the original with that sha256."""
    return complete_key(sha256, key_tail(resolved, overview=overview))


def complete_key(sha256: str, tail: str) -> str:
    """Return the cache key of the original with that sha256 whose tail is known."""
    return _sha256(f"{sha256}{tail}".encode()).hexdigest()


def key_tail(resolved: Transform, *, overview: OverviewRecipe | None = None) -> str:
    """Return the part of the text of a cache key that follows the original's sha256.

    The database can complete a key with it, if only the row of the image tells the sha256. A result that is
    decoded from an overview has other pixels, and therefore another key."""
    tail = f"\n{resolved.canonical_json()}\n{RENDER_VERSION}"
    if overview:
        tail += f"\noverview {overview}"
    return tail
