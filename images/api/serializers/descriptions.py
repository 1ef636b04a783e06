"""Members by which a client describes an image, at its upload and later."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.fields import empty

from images.models import Visibility

from .fields import Choice, FileName, ImageId, MetadataField, Share, TagsField
from .strict import StrictSerializer

MAX_TAGS = 50


class DescriptionSerializer(StrictSerializer):
    """The description of an upload: form fields beside `file`, or the query of a raw body."""

    repeatable: ClassVar = ("tags",)
    may_be_empty: ClassVar = ("tags", "filename")

    tags = TagsField(
        default=list,
        max_length=MAX_TAGS,
        help_text="A list in JSON. In a form or a query, names with commas between them.",
    )
    metadata = MetadataField(default=dict, help_text="A JSON object of your own, at most 16 KiB.")
    visibility = Choice(
        choices=Visibility.values,
        default=Visibility.PRIVATE.value,
        help_text="Who may see the pixels: your account alone if private, everybody if public.",
    )
    filename = FileName(
        default="",
        help_text="Your name for the image. If it is missing, an upload takes the name in its form or URL.",
    )
    replaces = ImageId(
        default=None,
        allow_null=True,
        help_text="The id of an image of yours that this image is the successor of.",
    )


class FocalPointSerializer(StrictSerializer):
    """The most important point of an image, as shares of its upright width and height.

    `x` counts from the left, `y` from the top."""

    x = Share(min_value=0, max_value=1)
    y = Share(min_value=0, max_value=1)

    def validate(self, values: dict[str, float]) -> dict[str, float]:
        # DRF requires no field in a partial change.
        if len(values) < len(self.fields):
            raise serializers.ValidationError("Expected both x and y")
        return values


class ChangeSerializer(DescriptionSerializer):
    """A change of an image. Members that are missing do not change; `tags` replaces all tags."""

    replaces = None  # type: ignore[assignment]
    focal_point = FocalPointSerializer(
        allow_null=True,
        default=None,
        help_text="The point that gravity=smart keeps in view. null removes it.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """Return the fields without defaults. A client that reads a default in OpenAPI may send it."""
        fields: dict[str, serializers.Field] = super().get_fields()
        for field in fields.values():
            field.default = empty
            field.required = False
        return fields

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values:
            raise serializers.ValidationError(f"Expected at least one of {', '.join(self.fields)}")
        return values
