"""The catalogue as JSON Schema (2020-12): what GET /operations, OpenAPI and whoever generates code read."""

from typing import Any

from progimage.operations.operation import Operation, operations
from progimage.operations.output import Output
from progimage.parameters.parameter import Parameter

from .text_form import parse_text
from .transform import MAX_OPERATIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def definitions(address: str) -> dict[str, Any]:
    """Return the schemas of a transform, of output and of every operation, by the names of their classes.

    `address` is where they refer to each other, with {} for the name. x-unit, x-short and x-kind are this
    catalogue's own words, and x-text is an operation's example in the text form."""
    known = {cls.__name__: cls for cls in operations().values()}
    steps = {
        "type": "array",
        "maxItems": MAX_OPERATIONS,
        "description": "Done in this order.",
        "items": {"oneOf": [{"$ref": address.format(name)} for name in known]},
    }
    whole = {"operations": steps, "output": {"$ref": address.format("Output")}}
    return {
        "Transform": _object("What is done to an image, and how the result is written.", whole),
        "Output": _object(help_of(Output), _properties(Output)),
        **{name: _describe(cls) for name, cls in known.items()},
    }


def help_of(cls: type) -> str:
    """Return a docstring as one text, without the indentation of its lines."""
    return " ".join((cls.__doc__ or "").split())


def _describe(cls: type[Operation]) -> dict[str, Any]:
    text = f"{cls.name}:{cls.example}" if cls.example else cls.name
    (example,) = parse_text(text)
    required = [name for name, parameter in cls.parameters().items() if parameter.is_required]
    return _object(help_of(cls), {"op": {"const": cls.name}} | _properties(cls)) | {
        "title": cls.name,
        "required": ["op", *required],
        "examples": [{"op": cls.name} | example.given()],
        "x-text": text,
        "x-kind": cls.kind,
    }


def _object(help: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": help,
        "properties": properties,
        "additionalProperties": False,
    }


def _properties(cls: type[Operation] | type[Output]) -> dict[str, Any]:
    return {name: _property(parameter) for name, parameter in cls.parameters().items()}


def _property(parameter: Parameter) -> dict[str, Any]:
    """What need not be given may be null; a query has no word for that."""
    schema = parameter.schema()
    if parameter.short:
        schema["x-short"] = parameter.short
    if parameter.is_optional:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = [*types, "null"]
    if parameter.is_optional and "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema
