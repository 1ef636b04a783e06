"""Images as the API returns them."""

from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from images.models import Image

from .components import OBJECT, TRANSFORM
from .descriptions import FocalPointSerializer

_LINKED_EXTENSIONS = ("jpg", "png", "webp", "avif")


@extend_schema_field(TRANSFORM)
class _Transform(serializers.DictField):
    """A resolved transform."""


@extend_schema_field(OBJECT)
class _Metadata(serializers.JSONField):
    """The client's own object."""


_Urls = inline_serializer(
    "ImageUrls",
    {
        "original": serializers.URLField(help_text="The exact bytes."),
        "metadata": serializers.URLField(help_text="This JSON."),
        **{extension: serializers.URLField() for extension in _LINKED_EXTENSIONS},
    },
)


class ColorSpaceSerializer(serializers.Serializer):
    """The colours of an original, as its file describes them. null stands for a part that it does not tell.

    An image without any description is taken for sRGB."""

    transfer = serializers.CharField(
        allow_null=True,
        help_text="The transfer function: srgb, linear, gamma2.2 or another exponent, pq, hlg.",
    )
    primaries = serializers.CharField(
        allow_null=True,
        help_text="The primaries, for example bt709 (those of sRGB), display-p3, bt2020, adobe-rgb.",
    )
    bit_depth = serializers.IntegerField(allow_null=True, help_text="Bits of a sample.")
    profile_name = serializers.CharField(
        allow_null=True,
        max_length=100,
        help_text="The name of the embedded ICC profile, at most 100 printable characters.",
    )


class ImageSerializer(serializers.ModelSerializer):
    """An image. Width and height are in px as stored: an orientation of 5-8 swaps them for display."""

    media_type = serializers.CharField(help_text="The media type of the original's bytes.")
    bytes = serializers.IntegerField(source="size_bytes", help_text="Size of the original.")
    tags = serializers.ListField(source="tag_names", child=serializers.CharField())
    hdr = serializers.BooleanField(
        source="is_hdr",
        allow_null=True,
        help_text="Whether the original is HDR: PQ, HLG, or a gain map that hdr=keep can keep. null if it "
        "was stored before this was read.",
    )
    color_space = ColorSpaceSerializer(
        allow_null=True,
        help_text="The original's colours. null if it was stored before they were read.",
    )
    metadata = _Metadata(read_only=True)
    transform = _Transform(
        allow_null=True,
        help_text="The transform that made it from its parent, with all defaults. null for an upload.",
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
            "hdr",
            "color_space",
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

    @extend_schema_field(FocalPointSerializer(allow_null=True))
    def get_focal_point(self, image: Image) -> dict[str, float] | None:
        if image.focal_x is None:
            return None
        return {"x": image.focal_x, "y": image.focal_y or 0.0}

    def get_replaced_by(self, image: Image) -> UUID | None:
        """The id of the image's successor, once that is ready."""
        successor = image.replaced_by
        if successor is None or successor.state != Image.State.READY:
            return None
        return successor.id

    @extend_schema_field(_Urls)
    def get_urls(self, image: Image) -> dict[str, str]:
        """URLs under the address in the settings. The Host of a request is never used."""
        original = f"{settings.PUBLIC_URL}/images/{image.id}"
        urls = {"original": original, "metadata": f"{original}.json"}
        for extension in _LINKED_EXTENSIONS:
            urls[extension] = f"{original}.{extension}"
        return urls


@cache
def _serializer() -> ImageSerializer:
    return ImageSerializer()


def represent(image: Image) -> dict[str, Any]:
    """Return an image as the API shows it.

    The serializer is made once: making its fields takes longer than reading their values."""
    representation: dict[str, Any] = _serializer().to_representation(image)
    return representation


class ImagesSerializer(serializers.Serializer):
    """A page. It may have fewer images than `limit`, or none, and still not be the last: follow `next`."""

    images = ImageSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page; null at the end.")
