"""A render of bytes that nobody has validated, in one visit of a child: it reads their header by the way."""

from pathlib import Path

from progimage.transform import Transform

from .decoding.decode import check_checksums
from .decoding.header import Header
from .encoding.encode import write_file
from .engine import Rendered, render
from .limits import DEFAULT_LIMITS, Limits
from .planning.resolve import resolve

_OWNER_ONLY = 0o600


class _TooMuch(Exception):
    """The image has more pixels than this visit may decode."""


def render_received(
    source: Path,
    transform: Transform,
    target: Path,
    *,
    max_megapixels: float,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Header, Rendered | None]:
    """Render a transform that names its format and no other image. Return the header of the source, too.

    The result is written to `target` only if the facts do not hold its bytes. Of a source that has more than
    `max_megapixels` over all frames, return the header alone.
    Raise as `probe_received`, `resolve` and `render_file` do."""
    headers: list[Header] = []

    def choose(header: Header) -> Transform:
        headers.append(header)
        check_checksums(source, header)
        resolved = resolve(transform, header.format)
        if header.megapixels > max_megapixels:
            raise _TooMuch
        return resolved

    try:
        facts, result = render(source, choose, limits)
    except _TooMuch:
        return headers[0], None
    if facts.content is None:
        target.touch(mode=_OWNER_ONLY)
        write_file(target, result)
    return headers[0], facts
