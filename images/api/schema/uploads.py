"""The documentation of uploads: three kinds of bodies, several results, headers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiRequest,
    OpenApiResponse,
    inline_serializer,
)
from rest_framework import serializers

from accounts.access import idempotency
from images.api.serializers.ahead import EAGER_HELP, MAX_TRANSFORMS, EagerField
from images.api.serializers.descriptions import DescriptionSerializer
from images.api.serializers.images import ImageSerializer
from images.api.serializers.upload_urls import TermsSerializer, UploadedSerializer, UploadUrlSerializer
from images.receiving import digests
from progimage import errors, signing

from . import examples
from .endpoint import JSON_BODY, SIGNED, Endpoint, Errors
from .examples import example_of_request, example_of_response, examples_of_parameters
from .images import id_in_path

FIELDS = DescriptionSerializer().fields
HELP: dict[str, str] = {name: str(field.help_text) for name, field in FIELDS.items()}


def _header(name: str, description: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, **options)


IDEMPOTENCY = [
    _header(
        idempotency.HEADER,
        "1 to 255 printable ASCII characters. A retry with the same key gets the same response for 24 hours, "
        "and nothing is made twice. 409 while the first request is in progress, 422 for another request.",
    ),
    OpenApiParameter(
        idempotency.REPLAYED,
        str,
        OpenApiParameter.HEADER,
        description="true if this is the response to an earlier request.",
        enum=["true"],
        response=[200, 201, 207],
    ),
]
DIGESTS = [
    _header(name, "For a raw body: `sha-256=:<base64>:` (RFC 9530). Another body is refused.")
    for name in digests.HEADERS
]
_UPLOAD_ID = id_in_path("upload_id", "The id of the URL, which becomes the id of the image.")
_SIGNATURE = [
    OpenApiParameter(name, kind, OpenApiParameter.QUERY, required=True, description=description)
    for name, kind, description in (
        (signing.EXPIRES, int, "The end of the signature, in unix seconds."),
        (signing.KEY_ID, str, "The prefix of the API key that made the URL."),
        (signing.SIGNATURE, str, "The signature. The URL of `create_upload_url` has all three."),
    )
]
_OF_URL: dict[str, serializers.Field] = {
    "url": serializers.URLField(help_text="A public http or https address."),
    "eager": EagerField(),
}
_URL = inline_serializer("UploadFromUrl", _OF_URL | dict(FIELDS))
_RESULTS = inline_serializer(
    "UploadResults",
    {
        "results": inline_serializer(
            "UploadResult",
            {
                "index": serializers.IntegerField(help_text="The position of the file in the form, from 0."),
                "filename": serializers.CharField(),
                "status": serializers.IntegerField(help_text="201, or that of the error."),
                "image": ImageSerializer(required=False),
                "error": serializers.DictField(required=False, help_text="The members of a problem."),
            },
            many=True,
        )
    },
)

TAKES_IMAGE: Errors = (
    errors.ParameterError,
    errors.NotFound,
    errors.Conflict,
    errors.LengthRequired,
    errors.RequestTimeout,
    errors.BodyTooLarge,
    errors.UnsupportedFormat,
    errors.UnprocessableImage,
    errors.ImageTooLarge,
    errors.TakesTooLong,
    errors.RendererEnded,
)
"""Errors of every endpoint that takes the bytes of an image."""

UPLOAD = Endpoint(
    operation_id="upload_image",
    summary="Store images",
    examples=[
        example_of_request(
            {"url": "https://example.org/hills.jpg", "eager": examples.EAGER, **examples.DESCRIPTION}
        ),
        example_of_response(examples.IMAGE, status=201),
        example_of_response(examples.RESULTS, status=207),
    ],
    errors=(*TAKES_IMAGE, errors.FetchFailed, errors.IdempotencyMismatch),
    parameters=[
        *(
            OpenApiParameter(name, str, OpenApiParameter.QUERY, description=f"For a raw body. {text}")
            for name, text in HELP.items()
        ),
        OpenApiParameter(
            "eager",
            {"type": "array", "maxItems": MAX_TRANSFORMS, "items": {"type": "string"}},
            OpenApiParameter.QUERY,
            description=f"For a raw body, once for each transform. {EAGER_HELP}",
        ),
        *IDEMPOTENCY,
        *DIGESTS,
    ],
    request={
        "multipart/form-data": OpenApiRequest(
            {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "description": "One or several parts of this name.",
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                    },
                    **{name: {"type": "string", "description": text} for name, text in HELP.items()},
                    "eager": {
                        "description": f"A field of this name for each transform. {EAGER_HELP}",
                        "type": "array",
                        "maxItems": MAX_TRANSFORMS,
                        "items": {"type": "string"},
                    },
                },
            }
        ),
        "image/*": OpenApiTypes.BINARY,
        "application/json": _URL,
    },
    responses={
        201: OpenApiResponse(ImageSerializer, description="Stored. Location is the original's URL."),
        207: OpenApiResponse(_RESULTS, description="A result for each of several files, in their order."),
    },
)
OPEN_UPLOAD = Endpoint(
    operation_id="create_upload_url",
    summary="Make a URL for one upload",
    examples=[
        example_of_request(
            {
                "max_bytes": 5_000_000,
                "media_types": ["image/jpeg", "image/png"],
                "tags": ["evening"],
                "eager": examples.EAGER,
            }
        ),
        example_of_response(examples.UPLOAD_URL, status=201),
    ],
    errors=(*JSON_BODY, errors.Conflict, errors.IdempotencyMismatch),
    parameters=IDEMPOTENCY,
    request=TermsSerializer,
    responses={201: UploadUrlSerializer},
)
PUT_UPLOAD = Endpoint(
    operation_id="put_upload",
    summary="Store an image at a URL for one upload",
    security=SIGNED,
    examples=[
        *examples_of_parameters("query", examples.SIGNATURE),
        example_of_response(examples.UPLOADED, status=201),
    ],
    errors=TAKES_IMAGE,
    parameters=[_UPLOAD_ID, *_SIGNATURE, *DIGESTS],
    request={"image/*": OpenApiTypes.BINARY},
    responses={
        201: OpenApiResponse(UploadedSerializer, description="Stored. The URL is used up."),
    },
)
