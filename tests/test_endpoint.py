"""Views and methods without a whole documentation fail when they are imported."""

from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.response import Response

from images.api.schema.endpoint import EVERYWHERE, ApiView, Endpoint, hidden
from progimage.errors import ParameterError, UnsupportedFormat, UrlNotAllowed

LIST = Endpoint(operation_id="list_things", errors=(ParameterError,), responses={200: None})


def get(view: Any, request: Request) -> Response:
    return Response()


def documented_responses(endpoint: Endpoint) -> Any:
    """Return the documented responses of a view whose GET is described by `endpoint`."""

    class Things(ApiView):
        @endpoint
        def get(self, request: Request) -> Response:
            return Response()

    return Things.get.kwargs["schema"]().get_response_serializers()  # type: ignore[attr-defined]


def test_endpoint_without_errors_is_refused() -> None:
    with pytest.raises(TypeError, match="list_things declares no errors"):
        Endpoint(operation_id="list_things", errors=(), responses={200: None})


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_method_without_an_endpoint_is_refused(method: str) -> None:
    with pytest.raises(TypeError, match=f"Things.{method} is documented by no Endpoint"):
        type("Things", (ApiView,), {method: get})


def test_documented_and_hidden_methods_are_taken() -> None:
    class Things(ApiView):
        @LIST
        def get(self, request: Request) -> Response:
            return Response()

        @hidden
        def put(self, request: Request) -> Response:
            return Response()

    class SomeThings(Things):
        """A method that it inherits is documented already."""

    assert issubclass(SomeThings, ApiView)


def test_errors_of_one_status_are_one_response() -> None:
    endpoint = Endpoint(
        operation_id="list_things",
        errors=(ParameterError, UrlNotAllowed, UnsupportedFormat, ParameterError),
        responses={200: None},
    )
    responses = documented_responses(endpoint)
    described = responses[400, "application/problem+json"].description
    assert described.count(f"`{ParameterError.code}`") == 1
    assert described.count(f"`{UrlNotAllowed.code}`") == 1
    assert f"`{UnsupportedFormat.code}`" in responses[415, "application/problem+json"].description


def test_errors_of_every_endpoint_are_documented() -> None:
    responses = documented_responses(LIST)
    assert {error.status for error in EVERYWHERE} == {401, 403, 503, 500}
    for error in EVERYWHERE:
        assert f"`{error.code}`" in responses[error.status, "application/problem+json"].description
    assert responses[200] is None
