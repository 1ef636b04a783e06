"""Connections to hosts in URLs of clients, within a deadline.

A host is resolved once, and each of its addresses is checked (images/remote/public_addresses.py). The
connection goes to one of these addresses, but Host, SNI and the certificate are checked by name. httpcore
knows no proxy, no netrc and no cookie."""

import ssl
import time
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from threading import Thread
from typing import Any

import httpcore
from django.conf import settings

from . import public_addresses
from .public_addresses import Address, Target

FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError)
"""The errors that a connection may raise, from the first packet to the last."""
_MAX_ADDRESSES = 4
"""How many addresses of a host are tried before it counts as unreachable."""


@dataclass(frozen=True)
class Deadline:
    """The moment on the monotonic clock, in seconds, at which a download must be over."""

    ends_at: float

    @classmethod
    def after(cls, timeout_s: float) -> "Deadline":
        return cls(time.monotonic() + timeout_s)

    def remaining_s(self) -> float:
        """Return the remaining time, more than 0. Raise TimeoutError if none remains."""
        remaining_s = self.ends_at - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("out of time")
        return remaining_s


def connect(target: Target, deadline: Deadline, *, slots: ExitStack) -> httpcore.HTTPConnection:
    """Return a connection for requests to `target`. It is opened by the first request.

    `slots` holds the download's slots. If a lookup does not end in time, it takes them over until it ends.
    Raise UrlNotAllowed."""
    addresses = _resolve(target.host, deadline, slots)
    public_addresses.check_public(addresses)
    origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
    return httpcore.HTTPConnection(
        origin,
        ssl_context=ssl_context(),
        network_backend=_CheckedAddresses(addresses, deadline),
    )


@cache
def ssl_context() -> ssl.SSLContext:
    """Return the context that checks certificates, by the authorities of the system and of certifi."""
    return httpcore.default_ssl_context()


def _resolve(host: str, deadline: Deadline, slots: ExitStack) -> list[Address]:
    lookup: Future[list[Address]] = Future()
    thread = Thread(target=lambda: lookup.set_result(public_addresses.look_up(host)), daemon=True)
    thread.start()
    try:
        return lookup.result(timeout=deadline.remaining_s())
    except TimeoutError:
        # getaddrinfo cannot be cancelled. Its thread keeps the slots, so these bound the number of threads.
        kept_slots = slots.pop_all()
        lookup.add_done_callback(lambda finished: kept_slots.close())
        raise public_addresses.refused("no address in time") from None


class _CheckedAddresses(httpcore.NetworkBackend):
    """Connects to the checked addresses, and never resolves the host's name again."""

    def __init__(self, addresses: list[Address], deadline: Deadline) -> None:
        self._addresses = addresses[:_MAX_ADDRESSES]
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure

    def _connect(self, address: Address, port: int) -> httpcore.NetworkStream:
        timeout_s = min(settings.FETCH_CONNECT_TIMEOUT_S, self._deadline.remaining_s())
        stream = httpcore.SyncBackend().connect_tcp(str(address), port, timeout=timeout_s)
        try:
            peer = ip_address(stream.get_extra_info("server_addr")[0])
        except OSError as error:
            stream.close()
            raise httpcore.ConnectError(error) from error
        if peer != address:
            stream.close()
            raise httpcore.ConnectError(f"connected to {peer} instead of {address}")
        return stream


class _TimedStream(httpcore.NetworkStream):
    """A stream whose reads and writes each get the remaining time of the download as their timeout."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.remaining_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.remaining_s())

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining_s())
        return _TimedStream(encrypted, self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
