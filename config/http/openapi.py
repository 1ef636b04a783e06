"""The parts of the documentation that all endpoints share: problems, transforms, and how a key is sent."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from progimage.json_schema import definitions

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


def add_components(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Add the schemas that no serializer has, of problems and transforms: spectacular's last hook."""
    schemas = result["components"].setdefault("schemas", {})
    schemas |= definitions("#/components/schemas/{}") | {"Problem": _PROBLEM}
    return result
