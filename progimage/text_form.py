"""How a transform is spelled in a URL: the ordered text form, and short query parameters.

    >>> parse_text("resize:width=300,height=200,fit=cover")
    (Resize(width=300, height=200, fit='cover', gravity='center', dpr=1.0, enlarge=False),)
    >>> parse_query([("w", "300"), ("q", "70")]).output.quality
    70
    >>> parse_text("resize:300/resize:depth=2")
    Traceback (most recent call last):
    progimage.errors.ParameterError: Expected one of width, height, fit, gravity, dpr, enlarge for resize \
but received 'depth'

The text form is plain text in which each value is percent-encoded once by itself, so that , / : = ; and % may
stand in values; in a URL it is the value of an ordinary query parameter. Lists are joined by semicolons. An
operation's first parameter may go unnamed."""

from collections.abc import Iterable
from typing import TypeVar

from progimage.operations.geometry import Resize
from progimage.operations.operation import Checked, Operation, escape_pointer, find_operation
from progimage.operations.output import Output
from progimage.parameters.parameter import Parameter

from .errors import ParameterError
from .transform import MAX_OPERATIONS, Transform

TRANSFORM = "transform"

CheckedT = TypeVar("CheckedT", bound=Checked)


def parse_text(text: str) -> tuple[Operation, ...]:
    """Read the ordered text form. Raises ParameterError."""
    if not text:
        return ()
    steps = text.split("/", MAX_OPERATIONS)  # what is beyond stays one step, and is refused as one too many
    if len(steps) > MAX_OPERATIONS:
        raise ParameterError(f"Expected at most {MAX_OPERATIONS} operations", pointer="/operations")
    return tuple(_parse_step(step, f"/operations/{i}") for i, step in enumerate(steps))


def spell_text(operations: Iterable[Operation]) -> str:
    """Write the ordered text form, without what is as the defaults have it."""
    return "/".join(_spell_step(operation) for operation in operations)


def parse_query(pairs: Iterable[tuple[str, str]]) -> Transform:
    """Read a query's names and values, percent-decoded: `transform=`, or resize's and output's parameters.

    Raises ParameterError, with a pointer to the name in the query."""
    given = _without_repeats(pairs)
    text = given.pop(TRANSFORM, None)
    resize = _take(given, Resize)
    output = _take(given, Output)
    if given:
        raise _unknown(next(iter(given)))
    if text is not None and resize:
        name = next(iter(resize))
        raise ParameterError(
            f"Expected {name} inside transform, where its place in the order shows, but received both",
            pointer=f"/{name}",
        )
    operations = parse_text(text) if text is not None else _build_all(Resize, resize)
    return Transform(operations, _build(Output, output))


def parse_operation(cls: type[Operation], pairs: Iterable[tuple[str, str]]) -> Transform:
    """Read a query of one operation's parameters and output's. Where both have a name it is the operation's.

    Raises ParameterError, with a pointer to the name in the query."""
    given = _without_repeats(pairs)
    operation, output = _build(cls, _take(given, cls)), _build(Output, _take(given, Output))
    for name in given:
        known = ", ".join((*cls.parameters(), *Output.parameters()))
        raise ParameterError(
            f"Expected one of {known} but received {name[:60]!r}", pointer=f"/{escape_pointer(name)}"
        )
    return Transform((operation,), output)


def query_parameters() -> dict[str, Parameter]:
    """Return the parameters that a query may name by themselves, by their shortest name."""
    both = (*Resize.parameters().values(), *Output.parameters().values())
    return {parameter.short or parameter.name: parameter for parameter in both}


def _parse_step(step: str, pointer: str) -> Operation:
    name, _, arguments = step.partition(":")
    operation = find_operation(name, pointer=f"{pointer}/op")
    known = operation.parameters()
    values: dict[str, object] = {}
    for position, argument in enumerate(arguments.split(",") if arguments else ()):
        key, equals, value = argument.partition("=")
        if not equals and position == 0:
            key, value = next(iter(known), ""), argument
        elif not equals:
            raise ParameterError(
                f"Expected name=value for {name} but received {argument[:60]!r}", pointer=pointer
            )
        if key in values:
            raise ParameterError(f"Expected {name}.{key[:60]} once but received it again", pointer=pointer)
        values[key] = known[key].parse(value, is_encoded=True) if key in known else value
    return operation.from_dict(values, pointer=pointer)


def _spell_step(operation: Operation) -> str:
    known = operation.parameters()
    arguments = ",".join(f"{name}={known[name].spell(value)}" for name, value in operation.given().items())
    return f"{operation.name}:{arguments}" if arguments else operation.name


def _without_repeats(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise ParameterError(
                f"Expected {name[:60]!r} once but received it again", pointer=f"/{escape_pointer(name)}"
            )
        given[name] = value
    return given


def _take(given: dict[str, str], cls: type[Checked]) -> dict[str, tuple[Parameter, str]]:
    """Move what belongs to `cls` out of `given`, by the name that the query used."""
    taken: dict[str, tuple[Parameter, str]] = {}
    for parameter in cls.parameters().values():
        names = [name for name in (parameter.name, parameter.short) if name in given]
        if len(names) == 2:
            raise ParameterError(
                f"Expected {names[0]} or {names[1]} but received both", pointer=f"/{names[1]}"
            )
        taken |= {name: (parameter, given.pop(name)) for name in names if name is not None}
    return taken


def _build_all(cls: type[Resize], taken: dict[str, tuple[Parameter, str]]) -> tuple[Operation, ...]:
    return (_build(cls, taken),) if taken else ()


def _build(cls: type[CheckedT], taken: dict[str, tuple[Parameter, str]]) -> CheckedT:
    values = {
        parameter.name: parameter.check(
            parameter.parse(text, is_encoded=False), owner=cls.name, pointer=f"/{name}"
        )
        for name, (parameter, text) in taken.items()
    }
    return cls.from_dict(values)


def _unknown(name: str) -> ParameterError:
    known = ", ".join((*query_parameters(), TRANSFORM))
    return ParameterError(
        f"Expected one of {known} but received {name[:60]!r}", pointer=f"/{escape_pointer(name)}"
    )
