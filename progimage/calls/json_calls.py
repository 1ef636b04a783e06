"""Calls whose request or response is JSON."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from zipfile import BadZipFile

from progimage.errors import ConnectionFailed
from progimage.wire.media_types import JSON
from progimage.wire.receivers import Receiver, into_memory
from progimage.wire.urls import Address

from .call import Call, Receive
from .options import split_idempotency_key
from .results import Page, Result

T = TypeVar("T")
ResultT = TypeVar("ResultT", bound=Result)

_UNREADABLE = (
    # Of JSON, and of members that are missing or of another type.
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    # Of zip files: damaged, cut off, compressed in a way that Python does not know, or encrypted.
    BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
)

PAGE_SIZE = 100
"""The rows of each page that the client requests. The server allows more, but then a page takes longer."""


def creation(path: str, options: Mapping[str, Any], result: type[ResultT]) -> Call[ResultT]:
    """Return the POST that creates a resource from JSON and returns it."""
    members, headers = split_idempotency_key(options)
    call = Call(
        method="POST",
        address=Address(path),
        media_type=JSON,
        receive=receive_json(result.from_dict),
        headers=headers,
    )
    return with_json(call, members)


def listing(address: Address, name: str, result: type[ResultT]) -> Call[Page[ResultT]]:
    """Return the GET of one page of a list; the response holds the rows in its member `name`."""

    def read(values: Mapping[str, Any]) -> Page[ResultT]:
        rows = [result.from_dict(row) for row in values[name]]
        return Page(tuple(rows), values["next"])

    query = (*address.query, ("limit", str(PAGE_SIZE)))
    return Call(
        method="GET",
        address=Address(address.path, query),
        media_type=JSON,
        receive=receive_json(read),
    )


def with_json(call: Call[T], values: Mapping[str, Any]) -> Call[T]:
    """Return the call with `values` as its body."""
    headers = {**call.headers, "Content-Type": JSON}
    body = json.dumps(values).encode()
    return replace(call, headers=headers, body=body)


def receive_json(read: Callable[[Any], T]) -> Receive[T]:
    """Return a receiver that parses the response and lets `read` build the result from the parsed JSON."""

    def read_content(content: bytes) -> T:
        with foreign_answers_refused():
            return read(json.loads(content))

    def receive() -> AbstractContextManager[Receiver[T]]:
        return into_memory(read_content)

    return receive


@contextmanager
def foreign_answers_refused() -> Iterator[None]:
    """Raise ConnectionFailed if a response cannot be read. ProgImage did not send it: perhaps a proxy did."""
    try:
        yield
    except _UNREADABLE as error:
        raise ConnectionFailed("Expected a response of ProgImage but received something else") from error
