"""A request of the API as a value, which either client sends."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin

from progimage.errors import ConnectionFailed
from progimage.wire.bodies import Body
from progimage.wire.media_types import NOTHING, PROBLEM, matches
from progimage.wire.receivers import Receiver, into_file
from progimage.wire.signatures import signature_of
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
    media_type: str
    """Of a success; see wire/media_types.py."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | bytes | None = None

    def is_done(self, status: int, attempt: int) -> bool:
        """Return whether a response is a success; `attempt` counts from 0.

        A retried DELETE succeeds with 404, too: if the response to an earlier attempt was lost, that attempt
        may have deleted the image."""
        if self.method == "DELETE" and attempt > 0 and status == 404:
            return True
        return 200 <= status < 300

    def check_media_type(self, status: int, headers: Mapping[str, str]) -> None:
        """Raise ConnectionFailed if a success is of another media type, such as a page to log in."""
        expected = PROBLEM if status == 404 else self.media_type
        content_type = headers.get("Content-Type", "")
        is_empty = status == 204 and expected == NOTHING
        if is_empty or matches(content_type, expected):
            return
        received = content_type[:60] or "no media type"
        raise ConnectionFailed(
            f"Expected {expected or 'an empty response'} of ProgImage but received {received}: "
            "perhaps a proxy sent it"
        )


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
        media_type=call.media_type,
        receive=lambda: into_file(path, read),
        headers=call.headers,
        body=call.body,
    )


def describe(method: Callable[..., Any], build: Callable[..., Call[Any]]) -> None:
    """Give a client's method the docstring and the parameters of the function that builds its call.

    The method returns the call's result; for a list it yields the rows of all pages."""
    built = signature_of(build)
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    result = _result_of(built.return_annotation, is_async=inspect.isasyncgenfunction(method))
    method.__doc__ = build.__doc__
    method.__signature__ = built.replace(  # type: ignore[attr-defined]
        parameters=[self_parameter, *built.parameters.values()],
        return_annotation=result,
    )


def name_methods(client: type) -> None:
    """Give the methods that are made from calls the names that they have in the class."""
    for name, method in vars(client).items():
        if inspect.isfunction(method):
            method.__name__ = name
            method.__qualname__ = f"{client.__qualname__}.{name}"


def _result_of(annotation: Any, *, is_async: bool) -> Any:
    """Return the type that a client's method returns, by the type of the call that is built for it."""
    if get_origin(annotation) is not Call:
        results = [_result_of(call, is_async=is_async) for call in get_args(annotation)]
        return reduce(or_, results)
    (result,) = get_args(annotation)
    if get_origin(result) is not Page:
        return result
    iterator: Any = AsyncIterator if is_async else Iterator
    return iterator[get_args(result)]
