"""The documentation of the endpoints of images and their renditions."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from images.api.serializers.archives import ArchiveSerializer
from images.api.serializers.descriptions import ChangeSerializer
from images.api.serializers.images import ImageSerializer, ImagesSerializer
from images.api.serializers.renditions import LedgerPageSerializer, LedgerSerializer
from images.api.serializers.selection import ImagesPageSerializer
from progimage import errors
from progimage.parameters import Parameter
from progimage.text_form import TRANSFORM, query_parameters
from transforms.formats.table import FORMATS, WRITABLE

from .endpoint import JSON_BODY, Endpoint, Errors

EXTENSIONS = [extension for name in WRITABLE for extension in FORMATS[name].extensions]


def query_of(parameter: Parameter, name: str = "") -> OpenApiParameter:
    """Return a parameter of an operation or of output as it stands in a query.

    A list is one text there, joined by semicolons."""
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


_BESIDE_TRANSFORM = [
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
        ("Vary", "Accept, if a request with another Accept might have got another format."),
    )
]
_JSON_ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="It changes with everything that this JSON shows.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the image's `.json`, or `*`. If the image has changed since, the answer is 412.",
)
_BYTES = {
    (200, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The image's bytes."),
    (206, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The range that was asked for."),
    304: OpenApiResponse(description="It has the ETag of If-None-Match."),
}
_DELIVERY: Errors = (
    errors.ParameterError,
    errors.NotFound,
    errors.PreconditionFailed,
    errors.RangeNotSatisfiable,
    errors.UnprocessableImage,
    errors.ImageTooLarge,
    errors.ResultTooLarge,
    errors.ObjectMissing,
)

LIST = Endpoint(
    operation_id="list_images",
    errors=(errors.ParameterError,),
    parameters=[
        ImagesPageSerializer,
        _query("metadata", f"{ImagesPageSerializer().fields['metadata'].help_text} As JSON text."),
        OpenApiParameter(
            "Link",
            str,
            OpenApiParameter.HEADER,
            response=[200],
            description='The next page, rel="next", if the address is short.',
        ),
    ],
    responses={200: ImagesSerializer},
)
CHANGE = Endpoint(
    operation_id="change_image",
    errors=(*JSON_BODY, errors.NotFound, errors.PreconditionFailed),
    parameters=[_IF_MATCH, _JSON_ETAG],
    request=ChangeSerializer,
    responses={200: ImageSerializer},
)
ORIGINAL = Endpoint(
    operation_id="get_original",
    errors=_DELIVERY,
    parameters=[*TRANSFORM_QUERY, *_BESIDE_TRANSFORM, *IDENTITY],
    responses=_BYTES,
)
METADATA = Endpoint(
    operation_id="get_metadata",
    errors=(errors.NotFound, errors.PreconditionFailed),
    parameters=[_JSON_ETAG],
    responses={200: ImageSerializer, 304: _BYTES[304]},
)
RENDITION = Endpoint(
    operation_id="get_rendition",
    errors=(*_DELIVERY, errors.UnsupportedFormat),
    parameters=[
        OpenApiParameter("extension", str, OpenApiParameter.PATH, enum=EXTENSIONS, description="The format."),
        *TRANSFORM_QUERY,
        *_BESIDE_TRANSFORM,
        *IDENTITY,
    ],
    responses=_BYTES,
)
ARCHIVE = Endpoint(
    operation_id="archive_images",
    errors=(*JSON_BODY, errors.NotFound, errors.RenditionsPending),
    request=ArchiveSerializer,
    responses={
        (200, "application/zip"): OpenApiResponse(
            OpenApiTypes.BINARY, description="The zip. It breaks off if it cannot be finished."
        )
    },
)
DELETE = Endpoint(
    operation_id="delete_image",
    errors=(errors.ParameterError, errors.NotFound, errors.PreconditionFailed),
    parameters=[_query("purge", "Remove its bytes at once: nobody can restore it.", bool), _IF_MATCH],
    responses={204: OpenApiResponse(description="It is not found from now on.")},
)
RENDITIONS = Endpoint(
    operation_id="list_renditions",
    errors=(errors.ParameterError, errors.NotFound),
    parameters=[LedgerPageSerializer],
    responses={200: LedgerSerializer},
)
PURGE_RENDITIONS = Endpoint(
    operation_id="purge_renditions",
    errors=(errors.ParameterError, errors.NotFound),
    responses={204: OpenApiResponse(description="They are gone. The next request renders anew.")},
)
