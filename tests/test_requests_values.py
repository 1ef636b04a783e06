"""Members and fields of requests, read one by one."""

from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from images.api.requests.values import read_description, read_id, read_transform, read_url
from progimage.errors import ParameterError
from progimage.operations import Resize
from progimage.transform import Transform

IMAGE_ID = "01890000-0000-7000-8000-00000000000a"
RESIZE = Transform((Resize(width=30),))


@pytest.mark.parametrize(
    "value",
    [
        "resize:30",
        "\ufeff resize:width=30\r\n",
        ' {"operations": [{"op": "resize", "width": 30}]}',
        {"operations": [{"op": "resize", "width": 30}]},
    ],
    ids=["text", "text of a file", "JSON", "parsed JSON"],
)
def test_transform(value: object) -> None:
    assert read_transform(value) == RESIZE


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ("resize:0", "/transform/operations/0/width"),
        ({"operations": [{"op": "turn"}]}, "/transform/operations/0/op"),
        (7, "/transform"),
    ],
)
def test_pointer_of_a_wrong_transform_begins_at_the_member(value: object, pointer: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_transform(value)
    assert caught.value.pointer == pointer


def test_id_in_either_case() -> None:
    assert read_id(IMAGE_ID) == read_id(IMAGE_ID.upper()) == UUID(IMAGE_ID)


@pytest.mark.parametrize(
    "value", [None, 7, "x", f"{{{IMAGE_ID}}}", f"urn:uuid:{IMAGE_ID}", IMAGE_ID.replace("-", "")]
)
def test_other_spellings_of_an_id(value: object) -> None:
    with pytest.raises(ParameterError) as caught:
        read_id(value)
    assert caught.value.pointer == "/id"


def test_url_is_text() -> None:
    assert read_url("http://10.0.0.1/") == "http://10.0.0.1/"
    with pytest.raises(ParameterError) as caught:
        read_url(None)
    assert caught.value.pointer == "/url"


@pytest.mark.parametrize(
    ("values", "filename"),
    [(QueryDict("tags=a"), "form.png"), ({"tags": ["a"], "filename": "own.png"}, "own.png")],
    ids=["the form's name", "a name given by itself"],
)
def test_description(values: Any, filename: str) -> None:
    description = read_description(values, filename="form.png")
    assert (description.filename, list(description.tags)) == (filename, ["a"])


def test_name_of_a_forms_file_is_held_to_the_same_rules() -> None:
    with pytest.raises(ValidationError) as caught:
        read_description({}, filename="x" * 256)
    assert set(caught.value.get_full_details()) == {"filename"}
