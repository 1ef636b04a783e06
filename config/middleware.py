"""Around every request: a line in the log, an id that the answer and the log carry, probes by any name."""

import re
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

log = structlog.get_logger("progimage.request")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PROBES = ("/healthz", "/readyz")


class ProbesByAnyName:
    """Orchestrators ask a container by its address, which ALLOWED_HOSTS cannot know; no answer names it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in _PROBES:
            request.META["HTTP_HOST"] = self.host
        return self.get_response(request)


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
