"""The TCP connections of this process, as the kernel counts their bytes."""

import fcntl
import os
import socket
import stat
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_DESCRIPTORS = Path("/proc/self/fd")
_TCP_INFO_BYTES = 256
# Offsets in struct tcp_info of linux/tcp.h. Its members never move.
_LAST_SENT_MS = 44
_LAST_RECEIVED_MS = 52
_BYTES_ACKED_AND_RECEIVED = 120


@dataclass(frozen=True)
class Sample:
    """The state of a connection at a moment of the monotonic clock. `number` stays while it is open."""

    number: int
    address: str
    at_s: float
    received_bytes: int
    acknowledged_bytes: int
    unsent_bytes: int
    """Bytes of responses that the client has not taken yet."""
    unread_bytes: int
    """Bytes of requests that the server has not taken yet."""
    is_clients_turn_over: bool
    """Whether the client has sent something since the server last did: it waits for a response."""


def open_connections(port: int) -> Iterator[tuple[socket.socket, Sample]]:
    """Yield the connections that were accepted on `port`. Each socket is a duplicate, closed afterwards."""
    for path in list(_DESCRIPTORS.iterdir()):
        try:
            duplicate = _duplicate(int(path.name))
        except OSError:  # closed since the folder was read
            continue
        if duplicate is None:
            continue
        with closing(duplicate):
            sample = _read(duplicate, port)
            if sample is not None:
                yield duplicate, sample


def _duplicate(descriptor: int) -> socket.socket | None:
    """Return a socket of its own for a descriptor, or None if that is not a socket."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    duplicate = os.dup(descriptor)
    try:
        return socket.socket(fileno=duplicate)
    except OSError:
        os.close(duplicate)
        raise


def _read(connection: socket.socket, port: int) -> Sample | None:
    """Return None for a socket that is not an open TCP connection of `port`."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        if connection.getsockname()[1] != port:
            return None
        # WSGI's REMOTE_ADDR has no zone of IPv6.
        address = connection.getpeername()[0].partition("%")[0]
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        unsent = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
        unread = fcntl.ioctl(connection, termios.FIONREAD, bytes(4))
    except OSError:
        return None
    (sent_ms,) = struct.unpack_from("I", info, _LAST_SENT_MS)
    (received_ms,) = struct.unpack_from("I", info, _LAST_RECEIVED_MS)
    acknowledged_bytes, received_bytes = struct.unpack_from("QQ", info, _BYTES_ACKED_AND_RECEIVED)
    return Sample(
        number=os.fstat(connection.fileno()).st_ino,
        address=address,
        at_s=monotonic(),
        received_bytes=received_bytes,
        acknowledged_bytes=acknowledged_bytes,
        unsent_bytes=int.from_bytes(unsent, sys.byteorder),
        unread_bytes=int.from_bytes(unread, sys.byteorder),
        is_clients_turn_over=received_bytes > 0 and (not acknowledged_bytes or received_ms < sent_ms),
    )
