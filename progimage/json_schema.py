"""The catalogue as JSON Schema (2020-12), for GET /operations, for OpenAPI and for code generators."""

from typing import Any

from progimage.operations.operation import Operation, operations
from progimage.operations.output import Output
from progimage.parameters.parameter import Parameter

from .text_form import parse_text
from .transform import MAX_OPERATIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def definitions(address: str) -> dict[str, Any]:
    """Return the schemas of a transform, of its output and of all operations, by the names of their classes.

    `address` is the form of their references to each other, with {} in place of the name. x-unit, x-short and
    x-kind are extensions of this catalogue. x-text is an operation's example in the text form."""
    operation_classes = {cls.__name__: cls for cls in operations().values()}
    references = [{"$ref": address.format(name)} for name in operation_classes]
    return {
        "Transform": _transform_schema(references, {"$ref": address.format("Output")}),
        "Output": _object(help_of(Output), _properties(Output)),
        **{name: _operation_schema(cls) for name, cls in operation_classes.items()},
    }


def help_of(cls: type) -> str:
    """Return a docstring on one line, without indentation."""
    return " ".join((cls.__doc__ or "").split())


def _transform_schema(operations: list[dict[str, str]], output: dict[str, str]) -> dict[str, Any]:
    steps = {
        "type": "array",
        "maxItems": MAX_OPERATIONS,
        "description": "The operations, applied in this order.",
        "items": {"oneOf": operations},
    }
    return _object(
        "The operations on an image, and the output that the result is encoded to.",
        {"operations": steps, "output": output},
    )


def _operation_schema(cls: type[Operation]) -> dict[str, Any]:
    text = f"{cls.name}:{cls.example}" if cls.example else cls.name
    (example,) = parse_text(text)
    required = [name for name, parameter in cls.parameters().items() if parameter.is_required]
    properties = {"op": {"const": cls.name}} | _properties(cls)
    return {
        **_object(help_of(cls), properties),
        "title": cls.name,
        "required": ["op", *required],
        "examples": [{"op": cls.name} | example.non_defaults()],
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
    """Return the schema of a parameter in JSON. An optional one may be null there, unlike in a query."""
    schema = parameter.schema()
    if parameter.short:
        schema["x-short"] = parameter.short
    if parameter.is_optional:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = [*types, "null"]
    if parameter.is_optional and "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema
