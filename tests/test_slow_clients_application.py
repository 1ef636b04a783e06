"""The WSGI application: each request is an exchange until the server closes its response."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from config.slow_clients import application
from config.slow_clients.application import limit_slow_clients
from config.slow_clients.exchanges import IN_PROGRESS, Phase
from config.slow_clients.timed_body import TimedBody


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no guard, and forget the responses that other tests have not closed."""
    monkeypatch.setattr(application, "guard", lambda port: None)
    IN_PROGRESS.clear()


def environ(**values: Any) -> dict[str, Any]:
    return {"SERVER_PORT": "8000", "REMOTE_ADDR": "192.0.2.1", "wsgi.input": io.BytesIO(b"abc")} | values


def start_nothing(*head: object) -> None:
    pass


class Response:
    is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"content"

    def close(self) -> None:
        self.is_closed = True


def test_an_exchange_lasts_until_the_response_is_closed() -> None:
    inner = Response()

    def work(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert [(exchange.address, exchange.phase) for exchange in IN_PROGRESS] == [
            ("192.0.2.1", Phase.WORKING)
        ]
        return inner

    response: Any = limit_slow_clients(work)(environ(), start_nothing)
    assert [exchange.phase for exchange in IN_PROGRESS] == [Phase.SENDING]
    assert list(response) == [b"content"]
    response.close()
    assert inner.is_closed
    assert not IN_PROGRESS


def test_the_exchange_of_a_list_ends_at_once() -> None:
    """The server takes a list whole, and no thread waits for its reader."""
    response = limit_slow_clients(lambda environ, start_response: [b"content"])(environ(), start_nothing)
    assert response == [b"content"]
    assert not IN_PROGRESS


def test_an_application_that_fails_leaves_no_exchange() -> None:
    def work(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        limit_slow_clients(work)(environ(), start_nothing)
    assert not IN_PROGRESS


@pytest.mark.parametrize(("length", "content"), [("3", b"abc"), ("2", b"ab"), ("", b""), ("x", b"")])
def test_the_body_is_timed(length: str, content: bytes) -> None:
    read: list[bytes] = []

    def work(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert isinstance(environ["wsgi.input"], TimedBody)
        read.append(environ["wsgi.input"].read())
        return [b""]

    limit_slow_clients(work)(environ(CONTENT_LENGTH=length), start_nothing)
    assert read == [content]


@pytest.mark.parametrize("variables", [{}, {"SERVER_PORT": ""}, {"SERVER_PORT": "0"}], ids=str)
def test_a_unix_socket_has_no_port(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    monkeypatch.undo()
    response = limit_slow_clients(lambda environ, start_response: [b"content"])(
        {"wsgi.input": io.BytesIO(), **variables}, start_nothing
    )
    assert response == [b"content"]
