"""Views and methods without a whole documentation fail when they are imported."""

from typing import Any

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from images.api.schema.endpoint import EVERYWHERE, ApiView, Endpoint, hidden
from progimage.errors import ParameterError, UnsupportedFormat, UrlNotAllowed

LIST = Endpoint(operation_id="list_things", errors=(ParameterError,), responses={200: None})


def get(view: Any, request: Request) -> Response:
    return Response()


def describe_responses(endpoint: Endpoint) -> dict[str, str]:
    """Return the descriptions of the responses in OpenAPI, by status, of a GET that `endpoint` documents."""

    class Things(ApiView):
        @endpoint
        def get(self, request: Request) -> Response:
            return Response()

    generator = SchemaGenerator(patterns=[path("things", Things.as_view())])  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    responses = schema["paths"]["/things"]["get"]["responses"]
    return {status: response["description"] for status, response in responses.items()}


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
    descriptions = describe_responses(endpoint)
    for error in (ParameterError, UrlNotAllowed):
        assert descriptions["400"].count(f"`{error.code}`") == 1
    assert f"`{UnsupportedFormat.code}`" in descriptions["415"]


def test_errors_of_every_endpoint_are_documented() -> None:
    descriptions = describe_responses(LIST)
    assert set(descriptions) == {"200", "400", "401", "403", "500", "503"}
    for error in EVERYWHERE:
        assert f"`{error.code}`" in descriptions[str(error.status)]
