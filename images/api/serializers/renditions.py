"""The ledger of an image: its stored renditions, page by page."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlencode

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from images.models import Image, Overview, Rendition
from images.renditions.other_images import with_ids
from images.renditions.sources import source_of
from images.search.rendition_pages import CURSOR_BYTES, RenditionPage
from progimage.operations import Output
from progimage.text_form import TRANSFORM, spell_text
from transforms.formats.table import FORMATS

from .components import SHOWN_TRANSFORM
from .pages import PageSerializer

_UNMADE = (Rendition.State.WAITING, Rendition.State.FAILED)
_PROBLEM = {
    "type": ["object", "null"],
    "description": "Why it has failed, or why it still waits after an attempt to make it.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "description": "As in a response with the same error."},
        "detail": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer into the transform."},
    },
}


class RenditionSerializer(serializers.ModelSerializer):
    """A rendition. Width and height are in px. A rendition that is not ready has neither them nor a size."""

    # The context's `references` are by image id, and only those that may be shown as ids.

    media_type = serializers.CharField()
    bytes = serializers.IntegerField(source="size_bytes", help_text="Size of the result.", allow_null=True)
    transform = serializers.SerializerMethodField()
    hits = serializers.IntegerField(help_text="How often its bytes were sent, up to some seconds ago.")
    url = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField()

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
            "problem",
            "created_at",
            "hits",
            "last_accessed_at",
            "url",
        )
        read_only_fields = fields

    @extend_schema_field(SHOWN_TRANSFORM)
    def get_transform(self, rendition: Rendition) -> dict[str, Any]:
        references_by_id = self.context["references"]
        ids: dict[str, str] = {}
        for image_id in rendition.others:
            if image_id in references_by_id:
                ids[references_by_id[image_id]] = str(image_id)
        return with_ids(rendition.resolved_transform, ids)

    @extend_schema_field(_PROBLEM)
    def get_problem(self, rendition: Rendition) -> dict[str, str] | None:
        if not rendition.failure_code or rendition.state not in _UNMADE:
            return None
        problem = {"code": rendition.failure_code, "detail": rendition.failure_message}
        return problem | ({"pointer": rendition.failure_pointer} if rendition.failure_pointer else {})

    def get_url(self, rendition: Rendition) -> str | None:
        """The URL of a GET, under the address in the settings. The Host of a request is never used.

        null if the rendition shows other images: their ids in the client's request are not stored."""
        transform = rendition.resolved_transform
        if transform.image_references():
            return None
        query: dict[str, str] = {}
        if transform.operations:
            query[TRANSFORM] = spell_text(transform.operations)
        query |= _query_of(transform.output)
        extension = FORMATS[rendition.format].extensions[0]
        url = f"{settings.PUBLIC_URL}/images/{rendition.image_id}.{extension}"
        return f"{url}?{urlencode(query, safe=':,/=;')}" if query else url


class OverviewSerializer(serializers.ModelSerializer):
    """The reduced copy of a large original, from which renditions are decoded. Only a ready one has a size.

    A refused one takes too many bytes or cannot be made, and is not tried again."""

    bytes = serializers.IntegerField(source="size_bytes", allow_null=True)

    class Meta:
        model = Overview
        fields = ("state", "width", "height", "bytes", "created_at")
        read_only_fields = fields


class LedgerSerializer(serializers.Serializer):
    renditions = RenditionSerializer(many=True)
    overview = OverviewSerializer(
        allow_null=True, help_text="null for small images, and until one has been asked for."
    )
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page; null at the end.")


class LedgerPageSerializer(PageSerializer):
    """The page of a ledger."""

    cursor_bytes = CURSOR_BYTES


def ledger_of(page: RenditionPage) -> dict[str, Any]:
    """Return a page as LedgerSerializer has it."""
    entries = entries_of(page.renditions, page.nameable_images)
    overview = OverviewSerializer(page.overview).data if page.overview else None
    return {"renditions": entries, "overview": overview, "next": page.next_cursor}


def entries_of(rows: Iterable[Rendition], nameable_images: Iterable[Image]) -> Any:
    """Return the JSON of renditions, in which other images are shown by id if they are nameable."""
    references_by_id = {image.pk: source_of(image).reference for image in nameable_images}
    return RenditionSerializer(rows, many=True, context={"references": references_by_id}).data


def _query_of(output: Output) -> dict[str, str]:
    """Return the parameters of an output for a query, without the format, which is the extension."""
    parameters = output.parameters()
    query: dict[str, str] = {}
    for name, value in output.non_defaults().items():
        if name != "format":
            # urlencode will encode the values. Those of the text form are percent-encoded already.
            query[name] = unquote(parameters[name].spell(value))
    return query
