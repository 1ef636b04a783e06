"""Pages of lists: how long they are, and cursors, opaque to clients and nothing but where a page ended."""

import base64
import binascii
from typing import ClassVar

from images.api.serializers.fields import PlainText, WholeNumber
from images.api.serializers.images import StrictSerializer
from progimage.errors import ParameterError

DEFAULT_PAGE = 100
MAX_PAGE = 1_000


class PageSerializer(StrictSerializer):
    """Which page: how long it is, and after what it begins, as the bytes of a cursor."""

    cursor_bytes: ClassVar[int]

    limit = WholeNumber(
        least=1, most=MAX_PAGE, default=DEFAULT_PAGE, help_text="How many are on a page, at most."
    )
    cursor = PlainText(default="", help_text="Where an earlier page ended: its `next`.")

    def validate_cursor(self, text: str) -> bytes:
        return parse_cursor(text, self.cursor_bytes) if text else b""


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
