"""Around every request: a line in the log, an id that the answer and the log carry, probes by any name."""

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from threading import BoundedSemaphore
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase

log = structlog.get_logger("progimage.request")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PROBES = ("/healthz", "/readyz")
_MOST_DRAINED_BYTES = 1_000_000
_MOST_DRAINING = 4
_CHUNK_BYTES = 64 * 1024


class ProbesByAnyName:
    """Orchestrators ask a container by its address, which ALLOWED_HOSTS cannot know; no answer names it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in _PROBES:
            request.META["HTTP_HOST"] = self.host
        return self.get_response(request)


class DrainBody:
    """The server closes a connection on a body that an answer left unread, and loses the next request on it.

    So what is left is read here, in vain, as far as it is short; otherwise the client is told to close."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        # Refused senders may be slow: they hold no more threads than this.
        self.places = BoundedSemaphore(_MOST_DRAINING)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST and not self.is_drained(request):
            response["Connection"] = "close"
        return response

    def is_drained(self, request: HttpRequest) -> bool:
        # To read would ask for the body that Expect waits with; one that is chunked has no known end.
        if request.META.keys() & {"HTTP_EXPECT", "HTTP_TRANSFER_ENCODING"}:
            return False
        if request.META.get("CONTENT_LENGTH", "") in ("", "0"):
            return True
        if not self.places.acquire(blocking=False):
            return False
        left_bytes = _MOST_DRAINED_BYTES
        try:
            while left_bytes > 0 and (chunk := request.read(_CHUNK_BYTES)):
                left_bytes -= len(chunk)
        except UnreadablePostError:
            return False
        finally:
            self.places.release()
        return left_bytes > 0


class RequestLog:
    """Outermost: what any layer below answers is logged and gets its X-Request-ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            # The path alone: signatures stand in queries, and no file name or body belongs into a log.
            log.info(
                "request",
                method=request.method,
                path=request.path[:200],
                status=response.status_code,
                bytes=int(response.get("Content-Length", "0")),
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
                api_key=getattr(request, "api_key_prefix", None),
            )
            return response
        finally:
            structlog.contextvars.clear_contextvars()
