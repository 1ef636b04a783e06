"""What the API says of an image, and what it may be told of one."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from rest_framework import serializers

from images.models import MAX_FILENAME, Image, Visibility

from .fields import MetadataField, PlainText, Share, TagsField

MAX_TAGS = 50
_LINKED = ("jpg", "png", "webp", "avif")


class StrictSerializer(serializers.Serializer):
    """Takes no name that it does not know, and of a form or query no name twice but those in `repeatable`
    and none without a value, which Django REST framework would take for one that is not given."""

    repeatable: ClassVar[Sequence[str]] = ()
    may_be_empty: ClassVar[Sequence[str]] = ()

    def to_internal_value(self, data: Mapping[str, Any]) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(f"Expected an object but received {type(data).__name__}")
        for name in data:
            if name not in self.fields:
                known = ", ".join(self.fields)
                raise serializers.ValidationError(
                    {name[:60]: f"Expected one of {known} but received {name[:60]!r}"}
                )
        for name, values in data.lists() if isinstance(data, QueryDict) else ():
            if len(values) > 1 and name not in self.repeatable:
                raise serializers.ValidationError({name: f"Expected {name} once but received it again"})
            if "" in values and name not in self.may_be_empty:
                expected = self.fields[name].error_messages.get("invalid", f"Expected a value for {name}")
                raise serializers.ValidationError({name: expected})
        return super().to_internal_value(data)


class DescriptionSerializer(StrictSerializer):
    """What an upload may say of its image: form fields beside `file`, or the query of a raw body."""

    repeatable: ClassVar = ("tags",)
    may_be_empty: ClassVar = ("tags", "filename")

    tags = TagsField(
        default=list,
        max_length=MAX_TAGS,
        help_text="A list in JSON; names with commas between them in a form or a query.",
    )
    metadata = MetadataField(default=dict, help_text="A JSON object of your own, at most 16 KiB.")
    visibility = serializers.ChoiceField(
        choices=Visibility.values,
        default=Visibility.PRIVATE.value,
        error_messages={
            "invalid_choice": "Expected private or public but received '{input!s:.60}'",
            "null": "Expected private or public but received null",
        },
        help_text="Private unless public is asked for.",
    )
    filename = PlainText(
        default="",
        allow_blank=True,
        max_length=MAX_FILENAME,
        help_text="What you call it; the form's own when not given.",
    )
    replaces = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="The id of an image of yours that this one is the successor of.",
        error_messages={"invalid": "Expected the id of an image"},
    )


class FocalPointSerializer(StrictSerializer):
    """What matters most in an image: shares of its width and height, upright, from the left and the top."""

    x = Share(min_value=0, max_value=1)
    y = Share(min_value=0, max_value=1)

    def validate(self, values: dict[str, float]) -> dict[str, float]:
        if len(values) < len(self.fields):  # in a partial change nothing else would ask for both
            raise serializers.ValidationError("Expected both x and y")
        return values


class ChangeSerializer(DescriptionSerializer):
    """What may be changed. Only what is given changes; tags are replaced as a whole."""

    replaces = None  # type: ignore[assignment]
    focal_point = FocalPointSerializer(
        allow_null=True, default=None, help_text="Where gravity=smart looks; null takes it away."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values:
            raise serializers.ValidationError(f"Expected at least one of {', '.join(self.fields)}")
        return values


class ImageSerializer(serializers.ModelSerializer):
    """An image. Width and height are in px as stored: orientation 5-8 swaps them where it is shown."""

    media_type = serializers.CharField(help_text="The media type of the original's bytes.")
    bytes = serializers.IntegerField(source="size_bytes", help_text="Size of the original.")
    tags = serializers.ListField(source="tag_names", child=serializers.CharField())
    transform = serializers.DictField(
        allow_null=True, help_text="What made it of another image, with all defaults; null for an upload."
    )
    focal_point = serializers.SerializerMethodField()
    replaced_by = serializers.SerializerMethodField()
    urls = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields = (
            "id",
            "format",
            "media_type",
            "width",
            "height",
            "frames",
            "bytes",
            "sha256",
            "has_alpha",
            "orientation",
            "visibility",
            "filename",
            "tags",
            "metadata",
            "focal_point",
            "replaced_by",
            "parent",
            "transform",
            "created_at",
            "urls",
        )
        read_only_fields = fields

    def get_focal_point(self, image: Image) -> dict[str, float] | None:
        return None if image.focal_x is None else {"x": image.focal_x, "y": image.focal_y or 0.0}

    def get_replaced_by(self, image: Image) -> UUID | None:
        """The id of its successor, once that one is ready."""
        successor = image.replaced_by
        return successor.id if successor and successor.state == Image.State.READY else None

    def get_urls(self, image: Image) -> dict[str, str]:
        """From the settings, never from the request's Host."""
        own = f"{settings.PUBLIC_URL}/images/{image.id}"
        return {"original": own, "metadata": f"{own}.json"} | {name: f"{own}.{name}" for name in _LINKED}


class ImagesSerializer(serializers.Serializer):
    """A page. It may have fewer images than were asked for, even none, while `next` is not null: go on."""

    images = ImageSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page; null at the end.")
