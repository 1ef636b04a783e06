"""The plan of a transform: sizes, steps and format of a render, without a pixel."""

from dataclasses import asdict
from typing import Any

from progimage.operations import Operation
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.planning.ceilings import Extent, refuse_costly
from transforms.planning.plan import check_sizes
from transforms.render import measure
from transforms.workers.pool import pool

from .preparing import Prepared

_SOURCE_FACTS = ("format", "frames", "orientation", "has_alpha")


def describe_plan(prepared: Prepared) -> dict[str, Any]:
    """Return the sizes in px, the steps, the format and the cache key of a render.

    Raise ImageTooLarge or ParameterError, as the render would."""
    header = prepared.header
    resolved = prepared.resolved
    format = prepared.format
    frames = header.frames if format.is_animated else 1
    operations = check_sizes(header.upright, resolved, format, frames, pool().settings.limits)
    refuse_costly(Extent(header.upright, frames, header.has_alpha), resolved, format)
    sizes = _sizes_after_each(operations, header.upright)
    source = {name: getattr(header, name) for name in _SOURCE_FACTS}
    source |= header.upright._asdict() | _color_facts(prepared)
    source["sha256"] = prepared.source.sha256
    source["decoded_from"] = prepared.decoded_from
    steps = [
        {"operation": {"op": operation.name} | operation.as_dict()} | size
        for operation, size in zip(operations, sizes[1:], strict=True)
    ]
    return sizes[-1] | {
        "frames": frames,
        "kind": resolved.kind(header.format),
        "source": source,
        "steps": steps,
        "output": resolved.output.as_dict(),
        "format": {
            "name": format.name,
            "media_type": format.media_type,
            "reason": _format_reason(prepared),
        },
        "cache_key": prepared.cache_key,
    }


def _color_facts(prepared: Prepared) -> dict[str, Any]:
    """Return the facts about colours as an image's JSON has them; null if nobody has read them yet."""
    image = prepared.source.image
    if image is not None and image.color_space is None:
        return {"hdr": None, "color_space": None}
    return {"hdr": prepared.header.is_hdr, "color_space": asdict(prepared.header.color_space)}


def _sizes_after_each(operations: tuple[Operation, ...], size: Size) -> list[dict[str, Any]]:
    """Return the size at the start and after each operation."""
    is_at_most = False
    sizes = [size._asdict() | {"is_at_most": is_at_most}]
    for operation in operations:
        size = measure(operation, size)
        is_at_most = is_at_most or operation.is_sized_by_pixels
        sizes.append(size._asdict() | {"is_at_most": is_at_most})
    return sizes


def _format_reason(prepared: Prepared) -> str:
    """Return why the result has its format, in the words of images/api/schema/transforms.py."""
    requested = prepared.requested.output.format
    source_format = FORMATS[prepared.header.format]
    if requested not in (None, "auto"):
        return "asked"
    own_format = source_format.written_as or source_format.name
    if requested == "auto" and prepared.format.name != own_format:
        return "negotiated"
    if requested is None and source_format.can_write:
        return "source"
    return "fallback"
