"""The body of a request, as a stream with a time limit."""

from typing import Protocol

from django.conf import settings

from images.database import release_connection
from progimage.errors import RequestTimeout

from .exchanges import IN_PROGRESS, SLOTS, Exchange, Phase


class Stream(Protocol):
    """The part of `wsgi.input` that Django reads by."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...


class TimedBody:
    """A body whose reads hold no database connection, and one of the slots for slow clients.

    A read waits inside granian for as long as the client sends nothing. The connection guard ends that wait
    by ending the incoming half of the connection.

    A body whose Content-Length is no length is read as an empty one. Endpoints refuse it by themselves."""

    def __init__(self, stream: Stream, exchange: Exchange, length_bytes: int | None) -> None:
        self._stream = stream
        self._exchange = exchange
        self._length_bytes = length_bytes
        self._has_slot = False
        self._is_cut_off = False

    @property
    def remaining_bytes(self) -> int | None:
        """The bytes that nobody has read, or None if their number is not known."""
        if self._length_bytes is None:
            return None
        return max(self._length_bytes - self._exchange.received_bytes, 0)

    @property
    def has_ended(self) -> bool:
        """Whether its request has ended. Then no read has a time limit."""
        return self._exchange not in IN_PROGRESS

    def read(self, size: int = -1) -> bytes:
        """Raise Unavailable if too many clients send at once, RequestTimeout if this one sends too slowly."""
        remaining_bytes = self.remaining_bytes
        if not remaining_bytes:
            return b""
        self._check_time()
        self._take_slot()
        release_connection()
        wanted_bytes = remaining_bytes if size < 0 else min(size, remaining_bytes)
        self._exchange.enter(Phase.READING)
        try:
            chunk = self._stream.read(wanted_bytes)
        finally:
            self._exchange.enter(Phase.WORKING)
        # With the bytes of this read it may be in time: the guard could not know them.
        self._is_cut_off = len(chunk) < wanted_bytes and self._exchange.is_late()
        self._exchange.received_bytes += len(chunk)
        self._check_time()
        if not self.remaining_bytes:
            self._exchange.slots.close()
        return chunk

    def readline(self, size: int = -1) -> bytes:
        """Return a line, read byte by byte: granian's own drops its end. No endpoint reads lines."""
        line = bytearray()
        while len(line) != size and not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def _take_slot(self) -> None:
        if not self._has_slot:
            slot = SLOTS.hold("clients", limit=settings.SLOW_CLIENTS)
            self._exchange.slots.enter_context(slot)
            self._has_slot = True

    def _check_time(self) -> None:
        if self._is_cut_off or self._exchange.is_late():
            raise RequestTimeout(
                f"Expected a body at {settings.CLIENT_MIN_BYTES_PER_S} bytes a second, and whole within "
                f"{settings.BODY_TIMEOUT_S} s, but it arrived more slowly"
            )
