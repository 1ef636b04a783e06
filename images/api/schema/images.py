"""The documentation of the endpoints of images and their renditions."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from images.api.serializers.ahead import AheadSerializer, AskedSerializer
from images.api.serializers.archives import ArchiveSerializer
from images.api.serializers.descriptions import ChangeSerializer
from images.api.serializers.images import ImageSerializer, ImagesSerializer
from images.api.serializers.renditions import LedgerPageSerializer, LedgerSerializer
from images.api.serializers.selection import ImagesPageSerializer
from progimage import errors
from progimage.parameters import Parameter
from progimage.text_form import TRANSFORM, query_parameters
from transforms.formats.table import FORMATS, WRITABLE

from . import examples
from .endpoint import JSON_BODY, KEY_SIGNED_OR_PUBLIC, Endpoint, Errors
from .examples import example_of_request, example_of_response, examples_of_parameters

EXTENSIONS = [extension for name in WRITABLE for extension in FORMATS[name].extensions]


def query_schema(parameter: Parameter) -> dict[str, Any]:
    """Return the schema of a parameter as it stands in a query, without a description.

    A list is one text there, joined by semicolons."""
    if parameter.is_list:
        return {"type": "string", "examples": ["0.5;0.5"]}
    schema = parameter.schema()
    schema.pop("description", None)
    return schema


def query_of(parameter: Parameter, name: str = "") -> OpenApiParameter:
    """Return a parameter of an operation or of output as it stands in a query, by one of its names."""
    description = [parameter.help]
    if parameter.is_list:
        description.append("Joined by semicolons.")
    if name and name != parameter.name:
        description.append(f"Long name: `{parameter.name}`.")
    return OpenApiParameter(
        name or parameter.name,
        query_schema(parameter),
        OpenApiParameter.QUERY,
        required=parameter.is_required,
        description=" ".join(description),
    )


def _query(name: str, description: str, schema: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=description)


def id_in_path(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        UUID,
        OpenApiParameter.PATH,
        description=description,
        examples=[OpenApiExample("Example", examples.IMAGE_ID)],
    )


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
_IMAGE_ID = id_in_path("image_id", "The id of the image.")
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
    errors.TakesTooLong,
    errors.RendererEnded,
    errors.ResultTooLarge,
    errors.ObjectMissing,
)

LIST = Endpoint(
    operation_id="list_images",
    summary="List images",
    examples=[*examples_of_parameters("query", {"limit": 20}), example_of_response(examples.IMAGES)],
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
    summary="Change an image's description",
    examples=[
        example_of_request({"tags": ["evening"], "focal_point": {"x": 0.3, "y": 0.6}}),
        example_of_response(examples.IMAGE),
    ],
    errors=(*JSON_BODY, errors.NotFound, errors.PreconditionFailed),
    request=ChangeSerializer,
    responses={200: ImageSerializer},
    parameters=[_IMAGE_ID, _IF_MATCH, _JSON_ETAG],
)
ORIGINAL = Endpoint(
    operation_id="get_original",
    summary="Get an original",
    security=KEY_SIGNED_OR_PUBLIC,
    examples=examples_of_parameters("query", {"download": "hills.jpg"}),
    errors=_DELIVERY,
    parameters=[_IMAGE_ID, *TRANSFORM_QUERY, *_BESIDE_TRANSFORM, *IDENTITY],
    responses=_BYTES,
)
METADATA = Endpoint(
    operation_id="get_metadata",
    summary="Get an image's metadata",
    examples=[example_of_response(examples.IMAGE)],
    errors=(errors.ParameterError, errors.NotFound, errors.PreconditionFailed),
    responses={200: ImageSerializer, 304: _BYTES[304]},
    parameters=[_IMAGE_ID, _JSON_ETAG],
)
RENDITION = Endpoint(
    operation_id="get_rendition",
    summary="Get an image in a format",
    security=KEY_SIGNED_OR_PUBLIC,
    examples=[
        *examples_of_parameters("path", {"extension": "webp"}),
        *examples_of_parameters("query", {"w": 300, "h": 200, "fit": "cover"}),
    ],
    errors=(*_DELIVERY, errors.UnsupportedFormat),
    parameters=[
        _IMAGE_ID,
        OpenApiParameter("extension", str, OpenApiParameter.PATH, enum=EXTENSIONS, description="The format."),
        *TRANSFORM_QUERY,
        *_BESIDE_TRANSFORM,
        *IDENTITY,
    ],
    responses=_BYTES,
)
ARCHIVE = Endpoint(
    operation_id="archive_images",
    summary="Download images as a zip",
    examples=[
        example_of_request({"ids": [examples.IMAGE_ID], "format": "webp", "transform": "resize:width=300"})
    ],
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
    summary="Delete an image",
    errors=(errors.ParameterError, errors.NotFound, errors.PreconditionFailed),
    parameters=[
        _IMAGE_ID,
        _query("purge", "Remove its bytes at once: nobody can restore it.", bool),
        _IF_MATCH,
    ],
    responses={204: OpenApiResponse(description="It is not found from now on.")},
)
RENDITIONS = Endpoint(
    operation_id="list_renditions",
    summary="List an image's renditions",
    examples=[example_of_response(examples.LEDGER)],
    errors=(errors.ParameterError, errors.NotFound),
    parameters=[_IMAGE_ID, LedgerPageSerializer],
    responses={200: LedgerSerializer},
)
MAKE_RENDITIONS = Endpoint(
    operation_id="make_renditions",
    summary="Make renditions ahead of their first visitor",
    examples=[
        example_of_request({"transforms": examples.EAGER}),
        example_of_response(examples.ASKED, status=202),
    ],
    errors=(*JSON_BODY, errors.NotFound),
    parameters=[_IMAGE_ID],
    request=AheadSerializer,
    responses={
        202: OpenApiResponse(
            AskedSerializer,
            description="Workers make those that are not ready. Location is the image's list of renditions.",
        )
    },
)
PURGE_RENDITIONS = Endpoint(
    operation_id="purge_renditions",
    summary="Remove an image's renditions",
    errors=(errors.ParameterError, errors.NotFound),
    responses={204: OpenApiResponse(description="They are gone. The next request renders anew.")},
    parameters=[_IMAGE_ID],
)
