"""The spellings of a transform in a URL: the ordered text form, and short query parameters.

    >>> parse_text("rotate:angle=90/grayscale")
    (Rotate(angle=90.0, background='#00000000', expand=True), Grayscale())
    >>> parse_text("rotate:90") == parse_text("rotate:angle=90")
    True
    >>> spell_text(parse_text("resize:width=300,height=200,fit=inside"))
    'resize:width=300,height=200'
    >>> parse_query([("w", "300"), ("q", "70")]).output.quality
    70
    >>> parse_text("rotate:depth=2")
    Traceback (most recent call last):
    progimage.errors.ParameterError: Expected one of angle, background, expand for rotate but received 'depth'

The text form is plain text. Each value is percent-encoded once by itself, so that it may hold , / : = ; and
%. In a URL the whole text is the value of an ordinary query parameter. Semicolons join the values of a list.
An operation's first parameter may stand without its name."""

import re
from collections.abc import Iterable
from typing import TypeVar

from progimage.operations.geometry import Resize
from progimage.operations.operation import Operation, ParameterSet, escape_pointer, get_operation
from progimage.operations.output import Output
from progimage.parameters.parameter import Parameter

from .errors import ParameterError
from .transform import MAX_OPERATIONS, Transform
from .wording import show_value, suggest

TRANSFORM = "transform"
_QUERY = re.compile(r"\??\w+=")

ParameterSetT = TypeVar("ParameterSetT", bound=ParameterSet)

Texts = dict[str, tuple[Parameter, str]]
"""Parameters with the texts of their values, by the names that the query used."""


def parse_text(text: str) -> tuple[Operation, ...]:
    """Return the operations of a text form. Raise ParameterError if it is invalid."""
    if not text:
        return ()
    # The text behind the last allowed step stays one step. It is refused as one too many.
    steps = text.split("/", MAX_OPERATIONS)
    if len(steps) > MAX_OPERATIONS:
        raise ParameterError(f"Expected at most {MAX_OPERATIONS} operations", pointer="/operations")
    operations = [_parse_step(step, f"/operations/{i}") for i, step in enumerate(steps)]
    return tuple(operations)


def is_query(text: str) -> bool:
    """Whether a text is a query rather than a text form: a name and an equals sign stand at its start.

    In the text form, a colon or a slash stands before the first equals sign."""
    return _QUERY.match(text) is not None


def spell_text(operations: Iterable[Operation]) -> str:
    """Return the text form of the operations, without parameters that have their defaults."""
    return "/".join(_spell_step(operation) for operation in operations)


def parse_query(pairs: Iterable[tuple[str, str]], *, beside: Iterable[str] = ()) -> Transform:
    """Return the transform of a query, given by its percent-decoded names and values.

    The query holds `transform=`, or the parameters of resize, and the parameters of the output. `beside` are
    names that the request may have as well, for the message about an unknown one. Raise ParameterError with
    the pointer to the invalid name in the query."""
    values = _without_repeats(pairs)
    text = values.pop(TRANSFORM, None)
    resize_texts = _take(values, Resize)
    output_texts = _take(values, Output)
    if values:
        first_name = next(iter(values))
        raise _unknown(first_name, (*_names(Resize), TRANSFORM, *_names(Output), *beside))
    if text is not None and resize_texts:
        name = next(iter(resize_texts))
        raise ParameterError(
            f"Expected {name} inside transform, since operations are applied in order, but received both",
            pointer=f"/{name}",
        )
    operations: tuple[Operation, ...] = ()
    if text is not None:
        operations = parse_text(text)
    elif resize_texts:
        operations = (_build(Resize, resize_texts),)
    output = _build(Output, output_texts)
    return Transform(operations, output)


def parse_operation(
    operation_class: type[Operation], pairs: Iterable[tuple[str, str]], *, beside: Iterable[str] = ()
) -> Transform:
    """Return the transform of a query that holds the parameters of one operation and of the output.

    If both have a parameter of the same name, it belongs to the operation. `beside` is as for `parse_query`.
    Raise ParameterError with the pointer to the invalid name in the query."""
    values = _without_repeats(pairs)
    operation_texts = _take(values, operation_class)
    output_texts = _take(values, Output)
    if values:
        first_name = next(iter(values))
        raise _unknown(first_name, (*_names(operation_class), *_names(Output), *beside))
    operation = _build(operation_class, operation_texts)
    output = _build(Output, output_texts)
    return Transform((operation,), output)


def query_parameters() -> dict[str, Parameter]:
    """Return the parameters that a query may hold beside `transform`, by their shortest names."""
    parameters = [*Resize.parameters().values(), *Output.parameters().values()]
    return {parameter.short or parameter.name: parameter for parameter in parameters}


def _parse_step(step: str, pointer: str) -> Operation:
    operation_name, _, arguments = step.partition(":")
    operation_class = get_operation(operation_name, pointer=f"{pointer}/op")
    parameters = operation_class.parameters()
    values: dict[str, object] = {}
    for position, argument in enumerate(arguments.split(",") if arguments else ()):
        name, equals, text = argument.partition("=")
        if not equals and position == 0:
            name = next(iter(parameters), "")
            text = argument
        elif not equals:
            raise ParameterError(
                f"Expected name=value for {operation_name} but received {argument[:60]!r}",
                pointer=pointer,
            )
        if name in values:
            raise ParameterError(
                f"Expected {operation_name}.{name[:60]} once but received it again",
                pointer=pointer,
            )
        if name in parameters:
            values[name] = parameters[name].parse(text, is_encoded=True)
        else:
            values[name] = text  # from_dict refuses the name
    return operation_class.from_dict(values, pointer=pointer)


def _spell_step(operation: Operation) -> str:
    parameters = operation.parameters()
    values = operation.non_defaults()
    arguments = [f"{name}={parameters[name].spell(value)}" for name, value in values.items()]
    if not arguments:
        return operation.name
    return f"{operation.name}:{','.join(arguments)}"


def _without_repeats(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise ParameterError(
                f"Expected {name[:60]!r} once but received it again",
                pointer=f"/{escape_pointer(name)}",
            )
        values[name] = value
    return values


def _take(values: dict[str, str], owner: type[ParameterSet]) -> Texts:
    """Remove the parameters of `owner` from a query's values, and return them."""
    texts: Texts = {}
    for parameter in owner.parameters().values():
        possible_names = (parameter.name, parameter.short)
        names = [name for name in possible_names if name is not None and name in values]
        if len(names) == 2:
            raise ParameterError(
                f"Expected {names[0]} or {names[1]} but received both",
                pointer=f"/{names[1]}",
            )
        for name in names:
            texts[name] = (parameter, values.pop(name))
    return texts


def _build(owner: type[ParameterSetT], texts: Texts) -> ParameterSetT:
    values: dict[str, object] = {}
    for name, (parameter, text) in texts.items():
        value = parameter.parse(text, is_encoded=False)
        values[parameter.name] = parameter.check(value, owner=owner.name, pointer=f"/{name}")
    return owner.from_dict(values)


def _names(owner: type[ParameterSet]) -> list[str]:
    """Return every name that a parameter of `owner` has in a query, each long one before its short one."""
    return [
        name
        for parameter in owner.parameters().values()
        for name in (parameter.name, parameter.short)
        if name is not None
    ]


def _unknown(name: str, expected_names: Iterable[str]) -> ParameterError:
    known_names = list(dict.fromkeys(expected_names))
    expected = ", ".join(known_names)
    return ParameterError(
        f"Expected one of {expected} but received {show_value(name)}{suggest(name, known_names)}",
        pointer=f"/{escape_pointer(name)}",
    )
