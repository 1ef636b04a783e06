"""Messages between a parent and its child: a length, then so many bytes, over a pair of sockets."""

from socket import MSG_PEEK, socket
from struct import Struct
from time import monotonic

_LENGTH = Struct("!I")
_CHUNK_BYTES = 65_536
"""Most messages are shorter, and come by one call."""
MAX_MESSAGE_BYTES = 4_000_000
"""Results have some hundred kilobytes. A child that was taken over must not fill its parent's memory."""


class DeadlinePassed(Exception):
    """The other process did not read, or did not answer, in time."""


class PipeClosed(Exception):
    """The other process has closed its end, or has ended."""


def send(pipe: socket, message: bytes, *, ends_at: float | None = None) -> None:
    """Send one message. Raise DeadlinePassed after `ends_at` on the monotonic clock, or PipeClosed."""
    _limit(pipe, ends_at)
    try:
        pipe.sendall(_LENGTH.pack(len(message)) + message)
    except TimeoutError as error:
        raise DeadlinePassed from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise PipeClosed from error


def receive(pipe: socket, *, ends_at: float | None = None) -> bytes:
    """Return the next message. Raise DeadlinePassed after `ends_at` on the monotonic clock, or PipeClosed."""
    first = _read(pipe, ends_at)
    while len(first) < _LENGTH.size:
        first += _read(pipe, ends_at)
    (length,) = _LENGTH.unpack_from(first)
    if length > MAX_MESSAGE_BYTES:
        raise PipeClosed(f"Expected at most {MAX_MESSAGE_BYTES} bytes but {length} were announced")
    parts = [first[_LENGTH.size :]]
    missing = length - len(parts[0])
    while missing > 0:
        parts.append(_read(pipe, ends_at))
        missing -= len(parts[-1])
    return b"".join(parts)


def is_silent(pipe: socket) -> bool:
    """Whether the other end is open and has sent nothing."""
    pipe.setblocking(False)
    try:
        pipe.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def comes_within(pipe: socket, timeout_s: float) -> bool:
    """Wait for the next message, or for the end of the other process. Return whether it came in time."""
    pipe.settimeout(timeout_s)
    try:
        pipe.recv(1, MSG_PEEK)
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def _read(pipe: socket, ends_at: float | None) -> bytes:
    _limit(pipe, ends_at)
    try:
        part = pipe.recv(_CHUNK_BYTES)
    except TimeoutError as error:
        raise DeadlinePassed from error
    except ConnectionResetError as error:
        raise PipeClosed from error
    if not part:
        raise PipeClosed
    return part


def _limit(pipe: socket, ends_at: float | None) -> None:
    if ends_at is None:
        pipe.settimeout(None)
        return
    remaining_s = ends_at - monotonic()
    if remaining_s <= 0:
        raise DeadlinePassed
    pipe.settimeout(remaining_s)
