"""The serializer of requests refuses all that DRF's own would ignore."""

from typing import Any, ClassVar

import pytest
from django.http import QueryDict
from rest_framework import serializers

from images.api.serializers.strict import StrictSerializer


class Thing(StrictSerializer):
    repeatable: ClassVar = ("tags",)
    may_be_empty: ClassVar = ("note",)

    size = serializers.IntegerField(default=1, error_messages={"invalid": "Expected a whole number"})
    name = serializers.CharField(default="")
    note = serializers.CharField(default="", allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(), default=list)


class Box(StrictSerializer):
    thing = Thing()


def errors_of(data: Any, serializer_class: type[StrictSerializer] = Thing) -> Any:
    serializer = serializer_class(data=data)
    serializer.is_valid()
    return serializer.errors


@pytest.mark.parametrize(
    "data",
    [{}, {"size": 2, "note": ""}, QueryDict("size=2&note="), QueryDict("tags=a&tags=b")],
    ids=["nothing", "JSON", "a query", "a name that may be repeated"],
)
def test_taken(data: Any) -> None:
    assert errors_of(data) == {}


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ({"colour": "red"}, "colour", "Expected one of size, name, note, tags but received 'colour'"),
        (QueryDict("size=1&size=2"), "size", "Expected size once but received it again"),
        (QueryDict("name="), "name", "Not a valid string"),
        (QueryDict("size="), "size", "Expected a whole number"),
        (QueryDict("tags=a&tags="), "tags", "Expected a value for tags"),
    ],
    ids=["unknown name", "repeated name", "empty text", "empty number", "one of several empty"],
)
def test_refused(data: Any, name: str, message: str) -> None:
    errors = errors_of(data)
    assert list(errors) == [name]
    assert message in str(errors[name])


def test_empty_value_in_json_is_the_fields_matter() -> None:
    assert "may not be blank" in str(errors_of({"name": ""})["name"])


def test_member_that_is_no_object() -> None:
    errors = errors_of({"thing": []}, Box)
    assert "Expected an object but received []" in str(errors["thing"])
