"""One line in the log for each request, and an id that the answer and every line of the log carry."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

log = structlog.get_logger("progimage.request")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


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
