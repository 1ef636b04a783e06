"""The middleware that counts the readers of large responses."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.slow_clients.exchanges import SLOTS
from images.delivery.contents import BUFFERED_BYTES
from progimage.errors import ProgImageError, Unavailable

from .problems import problem_response


class LargeResponses:
    """Let SLOW_CLIENTS threads wait for bodies and for readers of large responses.

    A request that finds no slot gets 503 and `Connection: close`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.streaming or _is_small(response):
            return response
        slot = ExitStack()
        try:
            slot.enter_context(SLOTS.hold("clients", limit=settings.SLOW_CLIENTS))
        except Unavailable as error:
            _close_content(response)
            refusal = problem_response(error)
            refusal["Connection"] = "close"
            return refusal
        streaming: Any = response
        streaming.streaming_content = _Slotted(streaming.streaming_content, slot)
        return response


class _Slotted:
    """The content of a response, and its slot. Django closes both when the response has been sent."""

    def __init__(self, content: Iterator[bytes], slot: ExitStack) -> None:
        self._content = content
        self._slot = slot

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._content)

    def close(self) -> None:
        self._slot.close()


def _close_content(response: Any) -> None:
    """Close the files of a response. Its own `close` would also tell Django that the request is over.

    A generator closes its file only after it has begun."""
    with suppress(OSError, ProgImageError):
        next(response.streaming_content, None)
    for close in response._resource_closers:  # noqa: SLF001 - Django has no public name for them
        close()


def _is_small(response: HttpResponseBase) -> bool:
    """A response without a length may be of any size."""
    length = response.get("Content-Length", "")
    return length.isdecimal() and int(length) < BUFFERED_BYTES
