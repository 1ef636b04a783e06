"""How an answer's media type is chosen for JSON answers: it is not negotiated."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysTheFirst(DefaultContentNegotiation):
    """Images are asked for with `Accept: image/*`; an error about one is problem+json all the same."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        first = next(iter(renderers))
        return first, first.media_type
