"""A result is never larger than its original. If no pixel has to change, the original's own pixels stand for
a larger result, cut down to what the result may hold."""

from pathlib import Path

from progimage.operations import Output
from progimage.transform import Transform
from transforms.color import is_srgb
from transforms.formats.metadata import Metadata
from transforms.formats.table import FORMATS
from transforms.planning.plan import Plan
from transforms.planning.resolve import resolve
from transforms.stripping import is_bare, strip

from .pixels_and_metadata import put_metadata

_GREY_MODES = frozenset({"1", "L", "LA", "I;16", "I;16B", "I;16L"})
_COLOR_MODES = frozenset({"P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"})
"""Modes of Pillow whose colours are sRGB if no profile says otherwise."""


def prefer_original(
    source: Path,
    plan: Plan,
    metadata: Metadata,
    result: bytes,
) -> bytes | None:
    """Return the original's pixels if they may stand for a result, else None. No gain map is kept.

    They have to take fewer bytes than the result, if there is one."""
    if not _may_stand(plan):
        return None
    content = source.read_bytes()
    bare = strip(content, plan.header.format, plan.header.stored)
    if bare is None:
        return None
    format = FORMATS[plan.header.format]
    original = put_metadata(bare, format, metadata)
    if original is not None and len(original) > len(content):
        original = put_metadata(bare, format, metadata, is_lean=True)
    if original is None or not is_bare(bare, plan.header.format):
        return None
    is_smaller = not result or len(original) <= _max_original_bytes(plan.output, len(result))
    return original if is_smaller else None


def _max_original_bytes(output: Output, result_bytes: int) -> int:
    # no result is better than the original if max_bytes is given and no quality, which 100 stands for
    if output.max_bytes and output.quality == 100:
        return output.max_bytes
    return result_bytes - 1


def _may_stand(plan: Plan) -> bool:
    """Whether neither the request nor the source's colours and orientation ask for other pixels."""
    has_operations = plan.leading or plan.steps
    if has_operations or plan.header.orientation != 1 or not _is_in_srgb(plan):
        return False
    output = plan.output
    unchanging = Output(
        quality=output.quality,
        max_bytes=output.max_bytes,
        effort=output.effort,
        metadata=output.metadata,
        hdr=output.hdr,
    )
    return resolve(Transform(output=unchanging), plan.header.format).output == output


def _is_in_srgb(plan: Plan) -> bool:
    is_grey = plan.source_mode in _GREY_MODES
    return (is_grey or plan.source_mode in _COLOR_MODES) and is_srgb("L" if is_grey else "RGB", plan.colors)
