"""The WSGI layer before Django that sends the answers of the fast path (images/fast_path/).

Django's middleware stands around every other request. This layer does its part for a plain GET of an image:
the headers that it adds, the line in the log, and the limit of readers of large responses. A request for
which the middleware would do more is not plain, and goes to Django."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import IO, Any

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from config.observing.request_lines import RequestLine, as_json
from config.slow_clients.application import Application, Environ, StartResponse
from config.slow_clients.exchanges import SLOTS
from images.delivery.answer_facts import ANSWER_FACTS
from images.delivery.contents import BUFFERED_BYTES
from images.delivery.responses import chunks
from images.fast_path.answering import Answer, find_answer
from progimage.errors import Unavailable

from .middleware import ABOUT_BODIES, BODILESS
from .outermost import Request
from .request_ids import REQUEST_ID, STARTED_AT_S, choose_request_id
from .text_encoding import is_utf8

error_log = logging.getLogger("progimage.error")

_WITH_BODY = ("HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "CONTENT_TYPE")
_COOKIES = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages")
"""Cookies that the middleware may answer with cookies."""
_MAX_HOST = 300
"""Characters of a host and its port. Hosts are remembered, so none may be large."""
_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class FastAnswers:
    """Answer a request by the fast path, or else by `application`."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not settings.FAST_PATH_CONNECTIONS or not is_plain(environ):
            return self.application(environ, start_response)
        start_s = time.perf_counter()
        request_id = choose_request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        environ |= {STARTED_AT_S: start_s, REQUEST_ID: request_id}
        answer = None
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            answer = find_answer(environ)
        except Exception:  # noqa: BLE001 - Django may know better
            error_log.exception("the fast path has failed; Django answers")
        finally:
            structlog.contextvars.clear_contextvars()
        body = None if answer is None else _open_body(answer)
        if answer is None or body is None:
            return self.application(environ, start_response)
        answer.count()
        kept_facts = environ.get(ANSWER_FACTS)
        if kept_facts is not None:
            kept_facts.take(answer.facts)
        headers = answer.headers | headers_around(environ["wsgi.url_scheme"])
        if answer.status in BODILESS:
            for name in ABOUT_BODIES:
                headers.pop(name, None)
        headers["X-Request-ID"] = request_id
        line = RequestLine.of(
            method=environ["REQUEST_METHOD"],
            path_json=as_json(environ["PATH_INFO"]),
            status=answer.status,
            length_bytes=int(headers.get("Content-Length", "0")),
            api_key_json=as_json(answer.facts.api_key_prefix),
        )
        line.write(request_id, start_s)
        start_response(_REASONS[answer.status], list(headers.items()))
        return body


def is_plain(environ: Environ) -> bool:
    """Return whether the middleware would let a request pass as it is.

    It has no body, names a host of ours, and came by https if that is expected."""
    if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or any(environ.get(name) for name in _WITH_BODY):
        return False
    cookies = environ.get("HTTP_COOKIE")
    if cookies and any(name in cookies for name in _COOKIES):
        return False
    if settings.IS_HTTPS and environ.get("HTTP_X_FORWARDED_PROTO") != "https":
        return False
    host = environ.get("HTTP_HOST", "")
    return (
        len(host) <= _MAX_HOST
        and _is_ours(host)
        and is_utf8(environ.get("QUERY_STRING", "").encode("latin-1"))
    )


@lru_cache(maxsize=64)
def _is_ours(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


@lru_cache(maxsize=4)
def headers_around(scheme: str) -> dict[str, str]:
    """Return the headers that Django's middleware adds to a response with an image."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": scheme,
    }
    if settings.IS_HTTPS:
        environ["HTTP_X_FORWARDED_PROTO"] = "https"
    request = Request(environ)
    bare = HttpResponse(headers={"X-Content-Type-Options": "nosniff"})
    inner = XFrameOptionsMiddleware(lambda _request: bare)
    outer = SecurityMiddleware(inner)
    response: Any = outer(request)
    headers = dict(response.items())
    del headers["Content-Type"], headers["X-Content-Type-Options"]
    return headers


def _open_body(answer: Answer) -> Iterable[bytes] | None:
    """Return the body of a response. None if Django must refuse it, or if it is shorter than its row says.

    A large one holds a slot of slow readers until it has been sent."""
    content = answer.content
    if content is None:
        return []
    if answer.length < BUFFERED_BYTES:
        with content:
            body = content.read(answer.length)
        return [body] if len(body) == answer.length else None
    slot = ExitStack()
    try:
        slot.enter_context(SLOTS.hold("clients", limit=settings.SLOW_CLIENTS))
    except Unavailable:
        content.close()
        return None
    return _LargeBody(content, answer.length, slot)


class _LargeBody:
    """The chunks of a large response. The server closes it."""

    def __init__(self, content: IO[bytes], length: int, slot: ExitStack) -> None:
        self._content = content
        self._length = length
        self._slot = slot

    def __iter__(self) -> Iterator[bytes]:
        return chunks(self._content, self._length)

    def close(self) -> None:
        self._content.close()
        self._slot.close()
