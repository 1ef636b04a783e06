"""Fields of descriptions: tags, metadata, file names."""

import json
from dataclasses import replace

import pytest

from images.api.requests.values import read_description
from images.api.serializers.descriptions import DescriptionSerializer
from images.models import Image
from images.services.storing import Description
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?tags=" + "x" * 65, "/tags/0"),
        ("?tags=" + ",".join(map(str, range(51))), "/tags"),
        ("?metadata=[]", "/metadata"),
        ("?metadata={", "/metadata"),
        ('?metadata={"a":NaN}', "/metadata"),
        ('?metadata={"a":"\\u0000"}', "/metadata"),
        ('?metadata={"a":"\\ud800"}', "/metadata"),
        ("?metadata=" + "[" * 5_000, "/metadata"),
        ('?metadata={"a":"' + "x" * 16_400 + '"}', "/metadata"),
        ("?visibility=secret", "/visibility"),
        ('?metadata={"a":' * 1 + "[" * 940 + "]" * 940 + "}", "/metadata"),
        ('?metadata={"a\\u0000":1}', "/metadata"),
        ("?visibility=private&visibility=public", "/visibility"),
        ("?file=x", "/file"),
        ("?filename=a%00b", "/filename"),
        ("?filename=" + "x" * 256, "/filename"),
        ("?colour=red", "/colour"),
        ("?visibility=", "/visibility"),
        ("?metadata=", "/metadata"),
        ("?replaces=", "/replaces"),
        ("?replaces=urn:uuid:01890000-0000-7000-8000-000000000000", "/replaces"),
        ("?replaces={01890000-0000-7000-8000-000000000000}", "/replaces"),
        ("?replaces=01890000000070008000000000000000", "/replaces"),
    ],
)
def test_refused_descriptions(api: Api, query: str, pointer: str) -> None:
    answer = api.upload(PNG, query=query)
    assert (answer.status_code, answer.json()["pointer"].partition("/x")[0]) == (400, pointer)
    assert answer.json()["detail"].startswith("Expected ")
    assert not Image.objects.exists()


@pytest.mark.parametrize("replaces", [5, 0, True, ["01890000-0000-7000-8000-000000000000"]])
def test_no_other_json_is_an_id(api: Api, replaces: object) -> None:
    sent = json.dumps({"url": "https://images.invalid/a.png", "replaces": replaces})
    answer = api.request("POST", "/images", data=sent, content_type="application/json")
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/replaces")
    assert answer.json()["detail"] == "Expected the id of an image"


def test_metadata_keep_a_backslash(api: Api) -> None:
    answer = api.upload(PNG, query='?metadata={"path":"C:\\\\u0000"}')
    assert (answer.status_code, answer.json()["metadata"]) == (201, {"path": "C:\\u0000"})


def test_no_description_is_the_same_as_an_empty_one() -> None:
    serializer = DescriptionSerializer(data={"filename": ""})
    serializer.is_valid(raise_exception=True)
    empty = Description(**serializer.validated_data)
    assert replace(empty, tags=tuple(empty.tags)) == read_description({}) == Description()
