"""A request of the API as a value, which either client sends."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from progimage.wire.bodies import Body
from progimage.wire.receivers import Receiver, into_file
from progimage.wire.urls import Address

from .results import Page

T = TypeVar("T")

Receive = Callable[[], AbstractContextManager[Receiver[T]]]
"""Open a receiver for the body of one response."""


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request, and the receiver of its response. A retry sends the same request, with the same key."""

    method: str
    address: Address
    receive: Receive[T]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | bytes | None = None

    def is_done(self, status: int, attempt: int) -> bool:
        """Return whether a response is a success; `attempt` counts from 0.

        A retried DELETE succeeds with 404, too: if the response to an earlier attempt was lost, that attempt
        may have deleted the image."""
        if self.method == "DELETE" and attempt > 0 and status == 404:
            return True
        return 200 <= status < 300


def find_next_page(call: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    """Return the call for the page after `page`; None if `page` is the last one."""
    if page.next is None:
        return None
    filters = [pair for pair in call.address.query if pair[0] != "cursor"]
    query = (*filters, ("cursor", page.next))
    return replace(call, address=Address(call.address.path, query))


def save_to_file(call: Call[bytes], path: Path) -> Call[Path]:
    """Return the call that writes the response to the file `path` instead of returning the bytes."""

    def read(_file: object) -> Path:
        return path

    return Call(
        method=call.method,
        address=call.address,
        receive=lambda: into_file(path, read),
        headers=call.headers,
        body=call.body,
    )


def describe(method: Callable[..., Any], build: Callable[..., Call[Any]]) -> None:
    """Give a client's method the name, signature and docstring of the function that builds its call."""
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    build_parameters = inspect.signature(build).parameters.values()
    parameters = [self_parameter, *build_parameters]
    method.__name__ = build.__name__
    method.__doc__ = build.__doc__
    method.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
