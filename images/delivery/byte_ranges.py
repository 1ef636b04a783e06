"""The Range header (RFC 9110, section 14). Several ranges are answered whole: they only serve to amplify."""

import re
from typing import NamedTuple

from progimage.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=\s*([0-9]{0,40})-([0-9]{0,40})\s*", re.IGNORECASE)


class ByteRange(NamedTuple):
    """The bytes from `start` to before `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


def find_range(header: str, *, size_bytes: int) -> ByteRange | None:
    """Return the range that a header asks for; None if the whole is to be sent.

    Raise RangeNotSatisfiable for a range that begins behind the end."""
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None  # an invalid range, which is ignored
    if not first:
        start = max(0, size_bytes - int(last))
        stop = size_bytes
    else:
        start = int(first)
        stop = min(size_bytes, int(last) + 1) if last else size_bytes
    if start >= stop:
        raise RangeNotSatisfiable(f"Expected a range within {size_bytes} bytes", size=size_bytes)
    return ByteRange(start, stop)
