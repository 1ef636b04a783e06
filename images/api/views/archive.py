"""POST /images/archive: many images as one zip."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access.authentication import account_of
from accounts.models import Scope
from images.api.requests.bodies import read_object
from images.api.requests.finding import find_stored
from images.api.requests.format import as_format
from images.api.requests.parsing import pointed, read_transform, refuse_unknown
from images.api.schema import images
from images.api.serializers.filters import FilterSerializer, FormatField
from images.api.serializers.strict import StrictSerializer
from images.delivery.zip_stream import MAX_IMAGES, check_ids, stream_archive
from images.renditions.other_images import find_others
from images.search.bounded_pages import find_ids
from images.search.selection import Selection
from progimage.errors import ParameterError
from progimage.transform import Transform
from transforms.formats.table import FORMATS, WRITABLE

_HEADERS = {
    "Content-Disposition": 'attachment; filename="images.zip"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class _ImageId(serializers.UUIDField):
    """An id as the API spells it, in either case: no number, no URN, no braces."""

    default_error_messages: ClassVar = dict.fromkeys(("invalid", "null"), "Expected the id of an image")

    def to_internal_value(self, data: Any) -> UUID:
        image_id: UUID = super().to_internal_value(data)
        if str(data).lower() != str(image_id):
            self.fail("invalid")
        return image_id


class ArchiveSerializer(StrictSerializer):
    """`ids` or `query`; and where not the originals are wanted, a format, a transform or both."""

    ids = serializers.ListField(
        child=_ImageId(),
        required=False,
        allow_empty=False,
        max_length=MAX_IMAGES,
        error_messages={
            "max_length": f"Expected at most {MAX_IMAGES} ids",
            "empty": "Expected at least one id",
            "not_a_list": "Expected a list of ids but received {input_type}",
            "null": "Expected a list of ids but received null",
        },
        help_text="Images, in the order that the zip will have.",
    )
    query = FilterSerializer(
        required=False,
        help_text=f"Filters as the list has them, which at most {MAX_IMAGES} images pass.",
        error_messages={"null": "Expected an object but received null"},
    )
    format = FormatField(WRITABLE, "The format of the renditions.")
    transform = serializers.JSONField(
        required=False,
        help_text="A transform, or its operations as text: `resize:width=300`.",
        error_messages={"null": "Expected a transform but received null"},
    )

    def validate_transform(self, value: Any) -> Transform:
        return read_transform(value)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values.keys() & {"ids", "query"}) != 1:
            raise ParameterError("Expected either ids or a query")
        format, named = values.get("format"), values.get("transform", Transform()).output.format
        if named == "auto" or (format and named not in (None, format)):
            raise ParameterError(
                f"Expected {format or 'a format'} for transform.output.format but received {named!r}",
                pointer="/transform/output/format",
            )
        return values


class ArchiveView(APIView):
    scopes: ClassVar = {"POST": Scope.READ}

    @extend_schema(request=ArchiveSerializer, **images.ARCHIVE)
    def post(self, request: Request) -> StreamingHttpResponse:
        """Send a zip of originals, or of a rendition of each image, as it is made.

        Its last member, manifest.json, says what each file is, and names the images that could not be had."""
        refuse_unknown(request.query_params, "no query")
        serializer = ArchiveSerializer(data=read_object(request))
        serializer.is_valid(raise_exception=True)
        values, account = serializer.validated_data, account_of(request)
        if "ids" in values:
            ids = list(dict.fromkeys(values["ids"]))
            check_ids(ids, account)
        else:
            ids = find_ids(Selection(account, values["query"]), limit=MAX_IMAGES + 1)
        if len(ids) > MAX_IMAGES:
            raise ParameterError(f"Expected a query that at most {MAX_IMAGES} images pass", pointer="/query")
        transform = _transform_of(values)
        with pointed("/transform".__add__):
            recipe = find_others(transform, partial(find_stored, request)) if transform else None
        chunks = stream_archive(ids, account, recipe)
        return StreamingHttpResponse(chunks, content_type="application/zip", headers=_HEADERS)


def _transform_of(values: dict[str, Any]) -> Transform | None:
    if not values.keys() & {"format", "transform"}:
        return None
    transform: Transform = values.get("transform", Transform())
    return as_format(transform, FORMATS[values["format"]]) if "format" in values else transform
