"""The Range header (RFC 9110, section 14). Several ranges are answered whole: they only serve to amplify."""

import re

from django.http import HttpRequest

from progimage.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=\s*([0-9]{0,40})-([0-9]{0,40})\s*", re.IGNORECASE)


def asked_range(request: HttpRequest, *, size: int, etag: str) -> tuple[int, int] | None:
    """Return the first byte and the one behind the last; None where the whole is to be sent.

    Raises RangeNotSatisfiable for a range that begins behind the end."""
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None or match.groups() == ("", "") or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None  # not a valid range: to be ignored
    if start >= stop:
        raise RangeNotSatisfiable(f"Expected a range within {size} bytes", size=size)
    return start, stop
