"""The outermost layer of the WSGI application: any exception from below becomes a problem and a line in the
log.

Django answers exceptions of views and of middleware. It lets those pass that are raised while it reads the
server's variables to make a request, and those of a streamed body before its first byte. The web server would
answer them with a bare 500, without a request id."""

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import structlog
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from config.slow_clients.application import Application, Environ, StartResponse, close_body
from progimage.errors import ParameterError

from .middleware import MAX_LOGGED_PATH
from .problems import as_problem, problem_response, unexpected
from .request_ids import choose_request_id
from .unread_bodies import drain

log = structlog.get_logger("progimage.request")
error_log = logging.getLogger("progimage.error")


class Request(WSGIRequest):
    """A request that Django cannot read, for example for its Content-Type, is the client's fault: 400."""

    def __init__(self, environ: Environ) -> None:
        try:
            super().__init__(environ)
        except (ValueError, LookupError) as error:
            raise ParameterError("Expected a path and a Content-Type that can be read") from error


class Handler(WSGIHandler):
    request_class = Request


class Outermost:
    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        head = _Head()
        body: Iterable[bytes] = ()
        try:
            body = self.application(environ, head)
            parts = iter(body)
            first = list(_take_one(parts))
        except Exception as error:  # noqa: BLE001 - any exception becomes a problem
            close_body(body)
            return _answer(error, environ, head, start_response)
        start_response(head.status, head.headers)
        if isinstance(body, list):  # granian sends a list at once, and anything else part by part
            return body
        return _Body(body, chain(first, parts))


class _Head:
    """The status and headers of a response. They are sent when its first bytes exist."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.status = status
        self.headers = headers


class _Body:
    """The bytes of a response whose first part has been taken. The web server closes it."""

    def __init__(self, body: Iterable[bytes], parts: Iterator[bytes]) -> None:
        self._body = body
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        close_body(self._body)


def _take_one(parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield part
        return


def _answer(
    error: Exception, environ: Environ, head: _Head, start_response: StartResponse
) -> Iterable[bytes]:
    """Send the problem of an exception, and log it under the id of the request."""
    client_id = dict(head.headers).get("X-Request-ID") or environ.get("HTTP_X_REQUEST_ID", "")
    request_id = choose_request_id(client_id)
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        problem = as_problem(error) or unexpected(error)
        response = problem_response(problem)
        response["X-Request-ID"] = request_id
        if not drain(environ):
            response["Connection"] = "close"
        path = str(environ.get("PATH_INFO", ""))[:MAX_LOGGED_PATH]
        log.info(
            "request",
            method=environ.get("REQUEST_METHOD"),
            path=path,
            status=response.status_code,
            bytes=len(response.content),
            reason=_first_line(error),
        )
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


def _first_line(error: Exception) -> str:
    """Return the exception and its cause, for an operator who wonders what such a client sends."""
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}"[:MAX_LOGGED_PATH]
