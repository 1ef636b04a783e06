"""Hostile servers: redirects, endless and slow responses."""

import gzip
import socket
import time
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any

import pytest

from images.remote import public_addresses
from images.remote.download import download
from progimage.errors import BodyTooLarge
from tests.support.fetching import (
    ACCOUNT,
    CHUNKED,
    FAILED,
    OK,
    PNG,
    REFUSED,
    drip,
    fetched,
    flood,
    log_lines,
    refusal,
    remote,
    stop_after,
)
from tests.support.remote_servers import (
    LOOPBACK,
    Answer,
    Remote,
    redirect,
    respond,
)

__all__ = ["remote"]


class TestRedirects:
    """SSRF-4."""

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_are_followed(self, remote: Remote, status: int) -> None:
        remote.answers["/old.png"] = redirect("a.png", status=status)
        with download(remote.url("/old.png"), account=ACCOUNT) as upload:
            assert (upload.path.read_bytes(), upload.filename) == (PNG, "old.png")

    def test_three_and_no_more(self, remote: Remote) -> None:
        remote.answers |= {f"/{left}": redirect(f"/{left - 1}") for left in range(1, 5)}
        remote.answers["/0"] = respond(PNG)
        assert fetched(remote.url("/3")) == PNG
        assert refusal(remote.url("/4")) == FAILED
        assert len(remote.requests) == 8

    def test_every_host_is_judged(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        remote.answers["/a"] = redirect(remote.url("/b", host="private.test"))
        monkeypatch.setattr(
            public_addresses,
            "look_up",
            lambda host: [ip_address("10.0.0.1")] if host == "private.test" else [LOOPBACK],
        )
        assert refusal(remote.url("/a")) == REFUSED
        assert log_lines(caplog)[0]["host"] == "private.test"

    @pytest.mark.parametrize(
        ("location", "expected"),
        [
            ("/loop", FAILED),
            ("", FAILED),
            ("http://127.0.0.9/", REFUSED),
            ("//127.0.0.9/", REFUSED),
            ("http://testserver/images/1", REFUSED),
            ("file:///etc/passwd", REFUSED),
            ("http://images.test:22/", REFUSED),
            ("http://me@images.test/", REFUSED),
            ("/a\tb", REFUSED),
            ("/a b", REFUSED),
            ("\\\\127.0.0.9\\a", REFUSED),
            ("/\xff", REFUSED),
            ("/" + "a" * 2_048, REFUSED),
        ],
        ids=lambda value: value[:30] if isinstance(value, str) else "",
    )
    def test_each_is_parsed_again(self, remote: Remote, location: str, expected: Any) -> None:
        remote.answers["/loop"] = redirect(location).decode().encode("latin-1")
        assert refusal(remote.url("/loop")) == expected

    def test_nothing_is_carried_along(self, remote: Remote) -> None:
        other = remote.url("/a.png", host="other.test")
        remote.answers["/a"] = redirect(other, "Set-Cookie: session=1", "WWW-Authenticate: Basic")
        fetched(remote.url("/a"))
        names = {line.partition(":")[0] for line in remote.requests[1].splitlines()[1:] if line}
        assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
        assert f"Host: other.test:{remote.port}" in remote.requests[1]


HOSTILE: dict[str, Answer] = {
    "404": respond(PNG, status="404 Not Found"),
    "500": respond(PNG, status="500 Oops"),
    "206": respond(PNG, status="206 Partial Content"),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "redirect to nowhere": respond(status="302 Found"),
    "gzip bomb": respond(gzip.compress(b"\0" * 1_000_000), "Content-Encoding: gzip"),
    "two encodings": respond(PNG, "Content-Encoding: identity", "Content-Encoding: br"),
    "gzip as a transfer": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "shorter than it said": respond(PNG, length=len(PNG) + 1),
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "no number for a length": OK + b"Content-Length: -1\r\n\r\n",
    "chunks that end early": CHUNKED + b"4\r\nabcd\r\n",
    "chunks that are none": CHUNKED + b"xyz\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "hangs up": lambda peer: peer.close(),
    "silence": stop_after(b""),
    "one huge header": OK + b"X: " + b"x" * 300_000 + b"\r\n\r\n",
    "endless headers": flood(OK, b"X: y\r\n" * 1_000),
    "endless interim responses": flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "slow headers": drip(b"", b"H"),
    "slow body": drip(respond(length=100), b"a"),
    "slow chunks": drip(CHUNKED, b"1\r\na\r\n"),
}


class TestHostileServers:
    @pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
    def test_one_answer_within_the_deadline(self, remote: Remote, settings: Any, answer: Answer) -> None:
        """SSRF-6 and SSRF-7."""
        settings.FETCH_TIMEOUT_S = 0.4
        remote.answers["/a"] = answer
        start = time.monotonic()
        assert refusal(remote.url("/a")) == FAILED
        assert time.monotonic() - start < 10 * settings.FETCH_TIMEOUT_S

    def test_a_closed_port_is_no_different(self, remote: Remote, settings: Any) -> None:
        with socket.create_server((str(LOOPBACK), 0)) as listener:
            port = listener.getsockname()[1]
        settings.FETCH_PORTS = [port]
        assert refusal(f"http://images.test:{port}/") == FAILED

    def test_a_filtered_port_is_no_different(self, remote: Remote, settings: Any) -> None:
        settings.FETCH_CONNECT_TIMEOUT_S = 0.2
        with ExitStack() as stack:
            # A full backlog drops what comes, as a filter does.
            listener = stack.enter_context(socket.create_server((str(LOOPBACK), 0), backlog=0))
            settings.FETCH_PORTS = [listener.getsockname()[1]]
            for _ in range(2):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(listener.getsockname())
            assert refusal(f"http://images.test:{settings.FETCH_PORTS[0]}/") == FAILED

    @pytest.mark.parametrize(
        "answer",
        [
            respond(length=10_001),
            stop_after(respond(length=10_001)),
            flood(OK + b"\r\n", b"\0" * 4_096),
            flood(CHUNKED, b"400\r\n" + b"\0" * 1_024 + b"\r\n"),
            flood(respond(length=9_999_999), b"\0" * 4_096),
        ],
        ids=["by its length", "before its body", "without length", "chunks", "length and body"],
    )
    def test_bytes_are_counted(self, remote: Remote, settings: Any, answer: Answer) -> None:
        settings.MAX_UPLOAD_BYTES = 10_000
        remote.answers["/a"] = answer
        with pytest.raises(BodyTooLarge):
            fetched(remote.url("/a"))

    def test_as_many_bytes_as_an_upload_may_have(self, remote: Remote, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = len(PNG)
        assert fetched(remote.url("/a.png")) == PNG
