"""What the API says of an image, and what it may be told of one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from rest_framework import serializers

from .models import Image, Visibility

MAX_TAGS = 50
MAX_METADATA_BYTES = 16_384
MAX_METADATA_DEPTH = 32
_LINKED = ("jpg", "png", "webp", "avif")


class PlainText(serializers.CharField):
    """Text on one line. NUL and other control characters have no use in a name, and Postgres refuses NUL."""

    default_error_messages: ClassVar = {
        "max_length": "Expected at most {max_length} characters",
        "blank": "Expected text but received none",
        "invalid": "Expected text",
        "null": "Expected text but received null",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")  # Django REST framework would take a number
        text: str = super().to_internal_value(data)
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise serializers.ValidationError("Expected text without control characters")
        return text


class TagsField(serializers.ListField):
    """A list, or names with commas between them, as a form and a query spell lists."""

    default_error_messages: ClassVar = {
        "max_length": "Expected at most {max_length} tags",
        "not_a_list": "Expected a list of tags but received {input_type}",
        "null": "Expected a list of tags but received null",
    }
    child = PlainText(max_length=64)

    def get_value(self, dictionary: Any) -> Any:
        if not hasattr(dictionary, "getlist"):
            return super().get_value(dictionary)
        if self.field_name not in dictionary:
            return serializers.empty
        texts = ",".join(dictionary.getlist(self.field_name))
        return [name.strip() for name in texts.split(",") if name.strip()]


class MetadataField(serializers.JSONField):
    """A JSON object that Postgres can hold: no NUL, no lone surrogates, no NaN, of bounded size and depth."""

    default_error_messages: ClassVar = {"null": "Expected a JSON object but received null"}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            value = json.loads(data) if getattr(data, "is_json_string", False) else data
            _check_values(value, MAX_METADATA_DEPTH)
            size_bytes = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
        except (ValueError, TypeError, RecursionError) as error:
            raise serializers.ValidationError("Expected a JSON object") from error
        if not isinstance(value, dict):
            raise serializers.ValidationError(f"Expected a JSON object but received {type(value).__name__}")
        if size_bytes > MAX_METADATA_BYTES:
            raise serializers.ValidationError(f"Expected at most {MAX_METADATA_BYTES} bytes of JSON")
        return value


def _check_values(value: object, levels: int) -> None:
    """Raise ValidationError for NUL, and beyond so many levels: encoders and Postgres recurse."""
    if isinstance(value, str) and "\0" in value:
        raise serializers.ValidationError("Expected JSON without NUL characters")
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise serializers.ValidationError(f"Expected JSON of at most {MAX_METADATA_DEPTH} levels")
    for item in [*value, *value.values()] if isinstance(value, dict) else value:
        _check_values(item, levels - 1)


class StrictSerializer(serializers.Serializer):
    """Takes no name that it does not know, and no name of a form or query twice but those in `repeatable`."""

    repeatable: ClassVar[Sequence[str]] = ()

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
        return super().to_internal_value(data)


class DescriptionSerializer(StrictSerializer):
    """What an upload may say of its image: form fields beside `file`, or the query of a raw body."""

    repeatable: ClassVar = ("tags",)

    tags = TagsField(default=list, max_length=MAX_TAGS, help_text="Names, with commas between them.")
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
        max_length=255,
        help_text="What you call it; the form's own when not given.",
    )
    replaces = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="The id of an image of yours that this one is the successor of.",
        error_messages={"invalid": "Expected the id of an image"},
    )


class _Share(serializers.FloatField):
    """0 to 1. Django REST framework itself would take text, truth and infinity."""

    default_error_messages: ClassVar = dict.fromkeys(
        ("invalid", "null", "min_value", "max_value"), "Expected a number of 0 to 1"
    )

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return float(super().to_internal_value(data))


class FocalPointSerializer(StrictSerializer):
    """What matters most in an image: shares of its width and height, upright, from the left and the top."""

    x = _Share(min_value=0, max_value=1)
    y = _Share(min_value=0, max_value=1)

    def validate(self, values: dict[str, float]) -> dict[str, float]:
        if len(values) < len(self.fields):  # in a partial change nothing else would ask for both
            raise serializers.ValidationError("Expected both x and y")
        return values


class ChangeSerializer(DescriptionSerializer):
    """What may be changed. Only what is given changes; tags are replaced as a whole."""

    replaces = None  # type: ignore[assignment]
    focal_point = FocalPointSerializer(
        allow_null=True, default=None, help_text="Where gravity=focal looks; null takes it away."
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
