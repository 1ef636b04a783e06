"""The parameters of a page."""

from typing import ClassVar

from images.search.cursors import parse_cursor

from .fields import PlainText, WholeNumber
from .strict import StrictSerializer

DEFAULT_PAGE = 100
MAX_PAGE = 1_000


class PageSerializer(StrictSerializer):
    """The length of a page, and the cursor at which it begins.

    A validated cursor is `cursor_bytes` bytes, or none for the first page."""

    cursor_bytes: ClassVar[int]

    limit = WholeNumber(
        minimum=1,
        maximum=MAX_PAGE,
        default=DEFAULT_PAGE,
        help_text="The maximum number of entries on a page.",
    )
    # A callable default is not shown in OpenAPI, where an empty cursor would contradict the length of 1.
    cursor = PlainText(default=str, help_text="The `next` of an earlier page: this page follows it.")

    def validate_cursor(self, text: str) -> bytes:
        return parse_cursor(text, self.cursor_bytes) if text else b""
