"""Bodies that nobody has read when their response is ready: proxies that still send them get the response all
the same."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from config.http import unread_bodies
from config.http.unread_bodies import DrainBody
from config.slow_clients.exchanges import begin, end
from config.slow_clients.timed_body import TimedBody
from images.receiving.uploads import read_length
from progimage.errors import RequestTimeout


@contextmanager
def sent(content: bytes, variables: dict[str, str] | None = None) -> Iterator[WSGIRequest]:
    """Make a POST with these server variables, as the application gets it from the web server."""
    environ = RequestFactory().post("/", b"", content_type="text/plain").environ
    environ |= {"CONTENT_LENGTH": str(len(content))} | (variables or {})
    exchange = begin("127.0.0.1")
    body = TimedBody(io.BytesIO(content), exchange, read_length(environ["CONTENT_LENGTH"]))
    try:
        yield WSGIRequest(environ | {"wsgi.input": body})
    finally:
        end(exchange)


def answer(
    content: bytes, status: int = 400, variables: dict[str, str] | None = None
) -> tuple[HttpResponseBase, int | None]:
    """Answer a POST unread. Return the response, and how much of the body is left."""
    with sent(content, variables) as request:
        response = DrainBody(lambda request: HttpResponse(status=status))(request)
        return response, request.environ["wsgi.input"].remaining_bytes


@pytest.mark.parametrize("status", [200, 204, 308, 400, 413, 503])
def test_the_body_is_read(status: int) -> None:
    response, rest = answer(bytes(3_000_000), status)
    assert (rest, "Connection" in response) == (0, False)


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"CONTENT_LENGTH": "110000000"}, id="longer than proxies let pass"),
        pytest.param({"CONTENT_LENGTH": "9" * 5_000}, id="a length that is none"),
        pytest.param({"HTTP_EXPECT": "100-continue"}, id="not sent yet"),
        pytest.param({"HTTP_TRANSFER_ENCODING": "chunked"}, id="without an end that is known"),
    ],
)
def test_other_bodies_end_the_connection(variables: dict[str, str]) -> None:
    response, rest = answer(b"abc", variables=variables)
    assert response["Connection"] == "close"
    assert rest == read_length(variables.get("CONTENT_LENGTH", "3"))


def test_a_proxy_may_send_at_once() -> None:
    """Caddy passes Expect on, and the body right after it."""
    response, rest = answer(
        b"abc", variables={"HTTP_EXPECT": "100-continue", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    )
    assert (rest, "Connection" in response) == (0, False)


@pytest.mark.parametrize("error", [RequestTimeout("too slow"), OSError("gone")], ids=["too slow", "gone"])
def test_a_client_that_does_not_go_on(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(body: TimedBody, size: int) -> bytes:
        raise error

    monkeypatch.setattr(TimedBody, "read", read)
    response, _ = answer(b"abc")
    assert response["Connection"] == "close"


@pytest.fixture
def all_slots_taken() -> Iterator[None]:
    with ExitStack() as taken:
        for _ in range(8):
            assert taken.enter_context(unread_bodies._slots.try_hold("anybody", limit=8))
        yield


@pytest.mark.usefixtures("all_slots_taken")
def test_only_some_at_once() -> None:
    response, rest = answer(b"abc")
    assert (response["Connection"], rest) == ("close", 3)


@pytest.mark.usefixtures("all_slots_taken")
def test_a_body_that_has_been_read_needs_no_slot() -> None:
    with sent(b"abc", {"HTTP_EXPECT": "100-continue"}) as request:
        response = DrainBody(lambda request: HttpResponse(request.body))(request)
    assert "Connection" not in response


def test_without_a_time_limit_nothing_is_read() -> None:
    with sent(b"abc") as request:
        pass
    response = DrainBody(lambda request: HttpResponse())(request)
    assert (response["Connection"], request.environ["wsgi.input"].remaining_bytes) == ("close", 3)
