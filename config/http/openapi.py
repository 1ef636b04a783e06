"""The parts of the documentation that all endpoints share: problems, transforms, and authentication."""

import json
from collections.abc import Iterator
from typing import Any

from images.api.schema import examples
from progimage.json_schema import definitions

_REFERENCE = "#/components/schemas/{}"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Rely on `code`; `detail` is for people.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "A page that says what this error means and what to do.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable. New codes may come."},
        "request_id": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer to the parameter that is not right."},
        "smallest_bytes": {
            "type": "integer",
            "description": "With result_too_large: the size that can be had.",
        },
    },
    "examples": [examples.PROBLEM],
}
_SECURITY_SCHEMES = {
    "ApiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "<prefix>.<secret>",
        "description": "An API key in the Authorization header.",
    },
    "SignedUrl": {
        "type": "apiKey",
        "in": "query",
        "name": "sig",
        "description": "A signed URL has the query parameters exp (unix seconds), kid (the prefix of the "
        "API key) and sig. docs/signing.md has the algorithm, and code for several languages.",
    },
}
_METHODS = ("get", "post", "put", "patch", "delete")
_ENUM_HASH = "x-spec-enum-id"
"""drf-spectacular's own mark, which is for its other hooks."""


def finish(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Complete the documentation: drf-spectacular's last hook."""
    components = result["components"]
    schemas = components.setdefault("schemas", {})
    schemas |= _transform_schemas() | {"Problem": _PROBLEM}
    components["securitySchemes"] = _SECURITY_SCHEMES
    for endpoint in _endpoints(result):
        endpoint.setdefault("security", [])
        if "requestBody" in endpoint:
            endpoint["requestBody"]["required"] = True
            _replace_defaults(endpoint["requestBody"])
        for parameter in endpoint.get("parameters", []):
            _replace_defaults(parameter["schema"])
            _move_description(parameter)
    _replace_defaults(schemas)
    for schema in _objects(result):
        schema.pop(_ENUM_HASH, None)
    return result


def _transform_schemas() -> dict[str, Any]:
    """Return the catalogue's schemas, with one for any operation, which generators turn into a union."""
    schemas = definitions(_REFERENCE)
    operations = schemas["Transform"]["properties"]["operations"]
    references = operations["items"]["oneOf"]
    names = {
        schema["title"]: _REFERENCE.format(name) for name, schema in schemas.items() if "title" in schema
    }
    schemas["Operation"] = {
        "description": "One operation.",
        "oneOf": references,
        "discriminator": {"propertyName": "op", "mapping": names},
    }
    operations["items"] = {"$ref": _REFERENCE.format("Operation")}
    return schemas


def _endpoints(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in result["paths"].values():
        for method in _METHODS:
            if method in path:
                yield path[method]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a JSON value, an outer one before those inside it."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _objects(child)


def _replace_defaults(value: Any) -> None:
    """Turn `default` into a sentence of the description and `x-default`, in every schema within a value.

    Generated clients send a default that they read, the page to try the API does so too, and
    openapi-typescript demands such a member. Beside others a default is not always taken: `fit` without a
    format, or beside `transform`."""
    for schema in _objects(value):
        if "default" in schema and not isinstance(schema["default"], dict):
            default = schema["x-default"] = schema.pop("default")
            text = default if isinstance(default, str) else json.dumps(default)
            schema["description"] = (
                f"{schema.get('description', '')} Default: `{text or '(empty)'}`.".lstrip()
            )


def _move_description(parameter: dict[str, Any]) -> None:
    """Move a description that stands in a parameter's schema behind that of the parameter itself."""
    texts = (parameter.get("description", ""), parameter["schema"].pop("description", ""))
    parameter["description"] = " ".join(text for text in texts if text)
