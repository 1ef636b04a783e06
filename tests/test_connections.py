"""Connections to other people's servers: to the address that was checked, and by TLS."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpcore
import pytest

from images.remote import connections, public_addresses
from images.remote.download import _download_slots
from progimage.errors import Unavailable
from tests.support.fetching import FAILED, PNG, REFUSED, fetched, refusal, remote
from tests.support.remote_servers import (
    LOOPBACK,
    Remote,
    make_certificate,
    open_the_way,
    redirect,
    respond,
    serve,
)
from tests.support.waiting import wait_until

__all__ = ["remote"]


class TestConnections:
    def test_a_host_is_resolved_once_and_asked_there(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SSRF-3: the name is not resolved a second time, so a later address is never connected to."""
        answers = iter([[LOOPBACK], [ip_address("10.0.0.1")]])
        monkeypatch.setattr(public_addresses, "look_up", lambda _: next(answers))
        assert fetched(remote.url("/a.png", host="rebind.test")) == PNG
        assert f"Host: rebind.test:{remote.port}" in remote.requests[0]
        assert next(answers) == [ip_address("10.0.0.1")]

    def test_the_next_address_where_the_first_does_not_answer(
        self, remote: Remote, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.FETCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [ip_address("127.0.0.2"), LOOPBACK])
        assert fetched(remote.url("/a.png")) == PNG

    def test_nothing_is_sent_to_another_peer(
        self, remote: Remote, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.FETCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        real = httpcore.SyncBackend.connect_tcp
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [ip_address("127.0.0.2")])
        monkeypatch.setattr(
            httpcore.SyncBackend,
            "connect_tcp",
            lambda self, _, port, timeout: real(self, "127.0.0.1", port, timeout),
        )
        assert refusal(remote.url("/a.png")) == FAILED
        assert remote.requests == []

    def test_a_resolver_that_does_not_answer(
        self, remote: Remote, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The lookup that is left behind counts for its account until it ends."""
        settings.FETCH_TIMEOUT_S, settings.FETCH_MAX_PER_ACCOUNT = 0.2, 1
        answered = threading.Event()
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [LOOPBACK] if answered.wait(5) else [])
        assert refusal(remote.url("/a.png")) == REFUSED
        with pytest.raises(Unavailable):
            fetched(remote.url("/a.png"))
        answered.set()
        wait_until(lambda: not _download_slots)
        assert fetched(remote.url("/a.png")) == PNG


class TestHttps:
    @pytest.fixture
    def secure(self, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Remote]:
        self.certificate = tmp_path / "images.test.pem"
        tls = make_certificate(self.certificate, "images.test")
        self.asked_for: list[str | None] = []
        tls.sni_callback = lambda _, name, __: self.asked_for.append(name)
        with serve(tls) as server:
            server.answers["/a.png"] = respond(PNG)
            open_the_way(settings, monkeypatch, server)
            yield server

    @pytest.fixture
    def trusted(self, secure: Remote, monkeypatch: pytest.MonkeyPatch) -> Remote:
        trusting = ssl.create_default_context(cafile=self.certificate)
        monkeypatch.setattr(connections, "ssl_context", lambda: trusting)
        return secure

    def test_the_certificate_is_checked_by_name(self, trusted: Remote) -> None:
        assert fetched(trusted.url("/a.png")) == PNG
        assert refusal(trusted.url("/a.png", host="other.test")) == FAILED
        assert self.asked_for == ["images.test", "other.test"]
        assert len(trusted.requests) == 1

    def test_who_vouches_for_himself_is_not_trusted(self, secure: Remote) -> None:
        assert refusal(secure.url("/a.png")) == FAILED
        assert secure.requests == []

    def test_no_redirect_leaves_it(self, trusted: Remote, remote: Remote, settings: Any) -> None:
        settings.FETCH_PORTS = [trusted.port, remote.port]
        trusted.answers["/down"] = redirect(remote.url("/a.png"))
        remote.answers["/up"] = redirect(trusted.url("/a.png"))
        assert refusal(trusted.url("/down")) == REFUSED
        assert remote.requests == []
        assert fetched(remote.url("/up")) == PNG

    def test_a_handshake_has_no_more_time_than_the_rest(self, remote: Remote, settings: Any) -> None:
        settings.FETCH_TIMEOUT_S = 0.3
        with socket.create_server((str(LOOPBACK), 0)) as listener:
            settings.FETCH_PORTS = [listener.getsockname()[1]]
            start = time.monotonic()
            assert refusal(f"https://images.test:{settings.FETCH_PORTS[0]}/") == FAILED
        assert time.monotonic() - start < 10 * settings.FETCH_TIMEOUT_S
