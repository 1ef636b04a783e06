"""What OpenAPI says of the images' views beyond their serializers: bytes and query parameters."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, OpenApiResponse

from progimage.operations import TRANSFORM, query_parameters
from transforms.formats import FORMATS, WRITABLE

from .serializers import DescriptionSerializer, ImageSerializer

EXTENSIONS = [extension for name in WRITABLE for extension in FORMATS[name].extensions]


def _query(name: str, description: str, schema: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=description)


_ASKED = [
    _query("download", "Answer as an attachment with this file name."),
    _query("v", "Any value of yours. A URL with it may be cached for ever: change it to have another URL."),
]
_TRANSFORM = [
    _query(
        TRANSFORM,
        "Operations in their order: `resize:width=300,height=200,fit=cover`. Operations are separated by /, "
        "arguments by commas; each value is percent-encoded once by itself.",
    ),
    *(_query(name, parameter.help, parameter.schema()) for name, parameter in query_parameters().items()),
]
_DESCRIPTION = [
    _query(name, f"For a raw body. {field.help_text}")
    for name, field in DescriptionSerializer().fields.items()
]
_BYTES = {
    (200, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The image's bytes."),
    (206, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The range that was asked for."),
    304: OpenApiResponse(description="It has the ETag of If-None-Match."),
}

UPLOAD: dict[str, Any] = {
    "operation_id": "upload_image",
    "parameters": _DESCRIPTION,
    "request": {
        "multipart/form-data": OpenApiRequest(
            {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}}
                | {
                    name: {"type": "string", "description": str(field.help_text)}
                    for name, field in DescriptionSerializer().fields.items()
                },
            }
        ),
        "image/*": OpenApiTypes.BINARY,
    },
    "responses": {
        201: OpenApiResponse(ImageSerializer, description="Stored. Location is the original's URL.")
    },
}
ORIGINAL: dict[str, Any] = {"operation_id": "get_original", "parameters": _ASKED, "responses": _BYTES}
METADATA: dict[str, Any] = {"operation_id": "get_metadata", "responses": {200: ImageSerializer}}
RENDITION: dict[str, Any] = {
    "operation_id": "get_rendition",
    "parameters": [
        OpenApiParameter("extension", str, OpenApiParameter.PATH, enum=EXTENSIONS, description="The format."),
        *_TRANSFORM,
        *_ASKED,
    ],
    "responses": _BYTES,
}
