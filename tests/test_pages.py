"""The parameters limit and cursor of a page, and the values that are refused."""

import pytest

from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?limit=0", "/limit"),
        ("?limit=1001", "/limit"),
        ("?limit=ten", "/limit"),
        ("?limit=%C2%B2", "/limit"),
        ("?limit=", "/limit"),
        ("?limit=00000000010000", "/limit"),
        (f"?limit=0000000001{'0' * 5_000}", "/limit"),
        ("?cursor=", "/cursor"),
        ("?cursor=nonsense", "/cursor"),
        ("?cursor=_________w", "/cursor"),
        ("?cursor=AAAAAAAAAAE%3D", "/cursor"),
        ("?limit=1&limit=2", "/limit"),
        ("?page=2", "/page"),
    ],
)
def test_bad_queries(api: Api, query: str, pointer: str) -> None:
    answer = api.get(f"{api.stored(PNG)}/renditions{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert answer.json()["pointer"] == pointer
