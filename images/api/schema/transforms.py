"""What OpenAPI says of transformations: three kinds of bodies, sizes as headers, a route per operation."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, OpenApiResponse

from images.api.serializers.images import ImageSerializer
from images.delivery.responses import CACHE_KEY, SIZES
from progimage.json_schema import DIALECT, help_of
from progimage.operations import Operation, Output
from progimage.text_form import TRANSFORM

from .images import IDENTITY, TRANSFORM_QUERY, query_of
from .uploads import DIGESTS, HELP, IDEMPOTENCY

JSON_SCHEMA = "application/schema+json"
TRANSFORM_REF = {"$ref": "#/components/schemas/Transform"}
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
    "id": {"type": "string", "format": "uuid", "description": "Of an image that the key may see."},
}
_SAID = {name: {"type": "string", "description": text} for name, text in HELP.items()}
_OF_QUERY = [
    OpenApiParameter("store", bool, OpenApiParameter.QUERY, description=_STORE),
    *(
        OpenApiParameter(name, str, OpenApiParameter.QUERY, description=f"With store=true. {HELP[name]}")
        for name in HELP
        if name not in Output.parameters()
    ),
]
_ANSWERED = [
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
        ImageSerializer, description="Stored, where store=true. Location is the original's URL."
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


_WHOLE = _bodies(
    {TRANSFORM: TRANSFORM_REF, "store": {"type": "boolean", "description": _STORE}, **_SAID},
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
_QUERY_IS_FOR_RAW = [*TRANSFORM_QUERY, *_OF_QUERY, *DIGESTS]

TRANSFORM_IMAGE: dict[str, Any] = {
    "operation_id": "transform_image",
    "parameters": [*_QUERY_IS_FOR_RAW, *IDEMPOTENCY, *_ANSWERED],
    "request": _WHOLE,
    "responses": _RESPONSES,
}
_SIDE = {"type": "integer", "description": "px"}
_AT_MOST = {"type": "boolean", "description": "Whether pixels decide, and this is the most that it can be."}


def _fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


PLAN: dict[str, Any] = {
    "operation_id": "plan_transform",
    "parameters": _QUERY_IS_FOR_RAW,
    "request": _WHOLE,
    "responses": {
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
                    sha256={"type": "string"},
                ),
                steps={
                    "type": "array",
                    "items": _fields(
                        operation={"type": "object"}, width=_SIDE, height=_SIDE, is_at_most=_AT_MOST
                    ),
                },
                output={"type": "object", "description": "With all that was not given."},
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
            description="What would be done.",
        )
    },
}
OPERATIONS: dict[str, Any] = {
    "operation_id": "list_operations",
    "responses": {
        (200, JSON_SCHEMA): OpenApiResponse({"type": "object"}, description=f"In the dialect {DIALECT}."),
        304: OpenApiResponse(description="It has the ETag of If-None-Match."),
    },
}


def of_operation(operation: type[Operation]) -> dict[str, Any]:
    own = [query_of(parameter) for parameter in operation.parameters().values()]
    beside = [query_of(parameter) for parameter in Output.parameters().values()] + _OF_QUERY
    names = {parameter.name for parameter in own}
    return TRANSFORM_IMAGE | {
        "operation_id": f"transform_{operation.name}",
        "description": f"{help_of(operation)}\n\nNames that output has too are the operation's.",
        "parameters": [
            *own,
            *(parameter for parameter in beside if parameter.name not in names),
            *DIGESTS,
            *IDEMPOTENCY,
            *_ANSWERED,
        ],
        "request": _bodies({}, {}),
    }
