"""One HTTP/1.1 connection of a client that does as little as it can, so that it measures the server."""

import contextlib
import socket
from dataclasses import dataclass
from http.client import HTTPException

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Request:
    path: str
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""


class Connection:
    """A connection that stays open. If the server closes it, the next request opens it again."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        lines = [f"Host: 127.0.0.1:{port}", *(f"{name}: {value}" for name, value in headers.items())]
        self._headers = "\r\n".join(lines)
        self._port = port
        self._socket: socket.socket | None = None
        self._content = b""

    def ask(self, request: Request) -> int:
        """Send a request, read its answer whole, and return the status. Raise OSError or HTTPException."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(BrokenPipeError):  # it may have answered before it read the body
                self._socket.sendall(self._head(request) + request.body)
            status, self._content = self._read(self._socket)
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise HTTPException(str(error)) from error
        return status

    @property
    def content(self) -> bytes:
        """The body of the last answer."""
        return self._content

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _head(self, request: Request) -> bytes:
        lines = [f"{request.method} {request.path} HTTP/1.1", self._headers]
        if request.content_type:
            lines.append(f"Content-Type: {request.content_type}")
        if request.body or request.method == "POST":
            lines.append(f"Content-Length: {len(request.body)}")
        return "\r\n".join((*lines, "", "")).encode()

    def _read(self, connection: socket.socket) -> tuple[int, bytes]:
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _receive(connection)
        head = received[:end].decode("latin-1").lower()
        status = int(head[9:12])
        length = content_length(head)
        content = received[end + 4 :]
        while len(content) < length:
            content += _receive(connection)
        if "\r\nconnection: close" in head:
            self.close()
        return status, bytes(content)


def content_length(head: str) -> int:
    """Return the Content-Length of a head in small letters. Raise ValueError if it has none."""
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name == "content-length":
            return int(value)
    raise ValueError("Expected an answer with a Content-Length")


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(256 * 1024)
    if not chunk:
        raise ConnectionResetError("The server closed the connection")
    return chunk
