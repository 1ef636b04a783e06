"""Renders that end otherwise than a render does."""

from collections.abc import Callable
from typing import Any

from images.renditions import rendering

Render = Callable[..., rendering.RenderedFile]


def failing(error: Exception) -> Render:
    """Return a render that raises `error`."""

    def fail(*_: Any) -> rendering.RenderedFile:
        raise error

    return fail
