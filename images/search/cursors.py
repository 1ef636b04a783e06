"""Cursors: texts that clients cannot read, which hold the end of a page."""

import base64
import binascii

from progimage.errors import ParameterError


def spell_cursor(last: bytes) -> str:
    """Return the cursor for the bytes of the last id on a page."""
    return base64.urlsafe_b64encode(last).decode().rstrip("=")


def parse_cursor(text: str, size: int) -> bytes:
    """Return the `size` bytes of a cursor that `spell_cursor` made. Raise ParameterError for other texts."""
    padding = "=" * (-len(text) % 4)
    try:
        last = base64.b64decode(text + padding, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        last = b""
    if len(last) != size or spell_cursor(last) != text:
        raise ParameterError("Expected a cursor as an earlier page gave it", pointer="/cursor")
    return last
