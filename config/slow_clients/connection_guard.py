"""The thread that ends the connections of clients that are too slow.

WSGI does not tell which connection a request came by. The guard decides by facts from both sides of granian:
an exchange from an address is late, and on a connection from that address too few bytes have passed for so
long that it can belong to no other exchange."""

import logging
import socket
import sys
from contextlib import suppress

from django.conf import settings

from images.periodic_thread import PeriodicThread

from .exchanges import IN_PROGRESS, Exchange, Phase
from .tcp_connections import Sample, open_connections

log = logging.getLogger("progimage.slow_clients")

_WATCHED_AFTER_S = 2.0
"""Connections are sampled as soon as an exchange has waited for that long. Most never do."""
_MARGIN_S = 2.0
"""The time between the last byte of a body and the moment at which its exchange goes on."""
_thread = PeriodicThread("slow-clients", every_s=1)


class ConnectionGuard:
    """Watches the connections of one port. `look` is called again and again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._senders: dict[int, Sample] = {}
        self._readers: dict[int, Sample] = {}
        """The sample of each connection since which too few bytes have passed."""

    def look(self) -> int:
        """End the connections that are too slow now, and return how many."""
        exchanges = list(IN_PROGRESS)
        if not any(_is_waiting(exchange) for exchange in exchanges):
            self._senders.clear()
            self._readers.clear()
            return 0
        limits_s = _patience_by_address(exchanges)
        ended = 0
        senders: dict[int, Sample] = {}
        readers: dict[int, Sample] = {}
        for connection, sample in open_connections(self._port):
            sender = _sender_since(self._senders.get(sample.number, sample), sample)
            reader = _reader_since(self._readers.get(sample.number, sample), sample)
            senders[sample.number] = sender
            readers[sample.number] = reader
            if sample.at_s - reader.at_s > settings.CLIENT_GRACE_S:
                _end(connection, socket.SHUT_RDWR, sample, "a client reads too slowly")
                ended += 1
            elif sample.at_s - sender.at_s > limits_s.get(sample.address, float("inf")):
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


def _sender_since(earlier: Sample, now: Sample) -> Sample:
    """Return the sample since which a client that is to send has sent too little."""
    is_answered = now.acknowledged_bytes != earlier.acknowledged_bytes
    if is_answered or not now.is_clients_turn_over:
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
        connection.shutdown(how)
    log.warning(reason, extra={"address": sample.address})
