"""Middleware around every request: its id and line in the log, its unread body, and probes by any host."""

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from threading import BoundedSemaphore
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from images.receiving.forms import OVERHEAD_BYTES
from images.receiving.uploads import read_length
from progimage.errors import ProgImageError

log = structlog.get_logger("progimage.request")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PROBES = ("/healthz", "/readyz")
_MAX_DRAINING = 8
_DRAIN_TIMEOUT_S = 30
_CHUNK_BYTES = 64 * 1024
MAX_LOGGED_PATH = 200
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_ABOUT_BODIES = (
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Transfer-Encoding",
)


class ProbesByAnyName:
    """Accept any Host header on health probes.

    Orchestrators address a container by its IP, which ALLOWED_HOSTS cannot list. No response to a probe
    repeats the header, so replacing it is safe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in _PROBES:
            request.META["HTTP_HOST"] = self.host
        return self.get_response(request)


class DrainBody:
    """Read and discard the rest of a request body after an error response.

    If a body is left unread, the WSGI server closes the connection. A proxy that is still sending then takes
    the server for broken and responds 502, and a client loses its next request on that connection. A body
    that is too long or too slow to drain gets `Connection: close`, which tells the client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        # A client whose request was refused may send slowly. Such clients hold at most this many threads.
        self.slots = BoundedSemaphore(_MAX_DRAINING)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST and not self.try_drain(request):
            response["Connection"] = "close"
        return response

    def try_drain(self, request: HttpRequest) -> bool:
        """Read the rest of the body, and return True if nothing of it is left."""
        # With Expect, reading would ask the client to send its body. A chunked body has no known end.
        if request.META.keys() & {"HTTP_EXPECT", "HTTP_TRANSFER_ENCODING"}:
            return False
        length = read_length(request.META.get("CONTENT_LENGTH") or "0")
        if length == 0:
            return True
        # No endpoint takes a longer body than this.
        if length is None or length > settings.MAX_REQUEST_BYTES + OVERHEAD_BYTES:
            return False
        if not self.slots.acquire(blocking=False):
            return False
        try:
            return _read_to_end(request)
        except (UnreadablePostError, ProgImageError):  # the client has hung up, or is too slow
            return False
        finally:
            self.slots.release()


def _read_to_end(request: HttpRequest) -> bool:
    """Return True if the body ended within _DRAIN_TIMEOUT_S."""
    gives_up_at = time.monotonic() + _DRAIN_TIMEOUT_S
    while request.read(_CHUNK_BYTES):
        if time.monotonic() > gives_up_at:
            return False
    return True


class BodyHeaders:
    """Give every response with a body its length, and no response without one a header about a body.

    A shared cache takes the headers of a 304 over: a length of 0 or another type would turn the image that it
    has into an empty page. Source: RFC 9110, sections 8.6 and 15.4.5.

    A body without a length ends like a whole one if it fails half-way, because the server then ends its last
    chunk as usual. So such a stream is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code in _BODILESS:
            for name in _ABOUT_BODIES:
                del response[name]
        elif "Content-Length" not in response:
            response["Content-Length"] = str(_length_of(response))
        return response


def _length_of(response: HttpResponseBase) -> int:
    if isinstance(response, HttpResponse):
        return len(response.content)
    response.close()
    raise TypeError("Expected a stream with a Content-Length")


class RequestLog:
    """Log every response of the layers below, and give it an X-Request-ID. It must be the outermost layer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        start_s = time.perf_counter()
        request_id = choose_request_id(request.headers.get("X-Request-ID", ""))
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            duration_ms = (time.perf_counter() - start_s) * 1_000
            # The query is not logged, because signatures stand in it. Neither are file names and bodies.
            log.info(
                "request",
                method=request.method,
                path=request.path[:MAX_LOGGED_PATH],
                status=response.status_code,
                bytes=int(response.get("Content-Length", "0")),
                duration_ms=round(duration_ms, 1),
                api_key=getattr(request, "api_key_prefix", None),
            )
            return response
        finally:
            structlog.contextvars.clear_contextvars()


def choose_request_id(client_id: str) -> str:
    """Return the client's X-Request-ID if it is well-formed, otherwise a new one."""
    if _REQUEST_ID.fullmatch(client_id):
        return client_id
    return uuid.uuid4().hex
