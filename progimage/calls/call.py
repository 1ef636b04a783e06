"""A request as a value, which either client sends."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from progimage.wire.bodies import Body
from progimage.wire.receivers import Receiver
from progimage.wire.urls import Address

from .results import Page

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request, and where its answer goes. Sent again it is the same request, idempotency key and all."""

    method: str
    address: Address
    receive: Callable[[], AbstractContextManager[Receiver[T]]]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | bytes | None = None

    def is_done(self, status: int, attempt: int) -> bool:
        """Whether an answer is a success. A DELETE that is sent again finds nothing where the first came to
        its end and the answer to it was lost."""
        return 200 <= status < 300 or (self.method == "DELETE" and attempt > 0 and status == 404)


def next_page(call: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    if page.next is None:
        return None
    query = tuple(pair for pair in call.address.query if pair[0] != "cursor")
    return replace(call, address=Address(call.address.path, (*query, ("cursor", page.next))))


def describe(method: Callable[..., Any], call: Callable[..., Call[Any]]) -> None:
    """Let `help` show a client's method as the call that it sends."""
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    signature = inspect.Signature([own, *inspect.signature(call).parameters.values()])
    vars(method).update(__signature__=signature)
    method.__name__, method.__doc__ = call.__name__, call.__doc__
