"""URLs for one upload: their terms, the URLs themselves, and the images that were put to them."""

from collections.abc import Sequence
from typing import ClassVar

from django.conf import settings
from rest_framework import serializers

from images.models import Image, UploadUrl
from images.services.upload_urls import sign
from transforms.formats.table import ACCEPTED_MEDIA_TYPES

from .ahead import EagerField
from .descriptions import DescriptionSerializer
from .fields import Array, Choice, WholeNumber

MIN_LIFETIME_S = 120
MAX_LIFETIME_S = 21_600


class TermsSerializer(DescriptionSerializer):
    """The limits of a URL for one upload, and the description of its image."""

    replaces = None  # type: ignore[assignment]
    max_bytes = WholeNumber(
        minimum=1,
        default=lambda: settings.MAX_UPLOAD_BYTES,
        help_text="The greatest size of the image. The default, and the maximum, is the server's own limit.",
    )
    media_types = Array(
        "media types",
        child=Choice(choices=ACCEPTED_MEDIA_TYPES),
        default=list(ACCEPTED_MEDIA_TYPES),
        allow_empty=False,
        help_text="The formats that are accepted. The image's bytes decide, not its headers.",
    )
    eager = EagerField()
    expires_in_s = WholeNumber(
        minimum=MIN_LIFETIME_S,
        maximum=MAX_LIFETIME_S,
        default=3_600,
        help_text="How long the URL is valid, in seconds.",
    )

    def validate_max_bytes(self, value: int) -> int:
        if value > settings.MAX_UPLOAD_BYTES:
            raise serializers.ValidationError(
                f"Expected at most {settings.MAX_UPLOAD_BYTES} bytes but received {value}"
            )
        return value


class UploadUrlSerializer(serializers.ModelSerializer):
    """A URL for one upload. Its `id` becomes the id of the image that is put to it."""

    url = serializers.SerializerMethodField()
    method = serializers.SerializerMethodField()
    media_types = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = UploadUrl
        fields: ClassVar[Sequence[str]] = ("id", "url", "method", "expires_at", "max_bytes", "media_types")
        read_only_fields = fields

    def get_method(self, upload_url: UploadUrl) -> str:
        return "PUT"

    def get_url(self, upload_url: UploadUrl) -> str:
        return sign(upload_url)


class UploadedSerializer(serializers.ModelSerializer):
    """An image as the holder of a URL may know it: without the account's description."""

    bytes = serializers.IntegerField(source="size_bytes")

    class Meta:
        model = Image
        fields: ClassVar[Sequence[str]] = ("id", "format", "width", "height", "bytes", "sha256")
        read_only_fields = fields
