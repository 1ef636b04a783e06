"""Pages of lists: how long they are, and cursors, opaque to clients and nothing but where a page ended."""

import base64
import binascii

from progimage.errors import ParameterError

DEFAULT_PAGE = 100
MAX_PAGE = 1_000


def spell_cursor(last: bytes) -> str:
    return base64.urlsafe_b64encode(last).decode().rstrip("=")


def parse_cursor(text: str, size: int) -> bytes:
    """Return the `size` bytes of a cursor that `spell_cursor` made. Raises ParameterError."""
    try:
        last = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        last = b""
    if len(last) != size or spell_cursor(last) != text:
        raise ParameterError("Expected a cursor as an earlier page gave it", pointer="/cursor")
    return last
