"""The documentation of the API is whole and true."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from images.api.requests.transform_request import STORE
from images.api.serializers.descriptions import DescriptionSerializer
from progimage.json_schema import definitions
from progimage.operations import Output, operations
from progimage.text_form import query_parameters
from tests.conftest import Api
from tests.support import images as made


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
        "/images/{image_id}/renditions": ["delete", "get", "post"],
        "/images/{image_id}.json": ["get"],
        "/images/{image_id}.{extension}": ["get"],
        "/transforms": ["post"],
        "/transforms/plan": ["post"],
        "/transforms/{operation}": ["post"],
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
    refused = {"400", "401", "403", "404", "408", "409", "411", "413", "415", "422", "500", "503"}
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
    for name, parameter in query_parameters().items():
        described = parameters[name]
        assert parameter.help in described["description"]
        assert name == parameter.name or f"`{parameter.name}`" in described["description"]
        assert described["schema"].keys() & {"type", "enum"}, name
        if parameter.range:
            assert described["schema"].keys() >= {"minimum", "maximum"} or parameter.is_list, name
    problem = get["responses"]["400"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}


def test_one_path_documents_the_parameters_of_all_operations(schema: dict[str, Any]) -> None:
    post = schema["paths"]["/transforms/{operation}"]["post"]
    path_parameters = [parameter for parameter in post["parameters"] if parameter["in"] == "path"]
    assert [parameter["schema"]["enum"] for parameter in path_parameters] == [sorted(operations())]
    query = {parameter["name"]: parameter for parameter in post["parameters"] if parameter["in"] == "query"}
    described = DescriptionSerializer().fields
    names = {name for cls in operations().values() for name in cls.parameters()} | Output.parameters().keys()
    assert set(query) == names | {STORE, *described}
    assert not any(parameter.get("required") for parameter in query.values())
    for operation_name, cls in operations().items():
        for name, parameter in cls.parameters().items():
            assert operation_name in query[name]["description"]
            if parameter.is_required:
                assert "Required." in query[name]["description"]
    widths = query["width"]["schema"]["anyOf"]
    assert {"type": "integer", "minimum": 1, "maximum": 16_383, "x-unit": "px"} in widths
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


def test_every_body_may_be_late_too_long_or_of_no_length(schema: dict[str, Any]) -> None:
    for name, endpoint in endpoints(schema).items():
        of_bodies = {"408", "411", "413", "415"} & set(endpoint["responses"])
        if "requestBody" in endpoint:
            assert of_bodies == {"408", "411", "413", "415"}, name
        else:
            assert "408" not in of_bodies, name


def test_every_answer_to_a_wrong_query_is_documented(api: Api, schema: dict[str, Any]) -> None:
    image_path = api.stored(made.encoded("png"))
    for path, methods in schema["paths"].items():
        if "get" not in methods:
            continue
        url = path.replace("/images/{image_id}", image_path).replace("{extension}", "webp")
        answer = api.get(f"{url}?widht=3")
        assert str(answer.status_code) in methods["get"]["responses"], path


def test_every_endpoint_has_a_summary_and_an_example(schema: dict[str, Any]) -> None:
    for name, endpoint in endpoints(schema).items():
        assert endpoint.get("summary"), name
        assert not endpoint["summary"].endswith("."), name
        assert endpoint["description"], name
        assert examples_of(endpoint), name


def test_every_example_fits_its_schema(schema: dict[str, Any]) -> None:
    root = {"components": schema["components"]}
    count = 0
    for name, endpoint in endpoints(schema).items():
        for described, value in examples_of(endpoint):
            validator = Draft202012Validator(described | root, format_checker=FormatChecker())
            errors = [error.message for error in validator.iter_errors(value)]
            assert errors == [], (name, value)
            count += 1
    problem = schema["components"]["schemas"]["Problem"]
    Draft202012Validator(problem | root).validate(problem["examples"][0])
    assert count > 40


def test_every_schema_is_one(schema: dict[str, Any]) -> None:
    for component in schema["components"]["schemas"].values():
        Draft202012Validator.check_schema(component)
    for endpoint in endpoints(schema).values():
        for parameter in endpoint.get("parameters", []):
            Draft202012Validator.check_schema(parameter["schema"])


def test_nothing_that_a_client_sends_has_a_default(schema: dict[str, Any]) -> None:
    """A generated client sends a default that it reads: a PATCH of the tags made a public image private, and
    a GET of an original got 400 for its `fit`."""
    bodies = [endpoint["requestBody"] for endpoint in endpoints(schema).values() if "requestBody" in endpoint]
    parameters = [one for endpoint in endpoints(schema).values() for one in endpoint.get("parameters", [])]
    assert all(parameter["description"] for parameter in parameters)
    assert all(body["required"] for body in bodies)
    with_default = [
        part
        for part in parts_of([bodies, parameters, schema["components"]["schemas"]])
        if "default" in part and not isinstance(part["default"], dict)
    ]
    assert with_default == []
    change = schema["components"]["schemas"]["PatchedChangeRequest"]
    assert not any("x-default" in member for member in change["properties"].values())
    fit = schema["components"]["schemas"]["Resize"]["properties"]["fit"]
    assert fit["x-default"] == "inside"
    assert fit["description"].endswith(" Default: `inside`.")
    rendition = endpoints(schema)["get_rendition"]
    (fit,) = [parameter for parameter in rendition["parameters"] if parameter["name"] == "fit"]
    assert fit["description"].endswith(" Default: `inside`.")
    limits = [parameter for parameter in parameters if parameter["name"] == "limit"]
    assert [limit["schema"]["x-default"] for limit in limits] == [100, 100]


def test_an_image_is_typed_to_its_last_member(schema: dict[str, Any]) -> None:
    known = schema["components"]["schemas"]
    image = known["Image"]["properties"]
    assert image["focal_point"]["oneOf"] == [{"$ref": "#/components/schemas/FocalPoint"}, {"type": "null"}]
    assert image["transform"]["oneOf"] == [{"$ref": "#/components/schemas/Transform"}, {"type": "null"}]
    assert image["urls"]["allOf"] == [{"$ref": "#/components/schemas/ImageUrls"}]
    assert set(known["ImageUrls"]["required"]) == {"original", "metadata", "jpg", "png", "webp", "avif"}
    assert image["metadata"]["type"] == "object"
    assert set(known["Operation"]["discriminator"]["mapping"]) == set(operations())
    untyped = [name for name, member in image.items() if not member.keys() & {"type", "oneOf", "allOf"}]
    assert untyped == []


def test_responses_of_the_server_fit_the_schema_of_an_image(api: Api, schema: dict[str, Any]) -> None:
    path = api.stored(made.encoded("png"))
    api.request("PATCH", path, data=b'{"focal_point": {"x": 0.5, "y": 1}}', content_type="application/json")
    transform = {
        "operations": [
            {"op": "resize", "width": 20},
            {"op": "composite", "image": path.rpartition("/")[2], "opacity": 50},
        ]
    }
    body = {"id": path.rpartition("/")[2], "transform": transform, "store": True}
    derived = api.request("POST", "/transforms", data=json.dumps(body), content_type="application/json")
    assert derived.status_code == 201
    validator = Draft202012Validator(
        {"$ref": "#/components/schemas/Image", "components": schema["components"]}
    )
    for image in (api.get(f"{path}.json").json(), derived.json()):
        validator.validate(image)
    assert derived.json()["transform"] is not None


def test_an_answers_description_names_every_code(schema: dict[str, Any]) -> None:
    described = schema["paths"]["/transforms"]["post"]["responses"]["422"]["description"]
    for code in ("unprocessable_image", "image_too_large", "result_too_large", "idempotency_mismatch"):
        assert f"`{code}`" in described
    assert "smallest_bytes" in schema["components"]["schemas"]["Problem"]["properties"]


def test_components_are_the_catalogues(schema: dict[str, Any]) -> None:
    known = schema["components"]["schemas"]
    assert set(definitions("")) | {"Operation"} <= set(known)
    for name, cls in operations().items():
        assert known[cls.__name__]["title"] == name
        assert set(known[cls.__name__]["properties"]) == {"op", *cls.parameters()}
    body = schema["paths"]["/transforms"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["transform"] == {"$ref": "#/components/schemas/Transform"}


def endpoints(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the documentation of each endpoint by its operationId."""
    found = [endpoint for path in schema["paths"].values() for endpoint in path.values()]
    return {endpoint["operationId"]: endpoint for endpoint in found}


def examples_of(endpoint: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    """Return each example of an endpoint after the schema that it is an example of."""
    described = [*endpoint["parameters"]] if "parameters" in endpoint else []
    for body in (endpoint.get("requestBody", {}), *endpoint["responses"].values()):
        described += body.get("content", {}).values()
    return [
        (part["schema"], example["value"])
        for part in described
        for example in part.get("examples", {}).values()
    ]


def parts_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of(child)


def test_page_to_try_it_needs_no_other_host(client: Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "swagger-ui" in page.content.decode()
    assert "https://" not in page.content.decode()
