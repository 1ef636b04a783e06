"""What an operation is: a frozen dataclass that checks its parameters when it is built.

A subclass is registered under its name in lower case; its fields are its parameters, its docstring its
help. Nothing else in the client, the server or the documentation lists operations."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Self

from progimage.errors import ParameterError
from progimage.parameters.annotations import parameters_of
from progimage.parameters.parameter import Parameter

Kind = Literal["convert", "compress", "thumbnail", "rotate", "filter", "mask"]


class Checked:
    """A dataclass whose fields are parameters: wrong values never get in, equal meanings are equal."""

    name: ClassVar[str]

    def __post_init__(self) -> None:
        for name, parameter in parameters_of(type(self)).items():
            value = parameter.check(getattr(self, name), owner=self.name, pointer=f"/{name}")
            object.__setattr__(self, name, value)
        self.check()

    def check(self) -> None:
        """Raise ParameterError for values that are right by themselves and wrong together."""

    @classmethod
    def from_dict(cls, values: Mapping[str, object], *, pointer: str = "") -> Self:
        """Build from names and values. Raises ParameterError with a pointer below `pointer`."""
        known = parameters_of(cls)
        for name in values:
            if name not in known:
                expected = f"one of {', '.join(known)}" if known else "no parameters"
                raise ParameterError(
                    f"Expected {expected} for {cls.name} but received {name[:60]!r}",
                    pointer=f"{pointer}/{escape_pointer(name)}",
                )
        for name, parameter in known.items():
            if parameter.is_required and name not in values:
                raise ParameterError(
                    f"Expected {parameter.expected} for {cls.name}.{name} but received nothing",
                    pointer=f"{pointer}/{name}",
                )
        try:
            return cls(**values)
        except ParameterError as error:
            raise ParameterError(error.message, pointer=pointer + error.pointer) from None

    def as_dict(self) -> dict[str, Any]:
        """Return every parameter with its value, defaults written out, as JSON would hold it."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    def given(self) -> dict[str, Any]:
        """Return the parameters that differ from their defaults."""
        known = parameters_of(type(self))
        return {name: value for name, value in self.as_dict().items() if value != known[name].default}

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        return parameters_of(cls)


@dataclass(frozen=True, kw_only=True)
class Operation(Checked):
    """One step of a transform."""

    kind: ClassVar[Kind]
    is_sized_by_pixels: ClassVar[bool] = False
    """Whether only pixels tell how large the result is, and before them the most that it can be."""
    hides_content: ClassVar[bool] = False
    """Whether it takes away what must not be seen, previews in the metadata included."""
    example: ClassVar[str] = ""
    """The arguments of one use, as the text form spells them."""

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
    """Return the catalogue: every operation's class by its name."""
    return dict(_OPERATIONS)


def find_operation(name: object, *, pointer: str) -> type[Operation]:
    """Raises ParameterError where the catalogue holds no operation of that name."""
    if isinstance(name, str) and name in _OPERATIONS:
        return _OPERATIONS[name]
    shown = name if isinstance(name, str) else type(name).__name__
    raise ParameterError(
        f"Expected one of {', '.join(sorted(_OPERATIONS))} for an operation but received {shown[:60]!r}",
        pointer=pointer,
    )


def escape_pointer(name: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901, section 3)."""
    return name[:60].replace("~", "~0").replace("/", "~1")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
