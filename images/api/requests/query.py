"""The query of a request as a value, and pointers to its parameters."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.http import QueryDict
from rest_framework.request import Request

from accounts.access.authentication import SignedUrlAuthentication
from progimage.errors import ParameterError, ProgImageError
from progimage.operations import escape_pointer
from progimage.signing import EXPIRES, PARAMETERS
from progimage.text_form import TRANSFORM, query_parameters
from progimage.wording import show_value, suggest

from .values import BLANK

PointerOf = Callable[[str], str]
"""From a pointer into a transform to the pointer into the request."""


@dataclass(frozen=True)
class Query:
    """The parameters of a query without its signature.

    `expires_at` is the end of the signature in unix seconds, or None if an API key came instead."""

    parameters: Mapping[str, str]
    expires_at: int | None = None

    @classmethod
    def read(cls, request: Request) -> "Query":
        """Return the query of a request. Raise ParameterError if a name stands in it twice.

        A GET or HEAD without a signature passes over the parameters of trackers."""
        is_signed = isinstance(request.successful_authenticator, SignedUrlAuthentication)
        expires_at = int(request.query_params[EXPIRES]) if is_signed else None
        may_be_tracked = request.method in ("GET", "HEAD") and not is_signed
        parameters = cls.read_parameters(request.query_params, may_be_tracked=may_be_tracked)
        if is_signed:
            for name in PARAMETERS:
                parameters.pop(name, None)
        return cls(parameters, expires_at)

    @staticmethod
    def read_parameters(query_params: QueryDict, *, may_be_tracked: bool) -> dict[str, str]:
        """Return the parameters of a query, those of a signature included."""
        parameters: dict[str, str] = {}
        for name, values in query_params.lists():
            if may_be_tracked and _is_ignored(name):
                continue
            if len(values) > 1:
                raise ParameterError(
                    f"Expected {show_value(name)} once but received it again",
                    pointer=f"/{escape_pointer(name)}",
                )
            parameters[name] = str(values[0])
        if TRANSFORM in parameters:
            parameters[TRANSFORM] = parameters[TRANSFORM].strip(BLANK)
        return parameters

    def without(self, *names: str) -> dict[str, str]:
        """Return the parameters but those with these names."""
        return {name: text for name, text in self.parameters.items() if name not in names}

    def pointer_of(self, pointer: str) -> str:
        """Return the place of a transform's parameter in this query: its name, as short as it stands here."""
        only_operation = "" if TRANSFORM in self.parameters else "/operations/0"
        place = pointer.removeprefix(only_operation).removeprefix("/output")
        for name, parameter in query_parameters().items():
            if place == f"/{parameter.name}" and name in self.parameters:
                return f"/{name}"
        return place


def _is_ignored(name: str) -> bool:
    """Whether an operator's setting says that trackers add the parameter."""
    for pattern in settings.IGNORED_PARAMETERS:
        if name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1])):
            return True
    return False


def read_flag(parameters: Mapping[str, str], name: str) -> bool:
    """Return a flag; False if there is none. Raise ParameterError for any text but true and false."""
    text = parameters.get(name, "false")
    if text not in ("true", "false"):
        raise ParameterError(
            f"Expected true or false for {name} but received {show_value(text)}",
            pointer=f"/{name}",
        )
    return text == "true"


def refuse_unknown(names: Iterable[str], expected: str, known_names: Iterable[str] = ()) -> None:
    """Raise ParameterError for the first of `names`, if there is one.

    The message suggests the one of `known_names` that may have been meant."""
    for name in names:
        raise ParameterError(
            f"Expected {expected} but received {show_value(name)}{suggest(name, known_names)}",
            pointer=f"/{escape_pointer(name)}",
        )


def check_names(names: Iterable[str], known_names: Collection[str]) -> None:
    """Raise ParameterError for the first of `names` that is not one of `known_names`."""
    unknown_names = (name for name in names if name not in known_names)
    refuse_unknown(unknown_names, f"one of {', '.join(known_names)}", known_names)


@contextmanager
def pointed(pointer_of: PointerOf) -> Iterator[None]:
    """Turn the pointers of errors within into pointers into the request."""
    try:
        yield
    except ProgImageError as error:
        # An image that cannot be decoded is not the transform's fault, and has no pointer.
        if error.pointer or isinstance(error, ParameterError):
            error.pointer = pointer_of(error.pointer)
        raise
