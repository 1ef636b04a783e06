"""The documentation of transforms: three kinds of bodies, headers, and an endpoint for each operation."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, OpenApiResponse

from images.api.serializers.components import COLOR_SPACE, OPERATION, OUTPUT
from images.api.serializers.components import TRANSFORM as TRANSFORM_REF
from images.api.serializers.images import ImageSerializer
from images.delivery.header_names import CACHE_KEY, SIZES
from progimage import errors
from progimage.json_schema import DIALECT
from progimage.operations import Output, operations
from progimage.text_form import TRANSFORM

from . import examples
from .endpoint import NOBODY, Endpoint, Errors
from .examples import example_of_request, example_of_response, examples_of_parameters
from .images import IDENTITY, TRANSFORM_QUERY
from .operation_parameters import operation_parameters
from .uploads import DIGESTS, HELP, IDEMPOTENCY, TAKES_IMAGE

JSON_SCHEMA = "application/schema+json"
_FILE = {"type": "string", "format": "binary"}
_PARTS = "Other images, as operations name them: part:<name>."
_STORE = "Store the result as an image of its own, which takes the scope write, and answer 201 with its JSON."
_REASONS = {
    "asked": "the transform names it",
    "source": "none was named, and it is the source's own",
    "negotiated": "auto was named, and it is the best that Accept names",
    "fallback": "auto was named and Accept names none that fits, or the source's own is never written",
}
_SOURCES = {
    "url": {"type": "string", "description": "A public http or https address."},
    "id": {"type": "string", "format": "uuid", "description": "The id of an image that the key may see."},
}
_FORM_FIELDS = {name: {"type": "string", "description": text} for name, text in HELP.items()}
_DESCRIPTION_IN_QUERY = [
    OpenApiParameter("store", bool, OpenApiParameter.QUERY, description=_STORE),
    *(
        OpenApiParameter(name, str, OpenApiParameter.QUERY, description=f"With store=true. {HELP[name]}")
        for name in HELP
        if name not in Output.parameters()
    ),
]
_RESPONSE_HEADERS = [
    *(
        OpenApiParameter(name, int, OpenApiParameter.HEADER, response=[200], description=description)
        for name, description in zip(SIZES, ("px", "px", "1, or those of an animation"), strict=True)
    ),
    OpenApiParameter(
        CACHE_KEY,
        str,
        OpenApiParameter.HEADER,
        response=[200],
        description="The same for the same bytes, the same meaning of a transform and the same renderer.",
    ),
    *IDENTITY,
]
_RESPONSES = {
    (200, "image/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The result's bytes."),
    (201, "application/json"): OpenApiResponse(
        ImageSerializer, description="Stored, with store=true. Location is the original's URL."
    ),
}


def _bodies(fields: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    form = {"file": _FILE, **fields}
    return {
        "multipart/form-data": OpenApiRequest(
            {
                "type": "object",
                "required": ["file"],
                "properties": form,
                "additionalProperties": _FILE | {"description": _PARTS},
            }
        ),
        "image/*": OpenApiTypes.BINARY,
        "application/json": {
            "type": "object",
            "description": "A url or an id, and not both.",
            "properties": _SOURCES | members,
            "oneOf": [{"required": ["url"]}, {"required": ["id"]}],
            "additionalProperties": False,
        },
    }


_BODIES = _bodies(
    {TRANSFORM: TRANSFORM_REF, "store": {"type": "boolean", "description": _STORE}, **_FORM_FIELDS},
    {
        TRANSFORM: TRANSFORM_REF,
        "store": {"type": "boolean", "description": _STORE},
        "tags": {"type": "array", "items": {"type": "string"}, "description": HELP["tags"]},
        "metadata": {"type": "object", "description": HELP["metadata"]},
        "visibility": {"enum": ["private", "public"], "description": HELP["visibility"]},
        "filename": {"type": "string", "description": HELP["filename"]},
        "replaces": {"type": ["string", "null"], "format": "uuid", "description": HELP["replaces"]},
    },
)
_OPERATION_PARAMETERS = operation_parameters()
_OPERATION_NAMES = {parameter.name for parameter in _OPERATION_PARAMETERS}
_RAW_BODY_PARAMETERS = [*TRANSFORM_QUERY, *_DESCRIPTION_IN_QUERY, *DIGESTS]

TRANSFORMS: Errors = (
    *TAKES_IMAGE,
    errors.ResultTooLarge,
    errors.FetchFailed,
    errors.IdempotencyMismatch,
    errors.ObjectMissing,
)

TRANSFORM_IMAGE = Endpoint(
    operation_id="transform_image",
    summary="Transform an image",
    examples=[
        example_of_request({"id": examples.IMAGE_ID, "transform": examples.TRANSFORM}),
        example_of_response(examples.IMAGE, status=201),
    ],
    errors=TRANSFORMS,
    parameters=[*_RAW_BODY_PARAMETERS, *IDEMPOTENCY, *_RESPONSE_HEADERS],
    request=_BODIES,
    responses=_RESPONSES,
)
_SIDE = {"type": "integer", "description": "px"}
_AT_MOST = {"type": "boolean", "description": "Whether the pixels decide the size, and this is its maximum."}


def _fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


PLAN = Endpoint(
    operation_id="plan_transform",
    summary="Plan a transform",
    examples=[
        example_of_request({"id": examples.IMAGE_ID, "transform": examples.TRANSFORM}),
        example_of_response(examples.PLAN),
    ],
    errors=TRANSFORMS,
    parameters=_RAW_BODY_PARAMETERS,
    request=_BODIES,
    responses={
        200: OpenApiResponse(
            _fields(
                kind={
                    "type": "string",
                    "description": "thumbnail, filter, convert ...",
                },
                source=_fields(
                    format={"type": "string"},
                    width=_SIDE,
                    height=_SIDE,
                    frames={"type": "integer"},
                    orientation={"type": "integer", "description": "EXIF 1-8; width and height are upright."},
                    has_alpha={"type": "boolean"},
                    hdr={"type": ["boolean", "null"]},
                    color_space={"oneOf": [COLOR_SPACE, {"type": "null"}]},
                    sha256={"type": "string"},
                    decoded_from={
                        "enum": ["original", "overview"],
                        "description": "overview: a reduced copy of a large original.",
                    },
                ),
                steps={
                    "type": "array",
                    "items": _fields(operation=OPERATION, width=_SIDE, height=_SIDE, is_at_most=_AT_MOST),
                },
                output=OUTPUT,
                format=_fields(
                    name={"type": "string"},
                    media_type={"type": "string"},
                    reason={
                        "enum": list(_REASONS),
                        "description": "; ".join(f"{name}: {text}" for name, text in _REASONS.items()),
                    },
                ),
                width=_SIDE,
                height=_SIDE,
                is_at_most=_AT_MOST,
                frames={"type": "integer"},
                cache_key={"type": "string", "description": f"{CACHE_KEY} of the result."},
            ),
            description="The plan.",
        )
    },
)
OPERATIONS = Endpoint(
    operation_id="list_operations",
    summary="List the operations as JSON Schema",
    security=NOBODY,
    examples=[example_of_response(examples.CATALOGUE, media_type=JSON_SCHEMA)],
    errors=(errors.ParameterError, errors.PreconditionFailed),
    responses={
        (200, JSON_SCHEMA): OpenApiResponse({"type": "object"}, description=f"In the dialect {DIALECT}."),
        304: OpenApiResponse(description="It has the ETag of If-None-Match."),
    },
)


TRANSFORM_BY_OPERATION = Endpoint(
    operation_id="transform_by_operation",
    summary="Apply one operation to an image",
    examples=[
        *examples_of_parameters("path", {"operation": "resize"}),
        *examples_of_parameters("query", {"width": 300, "height": 200, "fit": "cover", "format": "webp"}),
        example_of_request({"id": examples.IMAGE_ID}),
        example_of_response(examples.IMAGE, status=201),
    ],
    errors=TRANSFORMS,
    parameters=[
        OpenApiParameter(
            "operation",
            str,
            OpenApiParameter.PATH,
            enum=list(operations()),
            description="An operation of GET /operations.",
        ),
        *_OPERATION_PARAMETERS,
        *(parameter for parameter in _DESCRIPTION_IN_QUERY if parameter.name not in _OPERATION_NAMES),
        *DIGESTS,
        *IDEMPOTENCY,
        *_RESPONSE_HEADERS,
    ],
    request=_bodies({}, {}),
    responses=_RESPONSES,
)
