"""Whatever is raised inside the WSGI application is a problem with a request id, and a line in the log."""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from config.http.outermost import Outermost
from config.slow_clients.application import Application
from images.api.views.operations import OperationsView
from images.database import release_connection
from progimage.errors import Unavailable
from tests.support.granian_server import Server, serving
from tests.support.problems import MEMBERS, lines

__all__ = ["lines"]

MALFORMED = {
    "charset of RFC 2231 is unknown": "text/plain; charset*=no-such''utf-8",
    "charset of RFC 2231 is empty bytes": "text/plain; charset*=\xff''utf-8",
    "charset of another parameter is unknown": "image/png; title*=no-such''x",
    "charset holds NUL": "text/plain; charset=a\0b",
    "charset is a codec of Python": "text/plain; charset=undefined",
}


class Sent:
    """A request to a WSGI application as a server sends it, and its response."""

    def __init__(self, application: Application, **environ: Any) -> None:
        base = RequestFactory().get("/operations").environ
        input_stream = io.BytesIO(environ.pop("body", b""))
        self.environ = base | {"wsgi.input": input_stream} | environ
        self.status_code = 0
        self.headers: dict[str, str] = {}
        body = application(self.environ, self._start)
        self.content = b"".join(body)
        close = getattr(body, "close", None)
        if close:
            close()
        self.rest = input_stream.read()

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        assert not self.status_code
        self.status_code = int(status.partition(" ")[0])
        self.headers = dict(headers)

    def problem(self) -> dict[str, Any]:
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.headers["Content-Length"] == str(len(self.content))
        problem: dict[str, Any] = json.loads(self.content)
        assert set(problem) - {"pointer"} == MEMBERS
        assert problem["request_id"] == self.headers["X-Request-ID"] != ""
        assert problem["status"] == self.status_code
        return problem


def test_a_list_stays_a_list() -> None:
    """The server sends it at once, and anything else part by part."""
    content = [b"content"]

    def work(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("X-Test", "yes")])
        return content

    heads: list[Any] = []
    assert Outermost(work)({}, lambda *head: heads.append(head)) is content
    assert heads == [("200 OK", [("X-Test", "yes")])]


@pytest.fixture(autouse=True)
def no_connection_is_left() -> None:
    """The handler looks at the connection of its thread first, and an earlier test may have left one."""
    release_connection()


def whole() -> Application:
    from config.wsgi import application

    return application


@pytest.mark.parametrize("content_type", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_content_type_is_the_clients_fault(content_type: str, lines: list[dict[str, Any]]) -> None:
    """WEB-9."""
    sent = Sent(whole(), CONTENT_TYPE=content_type, HTTP_X_REQUEST_ID="client-7.4_x")
    assert (sent.status_code, sent.problem()["code"]) == (400, "invalid_parameter")
    assert sent.headers["X-Request-ID"] == "client-7.4_x"
    assert [(line["status"], line["request_id"]) for line in lines if line["message"] == "request"] == [
        (400, "client-7.4_x")
    ]


def test_path_that_is_no_bytes() -> None:
    """A server that breaks PEP 3333, which has one character for each byte."""
    assert Sent(whole(), PATH_INFO="/images/\u20ac").problem()["status"] == 400


def test_other_headers_do_no_harm(db: None) -> None:
    strange = {
        "HTTP_COOKIE": "a=\xff; =; ;\x80",
        "HTTP_ACCEPT": "\xff/\x00;q=nan",
        "HTTP_AUTHORIZATION": "Bearer \xff",
        "HTTP_X_REQUEST_ID": "\xff" * 20,
        "HTTP_X_FORWARDED_PROTO": "\xff",
        "CONTENT_LENGTH": "many",
        "HTTP_IF_NONE_MATCH": "\xff",
        "HTTP_RANGE": "bytes=\xff-",
    }
    for path in ("/images", "/operations", "/admin/login/", "/im\xffges", "/%ff\0"):
        for name, value in strange.items():
            sent = Sent(whole(), PATH_INFO=path, **{name: value})
            assert sent.status_code < 500, (path, name)


def test_unread_body_is_read() -> None:
    broken = MALFORMED["charset holds NUL"]
    sent = Sent(whole(), CONTENT_TYPE=broken, CONTENT_LENGTH="3", body=b"abc", REQUEST_METHOD="POST")
    assert "Connection" not in sent.headers
    assert sent.rest == b""


def test_unread_body_without_a_known_end_ends_the_connection() -> None:
    sent = Sent(
        whole(),
        CONTENT_TYPE=MALFORMED["charset holds NUL"],
        HTTP_TRANSFER_ENCODING="chunked",
        body=b"abc",
        REQUEST_METHOD="POST",
    )
    assert sent.headers["Connection"] == "close"
    assert sent.rest == b"abc"


class Body:
    """A streamed body that may fail, and that knows whether it was closed."""

    def __init__(self, parts: Iterable[bytes | Exception]) -> None:
        self.parts = parts
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    def close(self) -> None:
        self.is_closed = True


def streaming(body: Body) -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> Body:
        start_response("200 OK", [("X-Request-ID", "from-below-1"), ("Content-Length", "3")])
        return body

    return Outermost(application)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(RuntimeError("swordfish"), 500, "internal_error"), (Unavailable("busy"), 503, "unavailable")],
)
def test_a_stream_that_fails_before_its_first_byte(
    error: Exception, status: int, code: str, lines: list[dict[str, Any]]
) -> None:
    body = Body([error])
    sent = Sent(streaming(body))
    assert (sent.status_code, sent.problem()["code"], body.is_closed) == (status, code, True)
    assert sent.headers["X-Request-ID"] == "from-below-1"
    assert b"swordfish" not in sent.content
    if status == 500:
        (line,) = [line for line in lines if line["message"] == "unexpected error"]
        assert line["request_id"] == "from-below-1"
        assert "RuntimeError: swordfish" in line["exception"]


def test_a_stream_that_fails_later_is_the_servers_to_break_off() -> None:
    body = Body([b"a", RuntimeError("later")])
    parts = streaming(body)({}, lambda *_: None)
    with pytest.raises(RuntimeError, match="later"):
        list(parts)
    parts.close()  # type: ignore[attr-defined]
    assert body.is_closed


@pytest.mark.parametrize("parts", [[], [b""], [b"", b"abc"], [b"a", b"b"]])
def test_a_stream_that_succeeds_is_passed_on(parts: list[bytes]) -> None:
    body = Body(parts)
    sent = Sent(streaming(body))
    assert (sent.status_code, sent.content, body.is_closed) == (200, b"".join(parts), True)


def test_an_exception_of_the_application_itself(lines: list[dict[str, Any]]) -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise RuntimeError("swordfish")

    sent = Sent(Outermost(broken))
    assert (sent.status_code, sent.problem()["code"]) == (500, "internal_error")
    assert {line["request_id"] for line in lines} == {sent.headers["X-Request-ID"]}


def test_a_stream_of_a_view_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = Body([RuntimeError("swordfish")])
    monkeypatch.setattr(OperationsView, "get", lambda *_: StreamingHttpResponse(body))
    assert Sent(whole()).problem()["code"] == "internal_error"
    assert body.is_closed


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_real_server(tmp_path: Path) -> None:
    """What gets as far as the application through granian, on connections that are used again."""
    with serving(tmp_path, {}) as server:
        for name, content_type in MALFORMED.items():
            # granian refuses NUL itself, and leaves out a header that is not ASCII.
            if "\0" not in content_type:
                expected = 400 if content_type.isascii() else 415
                assert _status(server, "POST", "/images", content_type) == expected, name
        for path in (
            "/images/\xff",
            "/images/%FF",
            "/images/%00",
            "/images/%E2%82%AC",
            "/images/\xe2\x82\xac",
        ):
            assert _status(server, "GET", path, "") in (400, 404), path
        assert _status(server, "GET", "/images?tag=\xff", "") == 400
        for path in ("/images/", "//images", "//evil.example//../images", "http://evil.example/images//"):
            expected = 404 if ".." in path else 308
            assert _status(server, "GET", path, "") == expected, path
        assert server.request("GET", "/healthz")[0] == 200
    written = [
        json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")
    ]
    assert [line for line in written if line["level"] in ("error", "critical")] == []
    assert sum(line.get("status") == 400 for line in written) == 3


def _status(server: Server, method: str, path: str, content_type: str) -> int:
    head = (
        f"{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\nContent-Type: {content_type}"
    )
    lines = f"{head}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.key}\r\n\r\nabc"
    import socket

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(lines.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    return int(answer.split(b" ", 2)[1])
