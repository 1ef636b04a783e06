"""The ledger of an image: every rendition that is kept of it, page by page."""

from typing import Any
from urllib.parse import unquote, urlencode

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from images.models import Image, Rendition
from images.renditions.other_images import references, spell_others
from images.renditions.sources import stored
from images.search.cursors import PageSerializer, spell_cursor
from images.services import hit_counts
from progimage.text_form import TRANSFORM, spell_text
from transforms.formats.table import FORMATS


class RenditionSerializer(serializers.ModelSerializer):
    """A rendition. Width and height are in px; what is not ready has neither them nor a size."""

    media_type = serializers.CharField()
    bytes = serializers.IntegerField(source="size_bytes", help_text="Size of the result.", allow_null=True)
    transform = serializers.SerializerMethodField(
        help_text="What was done, with all defaults written out. Other images have their ids where they are "
        "yours, and null otherwise."
    )
    hits = serializers.IntegerField(help_text="How often its bytes were sent, some seconds ago.")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Rendition
        fields = (
            "id",
            "transform",
            "format",
            "media_type",
            "width",
            "height",
            "frames",
            "bytes",
            "state",
            "created_at",
            "hits",
            "last_accessed_at",
            "url",
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_transform(self, rendition: Rendition) -> dict[str, Any]:
        own = self.context["own"]
        ids = {own[pk]: str(pk) for pk in rendition.others if pk in own}
        return spell_others(rendition.resolved_transform, ids)

    def get_url(self, rendition: Rendition) -> str | None:
        """What a GET of it may ask; null where it shows other images, whose names are not kept.

        From the settings, never from the request's Host."""
        transform = rendition.resolved_transform
        if references(transform):
            return None
        output = transform.output
        known, given = output.parameters(), output.non_defaults()
        # A query's values are not percent-encoded by themselves, as those of the text form are.
        asked = {name: unquote(known[name].spell(given[name])) for name in given if name != "format"}
        if transform.operations:
            asked = {TRANSFORM: spell_text(transform.operations)} | asked
        extension = FORMATS[rendition.format].extensions[0]
        query = f"?{urlencode(asked, safe=':,/=;')}" if asked else ""
        return f"{settings.PUBLIC_URL}/images/{rendition.image_id}.{extension}{query}"


class LedgerSerializer(serializers.Serializer):
    renditions = RenditionSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page; null at the end.")


class LedgerPageSerializer(PageSerializer):
    """Which page of a ledger."""

    cursor_bytes = 8


def page(image: Image, *, limit: int, cursor: bytes) -> dict[str, Any]:
    """Return one page, oldest first, as LedgerSerializer has it."""
    rows = Rendition.objects.filter(image=image)
    if cursor:
        rows = rows.filter(pk__gt=int.from_bytes(cursor, signed=True))
    hit_counts.flush()
    found = list(rows[: limit + 1])
    following = spell_cursor(found[limit - 1].pk.to_bytes(8)) if len(found) > limit else None
    shown = Image.objects.filter(account=image.account_id, pk__in={pk for row in found for pk in row.others})
    own = {image.pk: stored(image).reference for image in shown}
    renditions = RenditionSerializer(found[:limit], many=True, context={"own": own})
    return {"renditions": renditions.data, "next": following}
