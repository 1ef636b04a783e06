"""GET /operations: the catalogue as JSON Schema, held to the transforms that the server accepts."""

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from progimage.errors import ParameterError
from progimage.operations import operations
from progimage.text_form import parse_text
from progimage.transform import Transform
from tests.support.transform_requests import example


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Any]:
    answer = Client().get("/operations")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/schema+json")
    schema: dict[str, Any] = answer.json()
    Draft202012Validator.check_schema(schema)
    return schema


def test_says_all_of_every_operation(catalogue: dict[str, Any]) -> None:
    known = catalogue["$defs"]
    assert set(known) == {"Transform", "Output"} | {cls.__name__ for cls in operations().values()}
    for name, cls in operations().items():
        schema = known[cls.__name__]
        assert (schema["title"], schema["x-kind"]) == (name, cls.kind)
        assert schema["description"]
        assert set(schema["properties"]) == {"op", *cls.parameters()}
        (example,) = schema["examples"]
        assert Transform.from_dict({"operations": [example]}).operations == parse_text(schema["x-text"])
    assert (
        known["Resize"]["properties"]["width"] | {"minimum": 1, "x-unit": "px", "x-short": "w"}
        == (known["Resize"]["properties"]["width"])
    )
    assert known["Composite"]["required"] == ["op", "image"]


@pytest.mark.parametrize("name", sorted(operations()))
def test_takes_every_example_with_and_without_its_defaults(catalogue: dict[str, Any], name: str) -> None:
    whole = Transform((example(name, "part:logo"),)).as_dict()
    check = Draft202012Validator(catalogue).validate
    check(whole)
    check({"operations": catalogue["$defs"][operations()[name].__name__]["examples"]})


@pytest.mark.parametrize(
    "transform",
    [
        {"operations": [{"op": "resize", "width": 0}]},
        {"operations": [{"op": "resize", "width": 40.5}]},
        {"operations": [{"op": "resize", "depth": 2}]},
        {"operations": [{"op": "solarize"}]},
        {"operations": [{"op": ["x"]}]},
        {"operations": [{"width": 3}]},
        {"operations": [{"op": "composite"}]},
        {"operations": [{"op": "grayscale"}] * 11},
        {"operations": {}},
        {"output": {"format": "svg"}},
        {"output": {"quality": 101}},
        {"output": {"background": 7}},
        {"steps": []},
        [],
    ],
    ids=str,
)
def test_refuses_what_the_server_refuses(catalogue: dict[str, Any], transform: Any) -> None:
    assert not Draft202012Validator(catalogue).is_valid(transform)
    with pytest.raises(ParameterError):
        Transform.from_dict(transform)
