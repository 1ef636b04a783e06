"""Numbers in metadata come back as they were given, and take no more than their bound when they are stored."""

import json
from typing import Any

import pytest
from django.db import connection

from images.models import ExactFloats
from tests.conftest import Api
from tests.support import images as made
from tests.support.changes import patch
from tests.support.problems import check_problem

PNG = made.encoded("png")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e23, "100000000000000000000000.0"),
        (-1.5e-7, "-0.00000015"),
        (1e16, "10000000000000000.0"),
        (0.1, "0.1"),
        (5.0, "5.0"),
        (12345678901234567890, "12345678901234567890"),
        ({"1e23": 'a "1e23" \\ 1e23'}, json.dumps({"1e23": 'a "1e23" \\ 1e23'})),
        ([1e22, "1e22", [2e-9]], '[10000000000000000000000.0, "1e22", [0.000000002]]'),
    ],
    ids=str,
)
def test_text(value: Any, text: str) -> None:
    assert ExactFloats().encode(value) == text
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "number",
    [1e23, 6.02214076e23, -1e308, 5e-324, 1.7976931348623157e308, 1e16, 0.1, 5.0, 10**30, 2**53 + 1],
    ids=str,
)
def test_numbers_come_back_as_given(api: Api, number: float) -> None:
    path = api.stored(PNG, query=f"?metadata={json.dumps({'n': number})}".replace("+", "%2B"))
    uploaded = api.get(f"{path}.json").json()["metadata"]["n"]
    assert patch(api, path, {"metadata": {"n": [number]}}).json()["metadata"] == {"n": [number]}
    changed = api.get(f"{path}.json").json()["metadata"]["n"][0]
    assert [(found, type(found)) for found in (uploaded, changed)] == [(number, type(number))] * 2


def test_a_filter_finds_a_large_number(api: Api) -> None:
    path = api.stored(PNG, query="?metadata=%7B%22n%22:1e23%7D")
    found = api.get("/images?metadata=%7B%22n%22:1e23%7D").json()["images"]
    assert [image["id"] for image in found] == [path.rpartition("/")[2]]


@pytest.mark.parametrize("exponent", [308, -308])
def test_what_is_stored_is_bounded(api: Api, exponent: int) -> None:
    """12 KB of exponents would be 600 KB of digits."""
    path = api.stored(PNG)
    refused = patch(api, path, f'{{"metadata": {{"n": [{",".join([f"1e{exponent}"] * 2_000)}]}}}}')
    check_problem(refused, 400, "invalid_parameter")
    assert refused.json()["pointer"] == "/metadata"
    assert "Expected at most 16384 bytes" in refused.json()["detail"]
    kept = patch(api, path, f'{{"metadata": {{"n": [{",".join([f"1e{exponent}"] * 50)}]}}}}')
    assert kept.status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(metadata::text) FROM images_image")
        assert cursor.fetchone()[0] <= 16_384
    assert len(kept.content) < 2_000


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999999"])
def test_an_exponent_beyond_floats_is_refused(api: Api, number: str) -> None:
    refused = patch(api, api.stored(PNG), f'{{"metadata": {{"n": {number}}}}}')
    check_problem(refused, 400, "invalid_parameter")
    assert refused.json()["pointer"] == "/metadata"
    assert refused.json()["detail"] == "Expected numbers with an exponent of at most 308"
