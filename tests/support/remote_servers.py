"""Other people's servers, on loopback: they send the bytes that a test gives them, and remember the requests."""

import datetime
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from images.remote import public_addresses

Answer = bytes | Callable[[socket.socket], None]
LOOPBACK = ip_address("127.0.0.1")


def respond(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a response. `length` is the Content-Length that it claims, if that is not the length of its body."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def redirect(location: str, *headers: str, status: int = 302) -> bytes:
    return respond(b"", f"Location: {location}", *headers, status=f"{status} Found")


class Remote(socketserver.ThreadingTCPServer):
    """Answers each path of `answers`, all others with 404. `requests` are the heads that came."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__((str(LOOPBACK), 0), _Handler)
        self.port: int = self.server_address[1]
        self.tls = tls
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []

    def url(self, path: str = "/", host: str = "images.test") -> str:
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"


class _Handler(socketserver.BaseRequestHandler):
    server: Remote

    def handle(self) -> None:
        with suppress(OSError), ExitStack() as stack:
            connection = self.request
            if self.server.tls:
                connection = stack.enter_context(self.server.tls.wrap_socket(connection, server_side=True))
            head = b""
            while b"\r\n\r\n" not in head:
                if not (chunk := connection.recv(4096)):
                    return
                head += chunk
            self.server.requests.append(head.decode())
            answer = self.server.answers.get(head.split()[1].decode(), respond(status="404 Not Found"))
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Remote]:
    with Remote(tls) as remote:
        thread = threading.Thread(target=remote.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield remote
        finally:
            remote.shutdown()
            thread.join()


def open_the_way(settings: Any, monkeypatch: pytest.MonkeyPatch, *remotes: Remote) -> None:
    """Let this server fetch from `remotes`: every name leads to loopback, and 127.0.0.1 alone is opened."""
    settings.FETCH_ALLOWED_NETWORKS = [ip_network(str(LOOPBACK))]
    settings.FETCH_PORTS = [80, 443, *(remote.port for remote in remotes)]
    monkeypatch.setattr(public_addresses, "look_up", find_literal)


def find_literal(host: str) -> list[public_addresses.Address]:
    """In place of a resolver: an address is itself, all names are 127.0.0.1."""
    try:
        return [ip_address(host)]
    except ValueError:
        return [LOOPBACK]


def make_certificate(path: Path, name: str) -> ssl.SSLContext:
    """Write a certificate that vouches for itself and its key, and return the context of its server."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(certificate.public_bytes(encoding) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
