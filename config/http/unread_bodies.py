"""Bodies that nobody has read when their response is ready, for example those of refused requests.

If a body is left unread, the WSGI server closes the connection. A proxy that is still sending then takes the
server for broken and responds 502, and a client loses its next request on that connection."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.slow_clients.timed_body import TimedBody
from images.receiving.forms import OVERHEAD_BYTES
from images.slots import Slots
from progimage.errors import ProgImageError

Environ = dict[str, Any]

_slots = Slots("Too many bodies are read that nobody wants", retry_after_s=1)
_MAX_AT_ONCE = 8
"""A client whose request was refused may send slowly. Such clients hold at most this many threads."""
_TIMEOUT_S = 30
_CHUNK_BYTES = 64 * 1024
_MARGIN_BYTES = 8_000_000
"""Proxies round their limit up: 102 MB are 107 million bytes to nginx, where MB are MiB."""


class DrainBody:
    """Read and discard the rest of a request's body. If that takes too long, end the connection instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not drain(request.META):
            response["Connection"] = "close"
        return response


def drain(environ: Environ) -> bool:
    """Return whether nothing of the body is left. If False, tell the client by `Connection: close`."""
    remaining_bytes = _count_remaining_bytes(environ)
    if remaining_bytes == 0:
        return True
    if remaining_bytes is None or remaining_bytes > _max_bytes() or _waits_for_permission(environ):
        return False
    with _slots.try_hold("anybody", limit=_MAX_AT_ONCE) as is_held:
        try:
            return is_held and _read_to_end(environ["wsgi.input"])
        except (OSError, ProgImageError):  # the client has hung up, or is too slow
            return False


def _max_bytes() -> int:
    """Return a length that proxies let pass. No endpoint takes a body so long."""
    return settings.MAX_REQUEST_BYTES + OVERHEAD_BYTES + _MARGIN_BYTES


def _count_remaining_bytes(environ: Environ) -> int | None:
    """Return None if that is not known, or if nothing would end a read that takes too long."""
    if "HTTP_TRANSFER_ENCODING" in environ:  # a chunked body has no end that is known
        return None
    body = environ["wsgi.input"]
    if not isinstance(body, TimedBody):  # Django's test client has no connection that could be used again
        return 0
    return None if body.has_ended else body.remaining_bytes


def _waits_for_permission(environ: Environ) -> bool:
    """Return whether a client has not begun to send, and will not if it is refused.

    A proxy may pass Expect on and send at once, as Caddy does. So what came through a proxy is read."""
    return "HTTP_EXPECT" in environ and "HTTP_X_FORWARDED_FOR" not in environ


def _read_to_end(body: TimedBody) -> bool:
    """Return True if the body ended within _TIMEOUT_S."""
    gives_up_at = time.monotonic() + _TIMEOUT_S
    while body.read(_CHUNK_BYTES):
        if time.monotonic() > gives_up_at:
            return False
    return True
