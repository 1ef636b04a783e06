"""Bodies that nobody has read when their response is ready: proxies that still send them get the response all
the same."""

import io
from collections.abc import Iterator

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.http import unread_bodies
from config.http.unread_bodies import DrainBody
from config.slow_clients.exchanges import begin, end
from config.slow_clients.timed_body import TimedBody
from progimage.errors import RequestTimeout


def answer(
    content: bytes, status: int = 400, variables: dict[str, str] | None = None
) -> tuple[HttpResponse, bytes]:
    """Answer a POST with these server variables, unread. Return the response, and the rest of the body."""
    body = io.BytesIO(content)
    response = DrainBody(lambda request: HttpResponse(status=status))(
        request_of(body, len(content), variables or {})
    )
    assert isinstance(response, HttpResponse)
    return response, body.read()


def request_of(body: object, length: int, variables: dict[str, str]) -> WSGIRequest:
    environ = RequestFactory().post("/", b"", content_type="text/plain").environ
    return WSGIRequest(environ | {"wsgi.input": body, "CONTENT_LENGTH": str(length)} | variables)


@pytest.mark.parametrize("status", [200, 204, 308, 400, 413, 503])
def test_the_body_is_read(status: int) -> None:
    response, rest = answer(bytes(3_000_000), status)
    assert (rest, "Connection" in response) == (b"", False)


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
    assert (response["Connection"], rest) == ("close", b"abc")


def test_a_proxy_may_send_at_once() -> None:
    """Caddy passes Expect on, and the body right after it."""
    response, rest = answer(
        b"abc", variables={"HTTP_EXPECT": "100-continue", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    )
    assert (rest, "Connection" in response) == (b"", False)


def test_a_client_that_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(request: HttpRequest, size: int) -> bytes:
        raise RequestTimeout("too slow")

    monkeypatch.setattr(HttpRequest, "read", read)
    response, _ = answer(b"abc")
    assert response["Connection"] == "close"


@pytest.fixture
def all_places_taken() -> Iterator[None]:
    taken = 0
    while unread_bodies._PLACES.acquire(blocking=False):
        taken += 1
    yield
    unread_bodies._PLACES.release(taken)
    assert taken == 8


@pytest.mark.usefixtures("all_places_taken")
def test_only_some_at_once() -> None:
    response, rest = answer(b"abc")
    assert (response["Connection"], rest) == ("close", b"abc")


@pytest.mark.usefixtures("all_places_taken")
def test_a_body_that_has_been_read_needs_no_place() -> None:
    exchange = begin("127.0.0.1")
    try:
        request = request_of(TimedBody(io.BytesIO(b"abc"), exchange, 3), 3, {"HTTP_EXPECT": "100-continue"})

        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse(request.body)

        assert "Connection" not in DrainBody(view)(request)
    finally:
        end(exchange)


def test_without_a_time_limit_nothing_is_read() -> None:
    exchange = begin("127.0.0.1")
    end(exchange)
    body = io.BytesIO(b"abc")
    request = request_of(TimedBody(body, exchange, 3), 3, {})
    response = DrainBody(lambda request: HttpResponse())(request)
    assert (response["Connection"], body.read()) == ("close", b"abc")
