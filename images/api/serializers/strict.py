"""The serializer from which those of requests are derived."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.http import QueryDict
from rest_framework import serializers

from progimage.wording import show_value, suggest


class StrictSerializer(serializers.Serializer):
    """Refuses unknown names, and in a form or query also repeated names and empty values.

    DRF would ignore unknown names, take the last of repeated values, and take an empty value for a missing
    one. `repeatable` and `may_be_empty` name the exceptions."""

    repeatable: ClassVar[Sequence[str]] = ()
    may_be_empty: ClassVar[Sequence[str]] = ()

    def to_internal_value(self, data: Mapping[str, Any]) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(f"Expected an object but received {show_value(data)}")
        self._check_names(data)
        if isinstance(data, QueryDict):
            self._check_texts(data)
        return super().to_internal_value(data)

    def _check_names(self, data: Mapping[str, Any]) -> None:
        known_names = ", ".join(self.fields)
        for name in data:
            if name not in self.fields:
                suggestion = suggest(name, self.fields)
                message = f"Expected one of {known_names} but received {show_value(name)}{suggestion}"
                raise serializers.ValidationError({name[:60]: message})

    def _check_texts(self, data: QueryDict) -> None:
        for name, values in data.lists():
            if len(values) > 1 and name not in self.repeatable:
                raise serializers.ValidationError({name: f"Expected {name} once but received it again"})
            if "" in values and name not in self.may_be_empty:
                default_message = f"Expected a value for {name}"
                message = self.fields[name].error_messages.get("invalid", default_message)
                raise serializers.ValidationError({name: message})
