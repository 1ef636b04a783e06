"""The documentation of the API is whole and true."""

import os
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from images.api.requests.transform_request import DESCRIBED_IN_QUERY, STORE
from progimage.json_schema import definitions
from progimage.operations import Output, operations
from progimage.text_form import query_parameters


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Made once: it takes a second."""
    schema: dict[str, Any] = Client().get("/schema").json()
    return schema


def test_is_valid_and_without_warnings(capfd: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)
    assert capfd.readouterr() == ("", "")


def test_every_route_is_documented(schema: dict[str, Any]) -> None:
    methods = {path: sorted(operations) for path, operations in schema["paths"].items()}
    assert methods == {
        "/": ["get"],
        "/images": ["get", "post"],
        "/images/archive": ["post"],
        "/images/{image_id}": ["delete", "get", "patch"],
        "/images/{image_id}/renditions": ["delete", "get"],
        "/images/{image_id}.json": ["get"],
        "/images/{image_id}.{extension}": ["get"],
        "/transforms": ["post"],
        "/transforms/plan": ["post"],
        **{f"/transforms/{name}": ["post"] for name in operations()},
        "/operations": ["get"],
        "/uploads": ["post"],
        "/uploads/{upload_id}": ["put"],
        "/healthz": ["get"],
        "/readyz": ["get"],
    }


def test_upload_documents_its_bodies(schema: dict[str, Any]) -> None:
    upload = schema["paths"]["/images"]["post"]
    content = upload["requestBody"]["content"]
    assert content["image/*"]["schema"] == {"type": "string", "format": "binary"}
    assert content["multipart/form-data"]["schema"]["properties"]["file"]["items"]["format"] == "binary"
    assert "url" in schema["components"]["schemas"]["UploadFromUrlRequest"]["required"]
    refused = {"400", "401", "403", "404", "409", "411", "413", "415", "422", "500", "503"}
    assert set(upload["responses"]) == {"201", "207"} | refused
    headers = {parameter["name"] for parameter in upload["parameters"] if parameter["in"] == "header"}
    assert headers == {"Idempotency-Key", "Content-Digest", "Repr-Digest"}
    assert "Idempotency-Replayed" in upload["responses"]["201"]["headers"]


def test_rendition_documents_every_parameter(schema: dict[str, Any]) -> None:
    get = schema["paths"]["/images/{image_id}.{extension}"]["get"]
    parameters = {parameter["name"]: parameter for parameter in get["parameters"]}
    assert set(query_parameters()) | {"transform", "download", "v"} <= set(parameters)
    assert parameters["w"]["schema"]["maximum"] == 16_383
    assert parameters["fit"]["schema"]["enum"] == ["inside", "outside", "cover", "contain", "fill"]
    assert get["responses"]["200"]["content"]["image/*"]["schema"]["format"] == "binary"
    problem = get["responses"]["400"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}


def test_an_operations_route_documents_its_parameters_and_outputs(schema: dict[str, Any]) -> None:
    post = schema["paths"]["/transforms/resize"]["post"]
    query = {parameter["name"]: parameter for parameter in post["parameters"] if parameter["in"] == "query"}
    assert query["width"]["schema"] | {"maximum": 16_383, "x-unit": "px"} == query["width"]["schema"]
    assert query["focal"]["schema"]["type"] == "string"
    assert set(post["responses"]["200"]["headers"]) == {
        "Image-Width",
        "Image-Height",
        "Image-Frames",
        "Transform-Key",
        "ETag",
        "Repr-Digest",
        "Vary",
        "Idempotency-Replayed",
    }
    parameters = schema["paths"]["/transforms/composite"]["post"]["parameters"]
    assert [one["name"] for one in parameters if one.get("required")] == ["image"]


def test_an_operations_route_documents_nothing_that_it_refuses(schema: dict[str, Any]) -> None:
    for name, operation in operations().items():
        parameters = schema["paths"][f"/transforms/{name}"]["post"]["parameters"]
        query = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        assert query == {*operation.parameters(), *Output.parameters(), STORE, *DESCRIBED_IN_QUERY}, name


def test_an_answers_description_names_every_code(schema: dict[str, Any]) -> None:
    described = schema["paths"]["/transforms"]["post"]["responses"]["422"]["description"]
    for code in ("unprocessable_image", "image_too_large", "result_too_large", "idempotency_mismatch"):
        assert f"`{code}`" in described
    assert "smallest_bytes" in schema["components"]["schemas"]["Problem"]["properties"]


def test_components_are_the_catalogues(schema: dict[str, Any]) -> None:
    assert definitions("#/components/schemas/{}").items() <= schema["components"]["schemas"].items()
    body = schema["paths"]["/transforms"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["transform"] == {"$ref": "#/components/schemas/Transform"}


def test_page_to_try_it_needs_no_other_host(client: Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "swagger-ui" in page.content.decode()
    assert "https://" not in page.content.decode()
