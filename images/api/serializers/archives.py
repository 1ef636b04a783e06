"""A request for many images as one zip."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from images.delivery.zip_stream import MAX_IMAGES
from progimage.errors import ParameterError
from transforms.formats.table import WRITABLE

from .components import TEXT_OR_TRANSFORM
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


@extend_schema_field(TEXT_OR_TRANSFORM)
class _Transform(serializers.JSONField):
    """A transform in JSON or as text. The request parses it."""


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
    transform = _Transform(
        required=False,
        error_messages={"null": "Expected a transform but received null"},
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values.keys() & {"ids", "query"}) != 1:
            raise ParameterError("Expected either ids or a query")
        return values
