"""The query of a request, and where its parameters stand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from rest_framework.request import Request

from accounts.access.authentication import SignedUrlAuthentication
from progimage.errors import ParameterError, UnprocessableImage
from progimage.operations import escape_pointer
from progimage.signing import EXPIRES, PARAMETERS
from progimage.text_form import TRANSFORM

from .values import BLANK

PointerOf = Callable[[str], str]
"""Return where a pointer into a transform stands in the request."""


def read_query(request: Request) -> dict[str, str]:
    """Return the query without its signature. Raise ParameterError if a name stands in it twice."""
    signature = PARAMETERS if _is_signed(request) else ()
    query: dict[str, str] = {}
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise ParameterError(
                f"Expected {name[:60]!r} once but received it again",
                pointer=f"/{escape_pointer(name)}",
            )
        if name not in signature:
            query[name] = values[0]
    if TRANSFORM in query:
        query[TRANSFORM] = query[TRANSFORM].strip(BLANK)
    return query


def signature_expires_at(request: Request) -> int | None:
    """Return the end of the URL's signature in unix seconds; None if an API key came instead."""
    return int(request.query_params[EXPIRES]) if _is_signed(request) else None


def read_flag(query: Mapping[str, str], name: str) -> bool:
    """Return a flag; False if it is not in the query."""
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise ParameterError(
            f"Expected true or false for {name} but received {text[:60]!r}",
            pointer=f"/{name}",
        )
    return text == "true"


def refuse_unknown(names: Iterable[str], expected: str) -> None:
    """Raise ParameterError for the first name."""
    for name in names:
        pointer = f"/{escape_pointer(name)}"
        raise ParameterError(f"Expected {expected} but received {name[:60]!r}", pointer=pointer)


def pointer_in_query(query: Mapping[str, str]) -> PointerOf:
    """Return the place of a transform's parameters in a query, by their names there."""
    only_operation = "" if TRANSFORM in query else "/operations/0"
    return lambda pointer: pointer.removeprefix(only_operation).removeprefix("/output")


@contextmanager
def pointed(pointer_of: PointerOf) -> Iterator[None]:
    """Let the pointers of errors within say where the parameter stands in the request."""
    try:
        yield
    except (ParameterError, UnprocessableImage) as error:
        # An image that cannot be decoded is not the transform's fault, and has no pointer.
        if error.pointer or isinstance(error, ParameterError):
            error.pointer = pointer_of(error.pointer)
        raise


def _is_signed(request: Request) -> bool:
    return isinstance(request.successful_authenticator, SignedUrlAuthentication)
