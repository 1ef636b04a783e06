"""A proxy between the application and S3 that breaks requests and responses, as storage that fails does."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Answer = tuple[int, dict[str, str], bytes]
Fault = Callable[["Exchange", bytes], None]


class FaultyS3(ThreadingHTTPServer):
    """Passes on requests, unless a test has given it a fault for their method."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.behind = urlsplit(endpoint)
        self.faults: dict[str, Fault] = {}
        self.requests: list[str] = []
        self.is_over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up are expected here."""


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer."""

    protocol_version = "HTTP/1.1"
    server: FaultyS3

    def serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(self.command)
        fault = self.server.faults.get(self.command)
        if fault:
            fault(self, content)
        else:
            self.answer(*self.ask(content))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

    def ask(self, content: bytes) -> Answer:
        """Ask the real S3. The Host stays as it was signed."""
        http = HTTPConnection(self.server.behind.hostname or "", self.server.behind.port or 80, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name != "Expect"}
        http.request(self.command, self.path, body=content, headers=headers)
        answer = http.getresponse()
        received = answer.status, dict(answer.getheaders()), answer.read()
        http.close()
        return received

    def answer(self, status: int, headers: dict[str, str], body: bytes, *, sent: int | None = None) -> None:
        """Send an answer, of its body the first `sent` bytes."""
        self.send_response_only(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])

    def hang_up(self, *, with_reset: bool) -> None:
        """End the connection: by a reset, as of a machine that has died, or as if all had been said."""
        self.close_connection = True
        self.wfile.flush()
        if with_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def faulty(endpoint: str) -> Iterator[FaultyS3]:
    with FaultyS3(endpoint) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.is_over.set()
            proxy.shutdown()


def says(status: int, code: str) -> Fault:
    body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
    return lambda exchange, _: exchange.answer(status, {"Content-Type": "application/xml"}, body)


def silence(exchange: Exchange, _: bytes) -> None:
    exchange.server.is_over.wait(20)
    exchange.close_connection = True


def resets(exchange: Exchange, _: bytes) -> None:
    exchange.hang_up(with_reset=True)


def stores_and_resets(exchange: Exchange, content: bytes) -> None:
    """Once."""
    exchange.ask(content)
    del exchange.server.faults[exchange.command]
    exchange.hang_up(with_reset=True)


def swallows(exchange: Exchange, _: bytes) -> None:
    """200, and nothing is stored."""
    exchange.answer(200, {}, b"")


def stores_something_else(exchange: Exchange, _: bytes) -> None:
    """As after a bit has flipped on the way: the checksum that comes back is of other bytes."""
    checksum = "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="
    exchange.answer(
        200, {"ETag": '"0cc175b9c0f1b6a831c399e269772661"', "x-amz-checksum-sha256": checksum}, b""
    )


def changes_etag(exchange: Exchange, content: bytes) -> None:
    """An ETag need not be an MD5: with encryption by KMS it is not."""
    status, headers, body = exchange.ask(content)
    exchange.answer(status, {**headers, "etag": '"0cc175b9c0f1b6a831c399e269772661"'}, body)


def breaks_off(with_reset: bool) -> Fault:
    """Half of the body comes, and the headers had promised all of it."""

    def break_off(exchange: Exchange, content: bytes) -> None:
        status, headers, body = exchange.ask(content)
        exchange.answer(status, headers, body, sent=len(body) // 2)
        exchange.hang_up(with_reset=with_reset)

    return break_off


def sends_half(exchange: Exchange, content: bytes) -> None:
    """Half of the bytes, as if there were no more of them."""
    status, headers, body = exchange.ask(content)
    kept = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_WHOLE}
    exchange.answer(status, kept, body[: len(body) // 2])


def sends_other_bytes(exchange: Exchange, content: bytes) -> None:
    status, headers, body = exchange.ask(content)
    exchange.answer(status, headers, bytes(byte ^ 1 for byte in body))


_OF_THE_WHOLE = {"content-length", "x-amz-checksum-sha256"}
