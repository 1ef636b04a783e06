"""A transform: a tuple of operations, applied in order, and an output.

It has three spellings with one meaning: JSON (here), the ordered text form and a query (text_form.py)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from progimage.operations.operation import Kind, Operation, escape_pointer, get_operation
from progimage.operations.output import Output

from .errors import ParameterError
from .wording import show_value, suggest

MAX_OPERATIONS = 10
"""Chosen for the deadline of a render. imgproxy and thumbor have no limit, and their users ask for one."""

_MEMBERS = ("operations", "output")
_MAX_DIGITS = 4_300

TransformKind = Kind | Literal["pipeline"]


@dataclass(frozen=True)
class Transform:
    """The operations that change an image, and the output that the result is encoded to."""

    operations: tuple[Operation, ...] = ()
    output: Output = field(default_factory=Output)

    def __post_init__(self) -> None:
        count = len(self.operations)
        if count > MAX_OPERATIONS:
            raise ParameterError(
                f"Expected at most {MAX_OPERATIONS} operations but received {count}",
                pointer="/operations",
            )

    def kind(self, source_format: str) -> TransformKind:
        """Return the kind of this transform for a source of that format. Routes and queues are named by it.

        Without operations it is compress if the format stays, otherwise convert. With operations of one kind
        it is that kind, otherwise pipeline."""
        kinds = {operation.kind for operation in self.operations}
        if not kinds:
            keeps_format = self.output.format in (None, source_format)
            return "compress" if keeps_format else "convert"
        if len(kinds) > 1:
            return "pipeline"
        return kinds.pop()

    def image_references(self) -> list[str]:
        """Return the references to other images, in the order of the operations."""
        return [
            getattr(operation, name) for operation in self.operations for name in operation.image_parameters()
        ]

    def pointer_to(self, reference: str) -> str:
        """Return the JSON pointer to the first parameter that names that image; empty if none does."""
        for index, operation in enumerate(self.operations):
            for name in operation.image_parameters():
                if getattr(operation, name) == reference:
                    return f"/operations/{index}/{name}"
        return ""

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Build a transform from parsed JSON: {"operations": [{"op": "resize", "width": 300}], "output": {}}.

        Raise ParameterError with the JSON pointer to the invalid value."""
        members = _expect_object(values, "a transform", "")
        for name in members:
            if name not in _MEMBERS:
                raise ParameterError(
                    f"Expected operations and output for a transform but received {show_value(name)}"
                    f"{suggest(name, _MEMBERS)}",
                    pointer=f"/{escape_pointer(name)}",
                )
        steps = members.get("operations", [])
        if not isinstance(steps, list):
            raise ParameterError(
                f"Expected an array for operations but received {show_value(steps)}",
                pointer="/operations",
            )
        output_values = _expect_object(members.get("output", {}), "output", "/output")
        # A list that is too long is refused after one step too many, so that it costs little.
        bounded_steps = steps[: MAX_OPERATIONS + 1]
        operations = [_operation(step, f"/operations/{i}") for i, step in enumerate(bounded_steps)]
        output = Output.from_dict(output_values, pointer="/output")
        return cls(tuple(operations), output)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Build a transform from JSON text. Raise ParameterError if it is invalid or repeats a name."""
        return cls.from_dict(parse_json(text))

    def as_dict(self) -> dict[str, Any]:
        """Return the transform as JSON holds it, with all defaults written out."""
        return {
            "operations": [{"op": step.name} | step.as_dict() for step in self.operations],
            "output": self.output.as_dict(),
        }

    def canonical_json(self) -> str:
        """Return the JSON text that all transforms of the same meaning share. Cache keys are made from it."""
        return json.dumps(
            self.as_dict(),
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
        )


def parse_json(text: str | bytes) -> object:
    """Return the value of a JSON text.

    Raise ParameterError if it is not JSON. Python accepts repeated names, NaN and half a surrogate pair, but
    other parsers do not. They are refused, too."""
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_int=_read_whole_number,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ParameterError("Expected JSON but received text that is not JSON") from error
    return value


def _operation(step: object, pointer: str) -> Operation:
    values = dict(_expect_object(step, "an operation", pointer))
    name = values.pop("op", None)
    operation_class = get_operation(name, pointer=f"{pointer}/op")
    return operation_class.from_dict(values, pointer=pointer)


def _expect_object(value: object, owner: str, pointer: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ParameterError(
            f"Expected an object for {owner} but received {show_value(value)}",
            pointer=pointer,
        )
    return value


def _read_whole_number(digits: str) -> int:
    """Python refuses longer ones by itself, as if they were no JSON."""
    if len(digits) > _MAX_DIGITS:
        raise ParameterError(f"Expected numbers of at most {_MAX_DIGITS} digits but received {len(digits)}")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        count = names.count(repeated)
        raise ParameterError(f"Expected {repeated[:60]!r} once but received it {count} times")
    return values
