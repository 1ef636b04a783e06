"""The body of POST /images/archive, and the bodies that are refused."""

from typing import Any

import pytest

from tests.conftest import Api, body
from tests.support import images as made
from tests.support.archives import MISSING, ask, members, stored


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({}, None),
        ({"ids": [MISSING], "query": {}}, None),
        ({"ids": []}, "/ids"),
        ({"ids": ["x"]}, "/ids/0"),
        ({"ids": "all"}, "/ids"),
        ({"ids": [MISSING] * 10_001}, "/ids"),
        ({"query": {"tags": "a"}}, "/query/tags"),
        ({"query": []}, "/query"),
        ({"query": [None, None]}, "/query"),
        ({"transform": ""}, None),
        ({"ids": None}, "/ids"),
        ({"ids": [None]}, "/ids/0"),
        ({"ids": [1 << 120]}, "/ids/0"),
        ({"ids": [MISSING.replace("-", "")]}, "/ids/0"),
        ({"ids": [f"urn:uuid:{MISSING}"]}, "/ids/0"),
        ({"ids": [f"{{{MISSING}}}"]}, "/ids/0"),
        ({"query": None}, "/query"),
        ({"query": {"tag": None}}, "/query/tag"),
        ({"query": {"format": None}}, "/query/format"),
        ({"query": {"sha256": None}}, "/query/sha256"),
        ({"ids": [MISSING], "format": "svg"}, "/format"),
        ({"ids": [MISSING], "format": "heic"}, "/format"),
        ({"ids": [MISSING], "format": None}, "/format"),
        ({"ids": [MISSING], "transform": None}, "/transform"),
        ({"ids": [MISSING], "transform": "turn:angle=90"}, "/transform/operations/0/op"),
        ({"ids": [MISSING], "transform": {"operations": [{"op": "resize", "width": 0}]}},
         "/transform/operations/0/width"),
        ({"ids": [MISSING], "transform": {"output": {"format": "auto"}}}, "/transform/output/format"),
        ({"ids": [MISSING], "transform": {"output": {"format": "png"}}, "format": "jpg"},
         "/transform/output/format"),
        ({"ids": [MISSING], "transform": 7}, "/transform"),
        ({"ids": [MISSING], "names": []}, "/names"),
    ],
)  # fmt: skip
def test_wrong_request_is_refused(api: Api, asked: dict[str, Any], pointer: str | None) -> None:
    answer = ask(api, **asked)
    assert (answer.status_code, answer.json().get("pointer")) == (400, pointer)
    assert answer.json()["detail"].startswith("Expected ")


@pytest.mark.parametrize("extension", ["jpg", "jpeg"])
def test_format_is_named_by_any_of_its_extensions(api: Api, extension: str) -> None:
    """Of renditions, and of originals that are looked for."""
    png, jpeg = stored(api, made.encoded("png")), stored(api, made.encoded("jpeg"))
    transform = {"output": {"format": "jpeg"}}
    found, _ = members(ask(api, ids=[png.upper()], format=extension, transform=transform))
    assert list(found.values()) == [body(api.get(f"/images/{png}.jpg"))]
    _, manifest = members(ask(api, query={"format": extension}))
    listed = api.get(f"/images?format={extension}").json()["images"]
    assert [entry["id"] for entry in manifest] == [image["id"] for image in listed] == [jpeg]
