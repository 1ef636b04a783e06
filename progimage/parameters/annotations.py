"""How a field's type says what its parameter may be.

The type says everything: `Annotated[int, Range(1, 16_383, "px"), Short("w"), "Width of the box."]`.
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
    """The name of the parameter in a query, beside its own."""

    name: str


@dataclass(frozen=True)
class _Kept:
    """A type that Python has no class for, by its name in parameters.py."""

    type: str


Pixels = Annotated[int, Range(1, 16_383, "px")]
Percent = Annotated[float, Range(-100, 100, "%")]
Color = Annotated[str, _Kept("color")]
AspectRatio = Annotated[float, _Kept("ratio"), Range(0.01, 100)]
ImageReference = Annotated[str, _Kept("image")]
Focal = Annotated[
    tuple[float, ...] | None,
    Items(2, 2),
    Range(0, 1),
    "The point that is kept as central as can be: x;y as shares of width and height. Goes before gravity.",
]


def parameters_of(cls: type) -> dict[str, Parameter]:
    """Return the parameters of an operation's class by name, in the order of its fields."""
    return _parameters_of(cls)


@cache
def _parameters_of(cls: Any) -> dict[str, Parameter]:
    hints = get_type_hints(cls, include_extras=True)
    return {
        field.name: Parameter(
            name=field.name,
            default=Default.REQUIRED if field.default is MISSING else field.default,
            **_describe(hints[field.name]),
        )
        for field in fields(cls)
    }


def _describe(hint: Any) -> dict[str, Any]:
    """Return the facts about a parameter that its type holds, however the type nests them."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        facts = _describe(arguments[0])
        for note in arguments[1:]:
            facts |= _describe_note(note)
        return facts
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return _describe(inner) | {"is_optional": True}
    if origin is Literal:
        return {"type": arguments}
    if origin is tuple:
        return _describe(arguments[0]) | {"is_list": True}
    return {"type": hint}


def _describe_note(note: object) -> dict[str, Any]:
    if isinstance(note, Range):
        return {"range": note}
    if isinstance(note, Short):
        return {"short": note.name}
    if isinstance(note, Items):
        return {"items": note}
    if isinstance(note, _Kept):
        return {"type": note.type}
    return {"help": note}
