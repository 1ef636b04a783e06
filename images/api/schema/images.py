"""What OpenAPI says of the images' views beyond their serializers: bytes and query parameters."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from images.api.serializers.descriptions import ChangeSerializer
from images.api.serializers.filters import ImagesPageSerializer
from images.api.serializers.images import ImageSerializer, ImagesSerializer
from images.api.serializers.renditions import LedgerPageSerializer, LedgerSerializer
from progimage.parameters import Parameter
from progimage.text_form import TRANSFORM, query_parameters
from transforms.formats.table import FORMATS, WRITABLE

EXTENSIONS = [extension for name in WRITABLE for extension in FORMATS[name].extensions]


def query_of(parameter: Parameter, name: str = "") -> OpenApiParameter:
    """A parameter of an operation or of output, in a query: lists are joined by semicolons there."""
    schema = parameter.schema()
    if parameter.is_list:
        schema = {"type": "string", "description": f"{parameter.help} Joined by semicolons."}
    description = schema.pop("description", "")
    return OpenApiParameter(
        name or parameter.name,
        schema,
        OpenApiParameter.QUERY,
        required=parameter.is_required,
        description=description,
    )


def _query(name: str, description: str, schema: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=description)


_ASKED = [
    _query("download", "Answer as an attachment with this file name."),
    _query("v", "Any value of yours. A URL with it may be cached for ever: change it to have another URL."),
]
TRANSFORM_QUERY = [
    _query(
        TRANSFORM,
        "Operations in their order: `resize:width=300,height=200,fit=cover`. Operations are separated by /, "
        "arguments by commas; each value is percent-encoded once by itself.",
    ),
    *(query_of(parameter, name) for name, parameter in query_parameters().items()),
]
IDENTITY = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, response=[200], description=description)
    for name, description in (
        ("ETag", "The sha256 of the bytes, in quotes."),
        ("Repr-Digest", "The same as `sha-256=:<base64>:` (RFC 9530)."),
        ("Vary", "Accept, where another Accept might have had another format."),
    )
]
_BYTES = {
    (200, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The image's bytes."),
    (206, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The range that was asked for."),
    304: OpenApiResponse(description="It has the ETag of If-None-Match."),
}

LIST: dict[str, Any] = {
    "operation_id": "list_images",
    "parameters": [
        ImagesPageSerializer,
        _query("metadata", f"{ImagesPageSerializer().fields['metadata'].help_text} As JSON text."),
        OpenApiParameter(
            "Link", str, OpenApiParameter.HEADER, response=[200], description='The next page, rel="next".'
        ),
    ],
    "responses": {200: ImagesSerializer},
}
CHANGE: dict[str, Any] = {
    "operation_id": "change_image",
    "request": ChangeSerializer,
    "responses": {200: ImageSerializer},
}
ORIGINAL: dict[str, Any] = {
    "operation_id": "get_original",
    "parameters": [*TRANSFORM_QUERY, *_ASKED, *IDENTITY],
    "responses": _BYTES,
}
METADATA: dict[str, Any] = {"operation_id": "get_metadata", "responses": {200: ImageSerializer}}
RENDITION: dict[str, Any] = {
    "operation_id": "get_rendition",
    "parameters": [
        OpenApiParameter("extension", str, OpenApiParameter.PATH, enum=EXTENSIONS, description="The format."),
        *TRANSFORM_QUERY,
        *_ASKED,
        *IDENTITY,
    ],
    "responses": _BYTES,
}
ARCHIVE: dict[str, Any] = {
    "operation_id": "archive_images",
    "responses": {
        (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The zip, as a stream.")
    },
}
DELETE: dict[str, Any] = {
    "operation_id": "delete_image",
    "parameters": [_query("purge", "Remove its bytes at once: nobody can restore it.", bool)],
    "responses": {204: OpenApiResponse(description="It is not found from now on.")},
}
RENDITIONS: dict[str, Any] = {
    "operation_id": "list_renditions",
    "parameters": [LedgerPageSerializer],
    "responses": {200: LedgerSerializer},
}
PURGE_RENDITIONS: dict[str, Any] = {
    "operation_id": "purge_renditions",
    "responses": {204: OpenApiResponse(description="They are gone. What is asked for again is made again.")},
}
