"""URLs for one upload: what may be asked of them, what is said of them, and of what was put to one."""

from collections.abc import Sequence
from typing import ClassVar

from django.conf import settings
from rest_framework import serializers

from images.models import Image, UploadUrl
from images.services.upload_urls import sign
from transforms.formats.table import ACCEPTED_MEDIA_TYPES

from .fields import WholeNumber
from .images import DescriptionSerializer

MIN_LIFETIME_S, MAX_LIFETIME_S = 120, 21_600


class TermsSerializer(DescriptionSerializer):
    """What a URL for one upload allows, and what its image will be called."""

    replaces = None  # type: ignore[assignment]
    max_bytes = WholeNumber(
        least=1,
        default=lambda: settings.MAX_UPLOAD_BYTES,
        help_text="At most, and when not given, what any upload may have.",
    )
    media_types = serializers.ListField(
        child=serializers.ChoiceField(
            choices=ACCEPTED_MEDIA_TYPES,
            error_messages={
                "invalid_choice": f"Expected one of {', '.join(ACCEPTED_MEDIA_TYPES)}"
                " but received '{input!s:.60}'"
            },
        ),
        default=list(ACCEPTED_MEDIA_TYPES),
        allow_empty=False,
        error_messages={
            "not_a_list": "Expected a list of media types but received {input_type}",
            "empty": "Expected at least one media type",
        },
        help_text="The formats that are taken, told by the bytes.",
    )
    expires_in_s = WholeNumber(
        least=MIN_LIFETIME_S,
        most=MAX_LIFETIME_S,
        default=3_600,
        help_text="How long the URL may be used, in seconds.",
    )

    def validate_max_bytes(self, value: int) -> int:
        if value > settings.MAX_UPLOAD_BYTES:
            raise serializers.ValidationError(
                f"Expected at most {settings.MAX_UPLOAD_BYTES} bytes but received {value}"
            )
        return value


class UploadUrlSerializer(serializers.ModelSerializer):
    """`id` is that of the image, once it has been put."""

    url = serializers.SerializerMethodField()
    method = serializers.SerializerMethodField()
    media_types = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = UploadUrl
        fields: ClassVar[Sequence[str]] = ("id", "url", "method", "expires_at", "max_bytes", "media_types")
        read_only_fields = fields

    def get_method(self, _: UploadUrl) -> str:
        return "PUT"

    def get_url(self, upload: UploadUrl) -> str:
        return sign(upload)


class UploadedSerializer(serializers.ModelSerializer):
    """What may be known by whoever held a URL: nothing of what the account says of its image."""

    bytes = serializers.IntegerField(source="size_bytes")

    class Meta:
        model = Image
        fields: ClassVar[Sequence[str]] = ("id", "format", "width", "height", "bytes", "sha256")
        read_only_fields = fields
