"""Remote images: requests to other servers, their responses, and how many are under way at once."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from images.remote.download import download
from progimage.errors import FetchFailed, Unavailable, UrlNotAllowed
from tests.support.fetching import ACCOUNT, PNG, fetched, log_lines, refusal, remote
from tests.support.remote_servers import (
    Remote,
    redirect,
    respond,
    serve,
)
from tests.support.waiting import wait_until

__all__ = ["remote"]


class TestWhatIsFetched:
    def test_the_bytes_with_their_hash_and_name(self, remote: Remote) -> None:
        remote.answers["/holiday/sunny%20hills.png?size=9"] = respond(PNG)
        with download(remote.url("/holiday/sunny%20hills.png?size=9#top"), account=ACCOUNT) as upload:
            assert upload.path.read_bytes() == PNG
            assert (upload.size_bytes, upload.filename) == (len(PNG), "sunny hills.png")
            assert upload.sha256 == hashlib.sha256(PNG).hexdigest()
        assert not upload.path.exists()

    def test_what_it_says_about_itself_does_not_count(self, remote: Remote) -> None:
        """SSRF-9: the decoder decides later whether it is an image."""
        remote.answers["/a.png"] = respond(b"<html>", "Content-Type: image/png")
        assert fetched(remote.url("/a.png")) == b"<html>"

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            b"HTTP/1.0 200 OK\r\n\r\nabcd",
            respond(b"abcdef and more", length=4),
            respond(b"abcd", "Content-Encoding: identity"),
            b"HTTP/1.1 100 Continue\r\n\r\n" + respond(b"abcd"),
        ],
        ids=["chunked", "until it closes", "no more than it said", "identity", "after 100"],
    )
    def test_bodies_end_where_http_says(self, remote: Remote, answer: bytes) -> None:
        remote.answers["/a"] = answer
        assert fetched(remote.url("/a")) == b"abcd"

    def test_the_request_holds_nothing_of_this_server(self, remote: Remote) -> None:
        fetched(remote.url("/a.png"))
        (request,) = remote.requests
        assert request.splitlines() == [
            "GET /a.png HTTP/1.1",
            f"Host: images.test:{remote.port}",
            "User-Agent: ProgImage/0.1.0",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
            "",
        ]

    def test_neither_proxies_nor_netrc_of_the_environment(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """SSRF-5."""
        (tmp_path / ".netrc").write_text("default login me password secret\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        with serve() as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            assert fetched(remote.url("/a.png")) == PNG
        assert proxy.requests == []
        assert "Authorization" not in remote.requests[0]

    def test_one_line_in_the_log_without_path_and_query(
        self, remote: Remote, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        remote.answers["/s3cret?sig=s3cret"] = redirect("/other?sig=s3cret", "Set-Cookie: s3cret")
        remote.answers["/other?sig=s3cret"] = respond(PNG)
        fetched(remote.url("/s3cret?sig=s3cret"))
        (line,) = log_lines(caplog)
        assert (line["event"], line["account"], line["host"]) == ("fetch", 7, "images.test")
        assert (line["outcome"], line["status"], line["bytes"]) == ("fetched", 200, len(PNG))
        assert "s3cret" not in caplog.text

    def test_the_log_alone_knows_why(self, remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
        refusal(remote.url("/missing"))
        refusal("http://10.1.2.3/")
        refusal("http://me:s3cret@images.test/")
        outcomes = [(line["outcome"], line["reason"]) for line in log_lines(caplog)]
        assert outcomes == [
            ("fetch_failed", "status 404"),
            ("url_not_allowed", "10.1.2.3 is not public"),
            (
                "url_not_allowed",
                "Expected a well-formed URL such as https://example.org/a.png, without a user or a password",
            ),
        ]


class TestHowManyAtOnce:
    """SSRF-10."""

    @pytest.fixture
    def busy(self, remote: Remote, settings: Any) -> Iterator[Remote]:
        """One fetch of account 7 from images.test is under way, and a second one is too much."""
        settings.FETCH_MAX_PER_HOST, settings.FETCH_MAX_PER_ACCOUNT = 1, 2
        is_over = threading.Event()

        def hold(peer: socket.socket) -> None:
            is_over.wait(5)
            peer.sendall(respond(PNG))

        remote.answers["/slow"] = hold
        results: list[bytes] = []
        thread = threading.Thread(target=lambda: results.append(fetched(remote.url("/slow"))))
        thread.start()
        wait_until(lambda: bool(remote.requests))
        yield remote
        is_over.set()
        thread.join()
        assert results == [PNG]

    def test_of_one_host(self, busy: Remote) -> None:
        with pytest.raises(Unavailable) as raised:
            fetched(busy.url("/a.png"), Account(pk=8))
        assert raised.value.headers() == {"Retry-After": "2"}
        assert fetched(busy.url("/a.png", host="other.test")) == PNG

    def test_of_one_host_by_a_redirect(self, busy: Remote) -> None:
        busy.answers["/a"] = redirect(busy.url("/a.png"))
        with pytest.raises(Unavailable):
            fetched(busy.url("/a", host="other.test"))

    def test_of_one_account(self, busy: Remote, settings: Any) -> None:
        settings.FETCH_MAX_PER_ACCOUNT = 1
        with pytest.raises(Unavailable):
            fetched(busy.url("/a.png", host="other.test"))
        assert fetched(busy.url("/a.png", host="other.test"), Account(pk=8)) == PNG

    def test_who_failed_is_not_under_way(self, remote: Remote, settings: Any) -> None:
        settings.FETCH_MAX_PER_HOST = settings.FETCH_MAX_PER_ACCOUNT = 1
        for _ in range(2):
            with pytest.raises(FetchFailed):
                fetched(remote.url("/missing"))
            with pytest.raises(UrlNotAllowed):
                fetched("http://10.0.0.1/")
        assert fetched(remote.url("/a.png")) == PNG
