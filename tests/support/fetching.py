"""How tests fetch from other people's servers."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import Account
from images.remote.download import _download_slots, download
from progimage.errors import ProgImageError
from tests.support.images import encoded
from tests.support.remote_servers import (
    Remote,
    open_the_way,
    respond,
    serve,
)
from tests.support.waiting import wait_until

ACCOUNT = Account(pk=7, name="alice")
PNG = encoded("png")
REFUSED = (
    400,
    "url_not_allowed",
    "Expected the URL of a public host but this host cannot be found, or its address is not public",
    "/url",
)
FAILED = (422, "fetch_failed", "Expected status 200 and a whole body in time from the address in url", "")


def fetched(url: str, account: Account = ACCOUNT) -> bytes:
    with download(url, account=account) as upload:
        return upload.path.read_bytes()


def refusal(url: str) -> tuple[int, str, str, str | int]:
    """All that the caller learns of an address that is not fetched from."""
    with pytest.raises(ProgImageError) as raised:
        fetched(url)
    error = raised.value
    return error.status, error.code, error.message, error.members().get("pointer", "")


@pytest.fixture
def remote(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A server that may be fetched from, by any name. No download is under way when the test ends."""
    with serve() as server:
        server.answers["/a.png"] = respond(PNG)
        open_the_way(settings, monkeypatch, server)
        yield server
    wait_until(lambda: not _download_slots)


def log_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.records if record.name == "progimage.fetch"]  # type: ignore[misc]


def drip(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def send(peer: socket.socket) -> None:
        peer.sendall(start)
        for _ in range(100):
            peer.sendall(piece)
            time.sleep(0.05)

    return send


def flood(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def send(peer: socket.socket) -> None:
        peer.sendall(start)
        while True:
            peer.sendall(piece)

    return send


def stop_after(start: bytes) -> Callable[[socket.socket], None]:
    """Send no more, and wait until the other side hangs up."""

    def send(peer: socket.socket) -> None:
        peer.sendall(start)
        peer.recv(1)

    return send


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
