"""The documentation of an endpoint for OpenAPI, with the errors that it answers.

    LIST = Endpoint(
        operation_id="list_images",
        summary="List images",
        errors=(ParameterError,),
        responses={200: ImagesSerializer},
        examples=[example_of_response(IMAGES)],
    )

    class ImagesView(ApiView):
        @LIST
        def get(self, request): ...

An endpoint without errors fails when it is imported, and so does a view whose method has no Endpoint. A test
refuses an endpoint without a summary or an example."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.fields import empty
from rest_framework.views import APIView

from progimage.errors import (
    BodyTooLarge,
    InternalError,
    LengthRequired,
    NotAuthenticated,
    ParameterError,
    PermissionDenied,
    ProgImageError,
    RequestTimeout,
    Unavailable,
    UnsupportedFormat,
)

Errors = tuple[type[ProgImageError], ...]
Security = Sequence[Mapping[str, Sequence[str]]]
"""The ways to authenticate, of which a client chooses one. {} is no authentication."""
MethodT = TypeVar("MethodT", bound=Callable[..., Any])

EVERYWHERE: Errors = (NotAuthenticated, PermissionDenied, Unavailable, InternalError)
"""Errors that every endpoint may answer, besides its own."""
JSON_BODY: Errors = (ParameterError, RequestTimeout, LengthRequired, BodyTooLarge, UnsupportedFormat)
"""Errors of every endpoint that takes a JSON object."""
KEY: Security = ({"ApiKey": ()},)
SIGNED: Security = ({"SignedUrl": ()},)
KEY_SIGNED_OR_PUBLIC: Security = (*KEY, *SIGNED, {})
"""Without authentication only public images are found."""
NOBODY: Security = ()
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_DOCUMENTED = "documented_by"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A method of a view, as OpenAPI describes it. It decorates the method.

    `errors` are the endpoint's own, beside those of EVERYWHERE."""

    operation_id: str
    errors: Errors
    responses: Mapping[Any, Any]
    summary: str = ""
    parameters: Sequence[Any] = ()
    request: Any = empty
    description: str | None = None
    security: Security = KEY
    examples: Sequence[OpenApiExample] = ()

    def __post_init__(self) -> None:
        if not self.errors:
            raise TypeError(f"The endpoint {self.operation_id} declares no errors")

    def __call__(self, method: MethodT) -> MethodT:
        # extend_schema says that it takes names, and takes objects.
        security: Any = [dict(way) for way in self.security]
        decorate = extend_schema(
            operation_id=self.operation_id,
            parameters=list(self.parameters),
            request=self.request,
            responses={**self.responses, **_problems(self.errors + EVERYWHERE)},
            summary=self.summary,
            description=self.description,
            auth=security,
            examples=list(self.examples),
        )
        return _mark(decorate(method))


def hidden(method: MethodT) -> MethodT:
    """Leave a method out of the documentation."""
    return _mark(extend_schema(exclude=True)(method))


class ApiView(APIView):
    """A view each of whose methods is documented by an Endpoint."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _METHODS:
            method = vars(cls).get(name)
            if method is not None and not hasattr(method, _DOCUMENTED):
                raise TypeError(f"{cls.__name__}.{name} is documented by no Endpoint")


def _mark(method: MethodT) -> MethodT:
    setattr(method, _DOCUMENTED, True)
    return method


def _problems(errors: Errors) -> dict[tuple[int, str], OpenApiResponse]:
    """Return a response for each status, whose description names the errors that have it."""
    sentences: dict[int, list[str]] = {}
    for error in errors:
        of_status = sentences.setdefault(error.status, [])
        sentence = f"{error.summary} (`{error.code}`)."
        if sentence not in of_status:
            of_status.append(sentence)
    return {
        (status, "application/problem+json"): OpenApiResponse(_PROBLEM, description=" ".join(of_status))
        for status, of_status in sentences.items()
    }
