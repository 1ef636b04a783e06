"""A transform: a tuple of operations, done in their order, and an output.

It has three spellings with one meaning: JSON (here), the ordered text form and a query (spelling.py)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from progimage.operations.operation import Kind, Operation, escape_pointer, find_operation
from progimage.operations.output import Output

from .errors import ParameterError

MAX_OPERATIONS = 10
"""Chosen for the deadline of a render; imgproxy and thumbor have no bound, and are asked for one."""

TransformKind = Kind | Literal["pipeline"]


@dataclass(frozen=True)
class Transform:
    """What is done to a source, and how the result is written."""

    operations: tuple[Operation, ...] = ()
    output: Output = field(default_factory=Output)

    def __post_init__(self) -> None:
        if len(self.operations) > MAX_OPERATIONS:
            raise ParameterError(
                f"Expected at most {MAX_OPERATIONS} operations but received {len(self.operations)}",
                pointer="/operations",
            )

    def kind(self, source_format: str) -> TransformKind:
        """Return what this does to a source of that format, in the words of routes, queues and services."""
        kinds = {operation.kind for operation in self.operations}
        if not kinds:
            return "compress" if self.output.format in (None, source_format) else "convert"
        return kinds.pop() if len(kinds) == 1 else "pipeline"

    def image_references(self) -> list[str]:
        """Return the references to other images, in the order of the operations."""
        return [
            getattr(operation, name) for operation in self.operations for name in operation.image_parameters()
        ]

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Build from parsed JSON: {"operations": [{"op": "resize", "width": 300}], "output": {}}.

        Raises ParameterError with a JSON pointer to what is wrong."""
        whole = _expect_object(values, "a transform", "")
        for name in whole:
            if name not in ("operations", "output"):
                raise ParameterError(
                    f"Expected operations and output for a transform but received {name[:60]!r}",
                    pointer=f"/{escape_pointer(name)}",
                )
        steps = whole.get("operations", [])
        if not isinstance(steps, list):
            raise ParameterError(
                f"Expected a list for operations but received {type(steps).__name__}", pointer="/operations"
            )
        output = _expect_object(whole.get("output", {}), "output", "/output")
        return cls(
            tuple(_operation(step, f"/operations/{i}") for i, step in enumerate(steps[: MAX_OPERATIONS + 1])),
            Output.from_dict(output, pointer="/output"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Build from JSON text. Raises ParameterError, for a name that stands twice too."""
        return cls.from_dict(parse_json(text))

    def as_dict(self) -> dict[str, Any]:
        """Return the whole meaning, with all defaults written out."""
        return {
            "operations": [{"op": step.name} | step.as_dict() for step in self.operations],
            "output": self.output.as_dict(),
        }

    def canonical_json(self) -> str:
        """Return the one JSON text of this meaning, from which cache keys are made."""
        return json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse_json(text: str | bytes) -> object:
    """Return the value of JSON text.

    Raises ParameterError, also for what Python takes and others do not: a name that stands twice, NaN,
    half a surrogate pair."""
    try:
        value: object = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ParameterError("Expected JSON but received text that is not JSON") from error
    return value


def _operation(step: object, pointer: str) -> Operation:
    values = dict(_expect_object(step, "an operation", pointer))
    operation = find_operation(values.pop("op", None), pointer=f"{pointer}/op")
    return operation.from_dict(values, pointer=pointer)


def _expect_object(value: object, what: str, pointer: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ParameterError(
            f"Expected an object for {what} but received {type(value).__name__}", pointer=pointer
        )
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ParameterError(f"Expected {repeated[:60]!r} once but received it {names.count(repeated)} times")
    return values
