"""An operation: a frozen dataclass that checks its parameters when it is built.

A subclass is registered under its name in lower case. Its fields are its parameters, and its docstring is its
help. Nothing else in the client, the server or the documentation lists operations but __init__.py, from which
they are imported."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_type_hints

from progimage.errors import ParameterError
from progimage.parameters.annotations import parameters_of
from progimage.parameters.parameter import Parameter
from progimage.wording import show_value, suggest

Kind = Literal["convert", "compress", "thumbnail", "rotate", "filter", "mask"]


class _PlainSignature:
    """The signature of a class of parameters with Python's types alone, as help() and completion show it.

    Limits and texts are left out, since they fill a screen."""

    def __get__(self, instance: object, owner: Any) -> inspect.Signature:
        hints = get_type_hints(owner.__init__)
        parameters = list(inspect.signature(owner.__init__).parameters.values())
        plain = [parameter.replace(annotation=hints.get(parameter.name, Any)) for parameter in parameters[1:]]
        return inspect.Signature(plain)


class ParameterSet:
    """A dataclass whose fields are parameters. It never holds an invalid value; equal meanings are equal."""

    name: ClassVar[str]
    __signature__: ClassVar[_PlainSignature] = _PlainSignature()

    def __post_init__(self) -> None:
        for name, parameter in self.parameters().items():
            value = parameter.check(getattr(self, name), owner=self.name, pointer=f"/{name}")
            object.__setattr__(self, name, value)  # The dataclass is frozen.
        self.check()

    def check(self) -> None:
        """Raise ParameterError if values are valid one by one but contradict each other."""

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Return the parameters by name, in the order of the fields."""
        return parameters_of(cls)

    @classmethod
    def from_dict(cls, values: Mapping[str, object], *, pointer: str = "") -> Self:
        """Build from names and values. Raise ParameterError with a JSON pointer below `pointer`."""
        cls._check_names(values, pointer)
        try:
            return cls(**values)
        except ParameterError as error:
            raise ParameterError(error.message, pointer=pointer + error.pointer) from None

    @classmethod
    def _check_names(cls, names: Collection[str], pointer: str) -> None:
        parameters = cls.parameters()
        expected = f"one of {', '.join(parameters)}" if parameters else "no parameters"
        for name in names:
            if name not in parameters:
                raise ParameterError(
                    f"Expected {expected} for {cls.name} but received {show_value(name)}"
                    f"{suggest(name, parameters)}",
                    pointer=f"{pointer}/{escape_pointer(name)}",
                )
        for name, parameter in parameters.items():
            if parameter.is_required and name not in names:
                raise ParameterError(
                    f"Expected {parameter.expected} for {cls.name}.{name} but it is missing",
                    pointer=f"{pointer}/{name}",
                )

    def as_dict(self) -> dict[str, Any]:
        """Return all parameters with their values as JSON holds them, defaults written out."""
        return {name: _as_json(getattr(self, name)) for name in self.parameters()}

    def non_defaults(self) -> dict[str, Any]:
        """Return the parameters whose values differ from their defaults."""
        parameters = self.parameters()
        return {name: value for name, value in self.as_dict().items() if value != parameters[name].default}


@dataclass(frozen=True, kw_only=True)
class Operation(ParameterSet):
    """One step of a transform."""

    kind: ClassVar[Kind]
    is_sized_by_pixels: ClassVar[bool] = False
    """Whether the size of the result depends on the pixels. Before they are decoded, the plan has only the
    largest possible size."""
    hides_content: ClassVar[bool] = False
    """Whether the operation removes content that must not be seen. Previews in the metadata go, too."""
    example: ClassVar[str] = ""
    """The arguments of one example, as the text form spells them."""

    def image_parameters(self) -> list[str]:
        """Return the names of the parameters that hold a reference to another image."""
        return [
            name
            for name, parameter in self.parameters().items()
            if parameter.type == "image" and getattr(self, name)
        ]

    def __init_subclass__(cls) -> None:
        cls.name = cls.__name__.lower()
        if cls.name in _OPERATIONS:
            raise TypeError(f"Two operations are named {cls.name}")
        _OPERATIONS[cls.name] = cls


_OPERATIONS: dict[str, type[Operation]] = {}


def operations() -> dict[str, type[Operation]]:
    """Return the catalogue: the class of each operation by its name."""
    return dict(_OPERATIONS)


def get_operation(name: object, *, pointer: str) -> type[Operation]:
    """Return the operation of that name. Raise ParameterError if the catalogue has none."""
    if isinstance(name, str) and name in _OPERATIONS:
        return _OPERATIONS[name]
    raise unknown_operation(name, pointer=pointer)


def unknown_operation(name: object, *, pointer: str = "") -> ParameterError:
    """Return the error of a name that is no operation's."""
    suggestion = suggest(name, _OPERATIONS) if isinstance(name, str) else ""
    return ParameterError(
        f"Expected one of {', '.join(sorted(_OPERATIONS))} for an operation but received {show_value(name)}"
        f"{suggestion}",
        pointer=pointer,
    )


def escape_pointer(name: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901, section 3)."""
    return name[:60].replace("~", "~0").replace("/", "~1")


def _as_json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
