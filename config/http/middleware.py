"""Middleware around every request: its id and line in the log, headers of bodies, and probes by any host."""

import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from .request_ids import REQUEST_ID, STARTED_AT_S, choose_request_id

log = structlog.get_logger("progimage.request")

_PROBES = ("/healthz", "/readyz")
MAX_LOGGED_PATH = 200
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
ABOUT_BODIES = (
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
        if response.status_code in BODILESS:
            for name in ABOUT_BODIES:
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
    """Log every response of the layers below, and give it an X-Request-ID. It must be the first of all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        start_s = request.META.get(STARTED_AT_S) or time.perf_counter()
        client_id = request.headers.get("X-Request-ID", "")
        request_id = request.META.get(REQUEST_ID) or choose_request_id(client_id)
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
