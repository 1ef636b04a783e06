"""Schemas of the documentation that no serializer makes. config/http/openapi.py adds their components."""

from typing import Any

from progimage.operations import operations

COLOR_SPACE = {"$ref": "#/components/schemas/ColorSpace"}
OUTPUT = {"$ref": "#/components/schemas/Output"}
OPERATION = {"$ref": "#/components/schemas/Operation"}
TRANSFORM = {"$ref": "#/components/schemas/Transform"}
TEXT_OR_TRANSFORM: dict[str, Any] = {
    "anyOf": [TRANSFORM, {"type": "string"}],
    "description": "A transform, or its operations as text: `resize:width=300`.",
}
SHOWN_TRANSFORM: dict[str, Any] = {
    "type": "object",
    "description": "The transform with all defaults. Other images are shown by id if they are yours, else by "
    "null.",
    "required": ["operations", "output"],
    "properties": {
        "operations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["op"],
                "properties": {"op": {"type": "string", "enum": list(operations())}},
                "additionalProperties": True,
            },
        },
        "output": OUTPUT,
    },
}
"""The transform of a rendition. It is no Transform, since that does not take null for an image."""
OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
