"""The thread that ends the connections of clients that are too slow.

WSGI does not tell which connection a request came by. The guard decides by facts from both sides of granian:
an exchange from an address is late, and on a connection from that address too few bytes have passed for so
long that it can belong to no other exchange. While all threads work, no sender is too slow: requests wait
for a thread in silence, and no exchange tells of them. A client that does not read needs no exchange: granian
keeps the whole of a small response for it, and waits without a timeout and without a thread."""

import logging
import os
import socket
import struct
import sys
import time
from contextlib import suppress

from django.conf import settings

from images.periodic_thread import PeriodicThread

from .exchanges import IN_PROGRESS, Exchange, Phase
from .tcp_connections import Sample, open_connections

log = logging.getLogger("progimage.slow_clients")

_QUIET_EVERY_S = 4.0
"""Between two looks while no exchange waits for its client."""
_WATCHED_AFTER_S = 2.0
"""An exchange that has waited for that long counts as waiting. Most never do."""
_MARGIN_S = 2.0
"""The time between the last byte of a body and the moment at which its exchange goes on."""
_THREADS = int(os.environ.get("GRANIAN_BLOCKING_THREADS") or 0)
"""The threads of this process, from config/web_server.py. 0 is unknown."""
_ALL_THREADS = 0.9
"""All threads work if so many of them were seen at once. Some are always between two exchanges."""
_RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing drops the bytes that have not been sent."""
_IDLE_S = 35.0
"""A connection on which the server has spoken last is idle, or a body is awaited on it: after `100 Continue`,
or after the response to an earlier request of a pipeline. granian closes idle ones after 30 s."""
_thread = PeriodicThread("slow-clients", every_s=1)


class ConnectionGuard:
    """Watches the connections of one port. `look` is called again and again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._senders: dict[int, Sample] = {}
        self._readers: dict[int, Sample] = {}
        """The sample of each connection since which too few bytes have passed."""
        self._quiet_until_s = 0.0

    def look(self) -> int:
        """End the connections that are too slow now, and return how many."""
        exchanges = list(IN_PROGRESS)
        now_s = time.monotonic()
        if now_s < self._quiet_until_s and not any(_is_waiting(exchange) for exchange in exchanges):
            return 0
        self._quiet_until_s = now_s + _QUIET_EVERY_S
        all_work = 0 < _ALL_THREADS * _THREADS <= IN_PROGRESS.take_peak()
        limits_s = _patience_by_address(exchanges)
        ended = 0
        senders: dict[int, Sample] = {}
        readers: dict[int, Sample] = {}
        for connection, sample in open_connections(self._port):
            sender = sample if all_work else _sender_since(self._senders.get(sample.number, sample), sample)
            reader = _reader_since(self._readers.get(sample.number, sample), sample)
            senders[sample.number] = sender
            readers[sample.number] = reader
            if sample.at_s - reader.at_s > settings.CLIENT_GRACE_S:
                _end(connection, socket.SHUT_RDWR, sample, "a client reads too slowly")
                ended += 1
            elif sample.at_s - sender.at_s > _limit_s(sample, limits_s):
                # The outgoing half stays open for the response.
                _end(connection, socket.SHUT_RD, sample, "a client sends too slowly")
                ended += 1
        self._senders = senders
        self._readers = readers
        return ended


def guard(port: int) -> None:
    """Start the guard of this process, once. A Unix socket has the port 0: only a proxy can connect to it."""
    is_linux = sys.platform == "linux"  # only Linux counts a connection's bytes
    if is_linux and port and not _thread.is_started:
        _thread.start(ConnectionGuard(port).look)


def _is_waiting(exchange: Exchange) -> bool:
    return exchange.phase is not Phase.WORKING and exchange.seconds_in_phase > _WATCHED_AFTER_S


def _patience_by_address(exchanges: list[Exchange]) -> dict[str, float]:
    """Return, for each address with a late exchange, after how many slow seconds its connections end.

    An exchange that works for long, or that waits for storage while it sends, looks the same to the kernel as
    one whose client has stopped to send. So a connection must have been slow for longer than any such
    exchange from its address has been silent."""
    limits_s = {}
    for address in {exchange.address for exchange in exchanges if exchange.is_late()}:
        silent = (e for e in exchanges if e.address == address and e.phase is not Phase.READING)
        longest_s = max((exchange.seconds_in_phase for exchange in silent), default=0.0)
        limits_s[address] = max(settings.CLIENT_GRACE_S / 2, longest_s + _MARGIN_S)
    return limits_s


def _limit_s(sample: Sample, limits_s: dict[str, float]) -> float:
    """Return after how many slow seconds a connection ends, if it is to send."""
    limit_s = limits_s.get(sample.address, float("inf"))
    return limit_s if sample.is_clients_turn_over else max(limit_s, _IDLE_S)


def _sender_since(earlier: Sample, now: Sample) -> Sample:
    """Return the sample since which a client that may be to send has sent too little."""
    is_answered = now.acknowledged_bytes != earlier.acknowledged_bytes
    # A busy server may not have read yet what has arrived. The client waits for it then.
    if is_answered or now.unread_bytes or now.is_clients_turn_over != earlier.is_clients_turn_over:
        return now
    return now if _is_fast(now.received_bytes - earlier.received_bytes, earlier, now) else earlier


def _reader_since(earlier: Sample, now: Sample) -> Sample:
    """Return the sample since which a client that is to receive has received too little."""
    if not now.unsent_bytes:
        return now
    return now if _is_fast(now.acknowledged_bytes - earlier.acknowledged_bytes, earlier, now) else earlier


def _is_fast(passed_bytes: int, earlier: Sample, now: Sample) -> bool:
    expected_bytes = settings.CLIENT_MIN_BYTES_PER_S * (now.at_s - earlier.at_s)
    return passed_bytes > 0 and passed_bytes >= expected_bytes


def _end(connection: socket.socket, how: int, sample: Sample, reason: str) -> None:
    with suppress(OSError):  # the client has hung up
        if how == socket.SHUT_RDWR:
            # Without this the kernel would keep the bytes for the client, which may never take them.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(how)
    log.warning(reason, extra={"address": sample.address})
