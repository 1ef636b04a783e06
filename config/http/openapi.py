"""The parts of the OpenAPI document that operations share: their errors, and the two ways to authenticate."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from progimage import errors
from progimage.json_schema import definitions
from progimage.operations import operations

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Rely on `code`; `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer to the parameter that is not right."},
        "smallest_bytes": {
            "type": "integer",
            "description": "With result_too_large: the size that can be had.",
        },
    },
}
_EVERYWHERE = (errors.NotAuthenticated, errors.PermissionDenied, errors.Unavailable, errors.InternalError)
_RENDERS = (errors.UnprocessableImage, errors.ImageTooLarge, errors.ResultTooLarge)
_TAKES_AN_IMAGE = (
    errors.ParameterError,
    errors.NotFound,
    errors.Conflict,
    errors.LengthRequired,
    errors.BodyTooLarge,
    errors.UnsupportedFormat,
    *_RENDERS[:2],
)
_TRANSFORMS = (
    *_TAKES_AN_IMAGE,
    errors.ResultTooLarge,
    errors.FetchFailed,
    errors.IdempotencyMismatch,
    errors.ObjectMissing,
)
_BY_OPERATION: dict[str, tuple[type[errors.ProgImageError], ...]] = {
    "upload_image": (*_TAKES_AN_IMAGE, errors.FetchFailed, errors.IdempotencyMismatch),
    "create_upload_url": (
        errors.ParameterError,
        errors.Conflict,
        errors.LengthRequired,
        errors.BodyTooLarge,
        errors.UnsupportedFormat,
        errors.IdempotencyMismatch,
    ),
    "put_upload": _TAKES_AN_IMAGE,
    **dict.fromkeys(("transform_image", "plan_transform"), _TRANSFORMS),
    **dict.fromkeys((f"transform_{name}" for name in operations()), _TRANSFORMS),
    "archive_images": (
        errors.ParameterError,
        errors.NotFound,
        errors.LengthRequired,
        errors.BodyTooLarge,
        errors.UnsupportedFormat,
    ),
    "list_images": (errors.ParameterError,),
    "change_image": (
        errors.ParameterError,
        errors.NotFound,
        errors.LengthRequired,
        errors.BodyTooLarge,
        errors.UnsupportedFormat,
    ),
    "get_original": (
        errors.ParameterError,
        errors.NotFound,
        errors.PreconditionFailed,
        errors.RangeNotSatisfiable,
        *_RENDERS,
        errors.ObjectMissing,
    ),
    "list_operations": (errors.ParameterError,),
    "delete_image": (errors.ParameterError, errors.NotFound),
    "list_renditions": (errors.ParameterError, errors.NotFound),
    "purge_renditions": (errors.ParameterError, errors.NotFound),
    "get_metadata": (errors.NotFound,),
    "get_rendition": (
        errors.ParameterError,
        errors.NotFound,
        errors.PreconditionFailed,
        errors.UnsupportedFormat,
        errors.RangeNotSatisfiable,
        *_RENDERS,
        errors.ObjectMissing,
    ),
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key in the Authorization header."""

    target_class = "accounts.access.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "<prefix>.<secret>"}


class SignedUrlScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The signature in a URL's query."""

    target_class = "accounts.access.authentication.SignedUrlAuthentication"
    name = "SignedUrl"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        description = (
            "A signed URL has the query parameters exp (unix seconds), kid (the prefix of the API key) "
            "and sig. The Python module progimage.signing makes them."
        )
        return {"type": "apiKey", "in": "query", "name": "sig", "description": description}


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Document the problems of each operation: spectacular's hook, run when the schema is whole."""
    schemas = result["components"].setdefault("schemas", {})
    schemas |= definitions("#/components/schemas/{}") | {"Problem": _PROBLEM}
    for path in result["paths"].values():
        for operation in path.values():
            for error in _BY_OPERATION.get(operation["operationId"], ()):
                _add(operation, error)
            for error in _EVERYWHERE if operation["operationId"] in _BY_OPERATION else ():
                _add(operation, error)
    return result


def _add(operation: dict[str, Any], error: type[errors.ProgImageError]) -> None:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told = f"{error.summary} (`{error.code}`)."
    answer = operation["responses"].setdefault(str(error.status), {"description": told, "content": content})
    if told not in answer["description"]:
        answer["description"] += f" {told}"
