"""Transforms of renditions that are made ahead of their first visitor, and those renditions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .components import TEXT_OR_TRANSFORM
from .renditions import RenditionSerializer
from .strict import StrictSerializer

MAX_TRANSFORMS = 20
"""A responsive page asks for some five widths in two or three formats."""
EAGER_HELP = (
    "Transforms of renditions that workers make ahead of their first visitor, at most 20: JSON, text, or the "
    "query of a GET with its format, such as `w=300&format=webp`."
)


def schema_of_transforms(minimum: int) -> dict[str, Any]:
    """Return the schema of an array of transforms."""
    item = {"anyOf": TEXT_OR_TRANSFORM["anyOf"]}
    return {"type": "array", "minItems": minimum, "maxItems": MAX_TRANSFORMS, "items": item}


@extend_schema_field(schema_of_transforms(0))
class EagerField(serializers.JSONField):
    """Transforms beside an upload. The request parses them."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            help_text=EAGER_HELP,
            error_messages={"null": "Expected an array of transforms for eager but received null"},
        )


@extend_schema_field(schema_of_transforms(1))
class _TransformsField(serializers.JSONField):
    """Transforms of a stored image. The request parses them."""


class AheadSerializer(StrictSerializer):
    """A request for renditions ahead of their first visitor."""

    transforms = _TransformsField(
        help_text="1 to 20 transforms: JSON, text, or the query of a GET, such as `w=300&format=webp`."
    )


class AskedSerializer(serializers.Serializer):
    """The renditions of a request, in its order. Two transforms of the same meaning have one rendition."""

    renditions = RenditionSerializer(many=True)
