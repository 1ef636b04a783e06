"""A real server under slow clients: those that send too slowly, those that read too slowly, and too many of them."""

import json
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support import images as made
from tests.support.granian_server import Server, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

IMAGE = "POST /images HTTP/1.1\r\nContent-Type: image/png\r\nContent-Length: 500000"
JSON = "POST /images HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 5000"
FORM = (
    "POST /images HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 500000",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
)
ADMIN = (
    "POST /admin/login/ HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000",
    b"username=a",
)
HASTE = {"CLIENT_GRACE_S": "2", "DATABASE_POOL_MAX": "4"}


@pytest.fixture
def start_server(tmp_path: Path, db: None) -> Iterator[Callable[..., Server]]:
    if sys.platform != "linux":
        pytest.skip("only Linux counts the bytes of a connection")
    with ExitStack() as running:

        def start(**settings: str) -> Server:
            return running.enter_context(serving(tmp_path, settings))

        yield start


def receive(connection: socket.socket, *, timeout_s: float) -> bytes:
    """Return everything until the server closes the connection."""
    connection.settimeout(timeout_s)
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def status_of(answer: bytes) -> int:
    match = re.match(rb"HTTP/1.1 ([0-9]{3})", answer)
    return int(match[1]) if match else 0


BODIES = {
    "a raw body": (IMAGE, b"\x89PNG", 408),
    "JSON": (JSON, b'{"url": "', 408),
    "a form": (*FORM, 408),
    "a login without a cookie": (*ADMIN, 403),
}


def test_bodies_that_arrive_too_slowly(start_server: Callable[..., Server]) -> None:
    """F-14. Each client is told, whether it stalls or drips, and its connection ends."""
    server = start_server(**HASTE)
    began = time.monotonic()
    answers: dict[tuple[str, bytes], bytes] = {}
    with ExitStack() as stack:
        connections = {
            (name, drip): stack.enter_context(closing(server.raw(head, start)))
            for name, (head, start, _) in BODIES.items()
            for drip in (b"", b" ")
        }
        while len(answers) < len(connections) and time.monotonic() < began + 30:
            for key, connection in connections.items():
                if key in answers:
                    continue
                connection.settimeout(0.05)
                try:
                    connection.sendall(key[1])
                    answers[key] = connection.recv(65_536)
                except TimeoutError:
                    continue
                answers[key] += receive(connection, timeout_s=10)
    assert {key: status_of(answer) for key, answer in answers.items()} == {
        (name, drip): status for name, (_, _, status) in BODIES.items() for drip in (b"", b" ")
    }
    assert all(b"connection: close" in answer.lower() for answer in answers.values())
    problem = json.loads(answers["JSON", b""].split(b"\r\n\r\n")[1])
    assert problem["code"] == "request_timeout"


def test_a_body_at_a_steady_rate_is_taken(start_server: Callable[..., Server]) -> None:
    server = start_server(CLIENT_GRACE_S="1.5")
    content = made.encoded("png", made.photograph(170, 170))
    with closing(server.raw(f"{IMAGE[: IMAGE.rindex(' ')]} {len(content)}", b"")) as connection:
        for begin in range(0, len(content), 6_000):
            connection.sendall(content[begin : begin + 6_000])
            time.sleep(0.3)
        connection.settimeout(20)
        assert status_of(connection.recv(65_536)) == 201
    assert len(content) / 6_000 * 0.3 > 3


def test_a_whole_body_has_a_time(start_server: Callable[..., Server]) -> None:
    server = start_server(BODY_TIMEOUT_S="3")
    with closing(server.raw(IMAGE, b"")) as connection:
        connection.settimeout(0.05)
        answer = b""
        for _ in range(200):
            connection.sendall(bytes(2_000))
            try:
                answer = connection.recv(65_536)
            except TimeoutError:
                continue
            break
    assert status_of(answer) == 408


def test_a_render_beside_late_bodies_of_the_same_address_is_not_cut_off(
    start_server: Callable[..., Server],
) -> None:
    """To the kernel both wait in silence."""
    server = start_server(**HASTE, RENDER_TIMEOUT_S="20")
    content = made.encoded("png", made.photograph(1_600, 1_200))
    _, _, answer = server.request("POST", "/images", content, **{"Content-Type": "image/png"})
    path = f"/images/{json.loads(answer)['id']}.jp2"
    with ExitStack() as open_connections:
        for _ in range(4):
            open_connections.enter_context(closing(server.raw(IMAGE, b"\x89PNG")))
        time.sleep(1)
        status, _, content = server.request("GET", path)
        assert (status, content[4:8]) == (200, b"jP  ")


def test_a_thousand_slow_clients_leave_threads_for_others(start_server: Callable[..., Server]) -> None:
    """F-14. Half of them send bodies, half of them read a large response, and no proxy stands in front."""
    server = start_server(SLOW_CLIENTS="8", CLIENT_GRACE_S="30")
    content = made.encoded("bmp", made.picture(1_000, 1_000))
    _, _, answer = server.request("POST", "/images", content, **{"Content-Type": "image/bmp"})
    path = f"/images/{json.loads(answer)['id']}"
    assert server.request("GET", f"{path}.webp?w=50")[0] == 200
    with ExitStack() as open_connections:
        for number in range(1_000):
            head = IMAGE if number % 2 else f"GET {path} HTTP/1.1"
            open_connections.enter_context(closing(server.raw(head, b"")))
        began = time.monotonic()
        for request in ("/healthz", "/readyz", f"{path}.webp?w=50", f"{path}.json"):
            assert server.request("GET", request)[0] == 200, request
        assert time.monotonic() - began < 10
        status, headers, _ = server.request("POST", "/images", content, **{"Content-Type": "image/bmp"})
        assert status == 503
        assert headers["connection"] == "close"
        assert headers["retry-after"]


def test_slow_readers_give_their_threads_back(start_server: Callable[..., Server]) -> None:
    server = start_server(SLOW_CLIENTS="4", CLIENT_GRACE_S="4")
    content = made.encoded("bmp", made.picture(2_600, 2_600))
    _, _, answer = server.request("POST", "/images", content, **{"Content-Type": "image/bmp"})
    path = f"/images/{json.loads(answer)['id']}"
    with ExitStack() as open_connections:
        for _ in range(4):
            open_connections.enter_context(closing(server.raw(f"GET {path} HTTP/1.1", b"")))
        time.sleep(1)
        statuses = []
        deadline = time.monotonic() + 20
        while 200 not in statuses and time.monotonic() < deadline:
            statuses.append(server.request("GET", path)[0])
            time.sleep(0.2)
    assert statuses[0] == 503
    assert statuses[-1] == 200


@pytest.mark.parametrize("head", [b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n", None], ids=str)
def test_an_idle_connection_ends(start_server: Callable[..., Server], head: bytes | None) -> None:
    """Before its first request, within the head of one, and after one (None)."""
    server = start_server(GRANIAN_HTTP1_HEADER_READ_TIMEOUT="1500")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" if head is None else head)
        answer = receive(connection, timeout_s=20)
    assert status_of(answer) == (200 if head is None else 0)
    assert 1.4 < time.monotonic() - began < 15


def test_clients_for_whom_granian_would_wait_for_ever(start_server: Callable[..., Server]) -> None:
    """The server has spoken last to each of them. It ends their connections all the same."""
    server = start_server(**HASTE)
    unread = b"GET /static/admin/js/vendor/select2/select2.full.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with (
        closing(server.raw(f"{IMAGE}\r\nExpect: 100-continue", b"")) as told_to_continue,
        closing(server.raw("GET /healthz HTTP/1.1", f"{IMAGE}\r\n".encode() + head_of(server))) as pipelined,
        closing(server.raw("GET /healthz HTTP/1.1", unread * 50)) as reads_nothing,
    ):
        assert receive(told_to_continue, timeout_s=60).startswith(b"HTTP/1.1 100 ")
        answers = receive(pipelined, timeout_s=10)
        assert re.findall(rb"HTTP/1.1 ([0-9]{3})", answers) == [b"200", b"408"]
        with pytest.raises(ConnectionResetError):
            receive(reads_nothing, timeout_s=10)


def head_of(server: Server) -> bytes:
    """Return the rest of a request, and the first bytes of its body."""
    return f"Host: 127.0.0.1\r\nAuthorization: Bearer {server.key}\r\n\r\n".encode() + b"\x89PNG"


def test_http_2_is_not_spoken(start_server: Callable[..., Server]) -> None:
    """With HTTP/2 on its port granian was seen to lose threads for good. It belongs to the proxy."""
    server = start_server()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
        answer = connection.recv(65_536)
    assert not answer.startswith(b"\x00")
    assert status_of(answer) in (0, 400)
