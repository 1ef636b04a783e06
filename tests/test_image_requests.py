"""Requests that read or change rows, as they are refused: their bodies and their queries."""

from typing import Any

import pytest

from tests.conftest import Api
from tests.support.changes import QUERY, patch
from tests.support.deletion import PNG, delete


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param([], None, id="a list"),
        pytest.param("[1", None, id="no JSON"),
        pytest.param(" ", None, id="blank"),
        pytest.param('{"filename":"a","filename":"b"}', None, id="a name twice"),
        pytest.param('{"focal_point":{"x":NaN,"y":0}}', None, id="NaN"),
        pytest.param(b'{"filename":"\xff"}', None, id="no UTF-8"),
        pytest.param({"id": "018bd119-9a5c-7520-8866-a4147cacf13b"}, "/id", id="id"),
        pytest.param({"filename": "x", "width": 3}, "/width", id="a fact of the bytes"),
        pytest.param({"replaces": None}, "/replaces", id="what only an upload may say"),
        pytest.param({"filename": 5}, "/filename", id="a number for text"),
        pytest.param({"filename": None}, "/filename", id="null for text"),
        pytest.param({"filename": "a\0"}, "/filename", id="NUL"),
        pytest.param({"filename": "x" * 256}, "/filename", id="256 characters"),
        pytest.param({"visibility": "secret"}, "/visibility", id="visibility"),
        pytest.param({"visibility": ["public"]}, "/visibility", id="a list for a word"),
        pytest.param({"tags": "a,b"}, "/tags", id="text for tags"),
        pytest.param({"tags": [1]}, "/tags/0", id="a number for a tag"),
        pytest.param({"tags": [""]}, "/tags/0", id="an empty tag"),
        pytest.param({"tags": [str(n) for n in range(51)]}, "/tags", id="51 tags"),
        pytest.param({"metadata": "{}"}, "/metadata", id="text for metadata"),
        pytest.param({"metadata": {"a": "\0"}}, "/metadata", id="NUL in metadata"),
        pytest.param('{"metadata":{"a":1e999}}', "/metadata", id="infinity in metadata"),
        pytest.param({"metadata": {"a": "x" * 16_384}}, "/metadata", id="too much metadata"),
        pytest.param({"focal_point": [0, 0]}, "/focal_point", id="a list for a point"),
        pytest.param({"focal_point": {"x": 0.5}}, "/focal_point", id="half a point"),
        pytest.param({"focal_point": {"x": True, "y": 0}}, "/focal_point/x", id="truth for a number"),
        pytest.param({"focal_point": {"x": "0.5", "y": 0}}, "/focal_point/x", id="text for a number"),
        pytest.param({"focal_point": {"x": 0, "y": 1.01}}, "/focal_point/y", id="beyond the edge"),
        pytest.param('{"focal_point":{"x":0,"y":1e999}}', "/focal_point/y", id="infinity"),
        pytest.param({"focal_point": {"x": 0, "y": 0, "z": 0}}, "/focal_point/z", id="a third dimension"),
        pytest.param({"focal_point": {"x": None, "y": 0}}, "/focal_point/x", id="null for a number"),
    ],
)
def test_refused_as_a_whole(api: Api, changes: Any, pointer: str | None) -> None:
    path = api.stored(PNG, query=QUERY)
    before = api.get(f"{path}.json").json()
    problem = patch(api, path, changes).json()
    assert (problem["status"], problem["code"], problem.get("pointer")) == (400, "invalid_parameter", pointer)
    assert problem["detail"].startswith("Expected ")
    assert api.get(f"{path}.json").json() == before


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param({"content_type": "text/plain"}, 415, id="text"),
        pytest.param({"content_type": "multipart/form-data; boundary=x"}, 415, id="a form"),
        pytest.param({"content_type": "application/json; charset=utf-8"}, 200, id="a charset"),
        pytest.param({"headers": {"Content-Encoding": "gzip"}}, 415, id="compressed"),
        pytest.param({"CONTENT_LENGTH": ""}, 411, id="no length"),
        pytest.param({"data": '{"filename":"' + "x" * 1_000_000 + '"}'}, 413, id="1 MB"),
        pytest.param({"QUERY_STRING": "filename=y"}, 400, id="a query"),
    ],
)
def test_bodies(api: Api, options: dict[str, Any], status: int) -> None:
    changes = options.pop("data", {"filename": "x"})
    assert patch(api, api.stored(PNG), changes, **options).status_code == status


@pytest.mark.parametrize("query", ["?purge=maybe", "?purge=true&purge=true", "?forever=true", "?purge="])
def test_bad_query(api: Api, query: str) -> None:
    path = api.stored(PNG)
    assert delete(api, path, query) == 400
    assert api.get(path).status_code == 200
