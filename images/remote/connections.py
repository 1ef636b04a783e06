"""Connections to hosts that others name, within a deadline.

A host is resolved once and every address of it is judged (images/remote/public_addresses.py). The connection
goes to one of these, while Host, SNI and the certificate stay with the name. There is no proxy, no netrc and
no cookie: httpcore knows none of them."""

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
"""What a connection may raise, from the first packet to the last."""
_MAX_ADDRESSES = 4
"""How many addresses of a host are tried before it counts as unreachable."""


@dataclass(frozen=True)
class Deadline:
    """The moment of the monotonic clock at which all is to be over."""

    ends_at: float

    @classmethod
    def after(cls, timeout_s: float) -> "Deadline":
        return cls(time.monotonic() + timeout_s)

    def left_s(self) -> float:
        """Return what is left, more than 0. Raises TimeoutError."""
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("out of time")
        return left_s


def connect(target: Target, deadline: Deadline, *, slots: ExitStack) -> httpcore.HTTPConnection:
    """Return a connection for requests to `target`, which is made with the first of them.

    Raises UrlNotAllowed. `slots` is what a lookup that does not end in time keeps until it ends."""
    found = _resolve(target.host, deadline, slots)
    public_addresses.check_public(found)
    origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
    return httpcore.HTTPConnection(
        origin, ssl_context=ssl_context(), network_backend=_JudgedAddresses(found, deadline)
    )


@cache
def ssl_context() -> ssl.SSLContext:
    """Return what checks certificates: the system's authorities and certifi's."""
    return httpcore.default_ssl_context()


def _resolve(host: str, deadline: Deadline, slots: ExitStack) -> list[Address]:
    lookup: Future[list[Address]] = Future()
    Thread(target=lambda: lookup.set_result(public_addresses.look_up(host)), daemon=True).start()
    try:
        return lookup.result(timeout=deadline.left_s())
    except TimeoutError:
        # Nothing ends getaddrinfo: it keeps the slots, so that no more threads than slots are left behind.
        kept = slots.pop_all()
        lookup.add_done_callback(lambda _: kept.close())
        raise public_addresses.refused("no address in time") from None


class _JudgedAddresses(httpcore.NetworkBackend):
    """Connects to addresses that were judged, whatever the host is called."""

    def __init__(self, found: list[Address], deadline: Deadline) -> None:
        self._addresses = found[:_MAX_ADDRESSES]
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                return _TimedStream(self._connect(address, port), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _connect(self, address: Address, port: int) -> httpcore.NetworkStream:
        timeout_s = min(settings.FETCH_CONNECT_TIMEOUT_S, self._deadline.left_s())
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
    """Every read and write gets what is left of the time, instead of a timeout for each."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s())
        return _TimedStream(encrypted, self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
