"""POST /images/archive: many images as one zip."""

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import account_of
from accounts.models import Scope
from progimage.errors import ParameterError
from progimage.operations import Transform, parse_text
from transforms.formats import WRITABLE

from .. import schema
from ..archiving import MAX_IMAGES, check_ids, stream_archive
from ..filters import FilterSerializer, Selection
from ..listing import find_ids
from ..serializers import StrictSerializer
from .bodies import read_object
from .negotiating import as_format, find_format
from .parsing import refuse_unknown

_HEADERS = {
    "Content-Disposition": 'attachment; filename="images.zip"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class ArchiveSerializer(StrictSerializer):
    """`ids` or `query`; and where not the originals are wanted, a format, a transform or both."""

    ids = serializers.ListField(
        child=serializers.UUIDField(error_messages={"invalid": "Expected the id of an image"}),
        required=False,
        allow_empty=False,
        max_length=MAX_IMAGES,
        error_messages={
            "max_length": f"Expected at most {MAX_IMAGES} ids",
            "empty": "Expected at least one id",
            "not_a_list": "Expected a list of ids but received {input_type}",
        },
        help_text="Images, in the order that the zip will have.",
    )
    query = FilterSerializer(
        required=False, help_text=f"Filters as the list has them, which at most {MAX_IMAGES} images pass."
    )
    format = serializers.ChoiceField(
        WRITABLE,
        required=False,
        error_messages={
            "invalid_choice": f"Expected one of {', '.join(WRITABLE)} but received '{{input!s:.60}}'"
        },
        help_text="The format of the renditions.",
    )
    transform = serializers.JSONField(
        required=False, help_text="A transform, or its operations as text: `resize:width=300`."
    )

    def validate_transform(self, value: Any) -> Transform:
        transform = Transform(parse_text(value)) if isinstance(value, str) else Transform.from_dict(value)
        if transform.output.format == "auto":
            raise ParameterError("Expected a format but received 'auto'", pointer="/transform/output/format")
        return transform

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values.keys() & {"ids", "query"}) != 1:
            raise ParameterError("Expected either ids or a query")
        return values


class ArchiveView(APIView):
    scopes: ClassVar = {"POST": Scope.READ}

    @extend_schema(request=ArchiveSerializer, **schema.ARCHIVE)
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
        chunks = stream_archive(ids, account, _transform_of(values))
        return StreamingHttpResponse(chunks, content_type="application/zip", headers=_HEADERS)


def _transform_of(values: dict[str, Any]) -> Transform | None:
    if not values.keys() & {"format", "transform"}:
        return None
    transform: Transform = values.get("transform", Transform())
    return as_format(transform, find_format(values["format"])) if "format" in values else transform
