"""A request for many images as one zip."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from images.delivery.zip_stream import MAX_IMAGES
from progimage.errors import ParameterError
from transforms.formats.table import WRITABLE

from .components import TEXT_OR_TRANSFORM
from .fields import Array, ImageId
from .selection import FilterSerializer, FormatField
from .strict import StrictSerializer


@extend_schema_field(TEXT_OR_TRANSFORM)
class _Transform(serializers.JSONField):
    """A transform in JSON or as text. The request parses it."""


class ArchiveSerializer(StrictSerializer):
    """`ids` or `query`; for renditions instead of originals also a format, a transform or both."""

    ids = Array(
        "ids",
        child=ImageId(),
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
