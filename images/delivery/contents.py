"""Facts of bytes that the headers of a response tell."""

from typing import Protocol

BUFFERED_BYTES = 256 * 1024
"""A smaller response never waits for its reader: granian takes four chunks of 64 KB, and the kernel more."""


class Content(Protocol):
    """Bytes with a media type."""

    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int | None: ...
    @property
    def media_type(self) -> str: ...


class Sized(Protocol):
    """The result of a transform."""

    @property
    def width(self) -> int | None: ...
    @property
    def height(self) -> int | None: ...
    @property
    def frames(self) -> int | None: ...
