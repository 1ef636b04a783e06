"""The filters of the list, as a client gives them in a query or in JSON."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from rest_framework import serializers

from images.models import Visibility
from progimage.wording import show_value
from transforms.formats.table import FORMATS

from .fields import Array, Choice, MetadataField, TagName, WholeNumber
from .pages import PageSerializer
from .strict import StrictSerializer

MAX_TAG_FILTERS = 10
_EXPECTED_SHA256 = "Expected 64 digits of lower-case hexadecimal"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMES_BY_EXTENSION = {extension: name for name, format in FORMATS.items() for extension in format.extensions}


class FormatField(Choice):
    """A format, by one of its extensions. The value is the format's name."""

    def __init__(self, formats: Iterable[str], help_text: str) -> None:
        extensions = [extension for name in formats for extension in FORMATS[name].extensions]
        super().__init__(
            choices=extensions,
            required=False,
            help_text=help_text,
        )

    def to_internal_value(self, data: Any) -> str:
        extension = super().to_internal_value(data)
        return _NAMES_BY_EXTENSION[extension]


class _Sha256(serializers.RegexField):
    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[0-9a-f]{64}$", error_messages={"invalid": _EXPECTED_SHA256}, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        is_digest = isinstance(data, str) and _SHA256.fullmatch(data)
        if data is serializers.empty or is_digest:
            return super().run_validation(data)
        raise serializers.ValidationError(f"{_EXPECTED_SHA256} but received {show_value(data)}")


class _Moment(serializers.DateTimeField):
    def __init__(self, help_text: str) -> None:
        codes = ("invalid", "null", "date", "make_aware", "overflow")
        message = "Expected a time as ISO 8601 has it, such as 2026-01-31T12:00:00Z"
        super().__init__(
            required=False,
            help_text=help_text,
            error_messages=dict.fromkeys(codes, message),
        )

    def to_internal_value(self, value: Any) -> Any:
        """Take a space before the offset for a plus: in a query, a plus that is not encoded means a space."""
        if isinstance(value, str):
            time, _, offset = value.rpartition(" ")
            # In "2026-01-31 12:00", the space stands before the time instead.
            if ":" in time:
                value = f"{time}+{offset}"
        return super().to_internal_value(value)


class _Tags(Array):
    child = TagName()

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Take a single text for one tag."""
        return super().run_validation([data] if isinstance(data, str) else data)

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the tags without repetitions."""
        names: list[str] = super().to_internal_value(data)
        return list(dict.fromkeys(names))


class FilterSerializer(StrictSerializer):
    """The filters. An image is found if it passes all filters that are given."""

    repeatable: ClassVar = ("tag",)

    tag = _Tags(
        "tags",
        required=False,
        max_length=MAX_TAG_FILTERS,
        help_text="A tag. If it is given several times, images must have all of these tags.",
    )
    format = FormatField(list(FORMATS), "The original's format.")
    visibility = Choice(
        choices=Visibility.values,
        required=False,
        help_text="Who may see the pixels.",
    )
    sha256 = _Sha256(required=False, help_text="SHA-256 of the original's bytes.")
    min_bytes = WholeNumber(help_text="The least size of the original, in bytes.")
    max_bytes = WholeNumber(help_text="The greatest size of the original, in bytes.")
    min_width = WholeNumber(help_text="The least width in px of the upright image.")
    max_width = WholeNumber(help_text="The greatest width in px of the upright image.")
    min_height = WholeNumber(help_text="The least height in px of the upright image.")
    max_height = WholeNumber(help_text="The greatest height in px of the upright image.")
    created_after = _Moment(
        "The earliest time at which an image became ready, inclusive: ISO 8601, UTC if it has no offset."
    )
    created_before = _Moment(
        "The latest time at which an image became ready, exclusive: ISO 8601, UTC if it has no offset."
    )
    metadata = MetadataField(
        required=False,
        help_text="An object that the image's metadata contain, as Postgres's @> compares them.",
    )


class ImagesPageSerializer(PageSerializer, FilterSerializer):
    """The filters of the list, and the page of it."""

    cursor_bytes = 16
