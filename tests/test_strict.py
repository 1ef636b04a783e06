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


def errors_of(data: Any) -> Any:
    serializer = Thing(data=data)
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
        ([], "non_field_errors", "Expected an object but received list"),
        (QueryDict("size=1&size=2"), "size", "Expected size once but received it again"),
        (QueryDict("name="), "name", "Expected a value for name"),
        (QueryDict("size="), "size", "Expected a whole number"),
        (QueryDict("tags=a&tags="), "tags", "Expected a value for tags"),
    ],
    ids=["unknown name", "no object", "repeated name", "empty text", "empty number", "one of several empty"],
)
def test_refused(data: Any, name: str, message: str) -> None:
    errors = errors_of(data)
    assert list(errors) == [name]
    assert message in str(errors[name])


def test_empty_value_in_json_is_the_fields_matter() -> None:
    assert "may not be blank" in str(errors_of({"name": ""})["name"])
