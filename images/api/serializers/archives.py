"""A request for many images as one zip."""

from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers

from images.delivery.zip_stream import MAX_IMAGES
from progimage.errors import ParameterError
from transforms.formats.table import WRITABLE

from .fields import Array
from .selection import FilterSerializer, FormatField
from .strict import StrictSerializer


class _ImageId(serializers.UUIDField):
    """An id as the API spells it, in either case of letters: no number, no URN, no braces."""

    default_error_messages: ClassVar = dict.fromkeys(("invalid", "null"), "Expected the id of an image")

    def to_internal_value(self, data: Any) -> UUID:
        image_id: UUID = super().to_internal_value(data)
        if str(data).lower() != str(image_id):
            self.fail("invalid")
        return image_id


class ArchiveSerializer(StrictSerializer):
    """`ids` or `query`; for renditions instead of originals also a format, a transform or both."""

    ids = Array(
        "ids",
        child=_ImageId(),
        required=False,
        allow_empty=False,
        max_length=MAX_IMAGES,
        help_text="Images, in the order that the zip will have.",
    )
    query = FilterSerializer(
        required=False,
        help_text=f"Filters as the list has them, which at most {MAX_IMAGES} images pass.",
        error_messages={"null": "Expected an object but received null"},
    )
    format = FormatField(WRITABLE, "The format of the renditions.")
    transform = serializers.JSONField(
        required=False,
        help_text="A transform, or its operations as text: `resize:width=300`.",
        error_messages={"null": "Expected a transform but received null"},
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values.keys() & {"ids", "query"}) != 1:
            raise ParameterError("Expected either ids or a query")
        return values
