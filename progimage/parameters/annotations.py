"""The types of an operation's fields, from which its parameters are made.

A type holds all facts: `Annotated[int, Range(1, 16_383, "px"), Short("w"), "Width of the box."]`.
Supported are int, float, bool, str, `Literal`, `Color`, `AspectRatio`, `ImageReference`, `tuple[T, ...]` with
`Items`, and `T | None`."""

import types
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from .parameter import Default, Parameter
from .ranges import Items, Range


@dataclass(frozen=True)
class Short:
    """A second, shorter name of the parameter in a query."""

    name: str


@dataclass(frozen=True)
class Alias:
    """A second value of a `Literal` with the meaning of another one, which takes its place."""

    name: str
    meaning: str


@dataclass(frozen=True)
class _TypeName:
    """A type without a class in Python. parameter.py knows it by this name."""

    name: str


Pixels = Annotated[int, Range(1, 16_383, "px")]
Percent = Annotated[float, Range(-100, 100, "%")]
Color = Annotated[str, _TypeName("color")]
AspectRatio = Annotated[float, _TypeName("ratio"), Range(0.01, 100)]
ImageReference = Annotated[str, _TypeName("image")]
Focal = Annotated[
    tuple[float, ...] | None,
    Items(2, 2),
    Range(0, 1),
    "The point that stays as central as possible: x;y as shares of width and height. It overrides gravity.",
]


def parameters_of(cls: type) -> dict[str, Parameter]:
    """Return the parameters of a dataclass by name, in the order of its fields."""
    return _parameters_of(cls)


@cache
def _parameters_of(cls: Any) -> dict[str, Parameter]:
    hints = get_type_hints(cls, include_extras=True)
    parameters: dict[str, Parameter] = {}
    for field in fields(cls):
        facts = _facts_of(hints[field.name])
        default = Default.REQUIRED if field.default is MISSING else field.default
        parameters[field.name] = Parameter(name=field.name, default=default, **facts)
    return parameters


def _facts_of(hint: Any) -> dict[str, Any]:
    """Return the attributes of a Parameter that its type holds. Types may be nested in any way."""
    origin = get_origin(hint)
    arguments = get_args(hint)
    if origin is Annotated:
        facts = _facts_of(arguments[0])
        for annotation in arguments[1:]:
            facts |= _fact_of(annotation)
        aliases = {each.name: each.meaning for each in arguments[1:] if isinstance(each, Alias)}
        return facts | {"aliases": aliases} if aliases else facts
    if origin in (Union, types.UnionType):
        (inner,) = [argument for argument in arguments if argument is not types.NoneType]
        return _facts_of(inner) | {"is_optional": True}
    if origin is Literal:
        return {"type": arguments}
    if origin is tuple:
        return _facts_of(arguments[0]) | {"is_list": True}
    return {"type": hint}


def _fact_of(annotation: object) -> dict[str, Any]:
    if isinstance(annotation, Range):
        return {"range": annotation}
    if isinstance(annotation, Short):
        return {"short": annotation.name}
    if isinstance(annotation, Items):
        return {"items": annotation}
    if isinstance(annotation, _TypeName):
        return {"type": annotation.name}
    if isinstance(annotation, Alias):
        return {}
    return {"help": annotation}
