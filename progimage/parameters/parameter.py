"""A parameter of an operation: what its values may be, how they are checked, spelled and described."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import quote, unquote

from progimage.errors import ParameterError

from .color import expected_color, normalize_color
from .ranges import Items, Range

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_RATIO = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,5})?):([0-9]{1,5}(?:\.[0-9]{1,5})?)")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REFERENCE = re.compile(r"https?://\S+|part:[\w.-]{1,60}|sha256:[0-9a-f]{64}", re.ASCII)
"""A server puts sha256: in the place of each of the others; from a caller it takes none."""
MAX_REFERENCE = 2_048
"""Characters of a URL, as images/remote/download.py takes it."""
_SHOWN = 60


class Default(Enum):
    """What stands for the default of a parameter that has none."""

    REQUIRED = "required"


@dataclass(frozen=True)
class Parameter:
    """One field of an operation.

    `type` is int, float, bool, str, a tuple of choices, "color", "ratio" or "image". `range` is that of the
    value, or of each value of a list, which has as many as `items` says."""

    name: str
    type: Any
    range: Range | None = None
    items: Items | None = None
    short: str | None = None
    help: str = ""
    default: Any = Default.REQUIRED
    is_optional: bool = False
    is_list: bool = False

    @property
    def expected(self) -> str:
        """What a value must be, in words: the sentence of every refusal."""
        plain = self._expected_item
        if self.is_list:
            plain = f"a list of {self.items} values, each {plain}" if self.items else f"a list of {plain}"
        return plain if self.is_required or not self.is_optional else f"{plain}, or nothing"

    @property
    def is_required(self) -> bool:
        return self.default is Default.REQUIRED

    @property
    def _expected_item(self) -> str:
        if isinstance(self.type, tuple):
            return "one of " + ", ".join(self.type)
        if self.type is int and self.range:
            return f"a whole number from {self.range}"
        if self.type is float and self.range:
            return f"a number from {self.range}"
        return _EXPECTED[self.type]

    def check(self, value: object, *, owner: str, pointer: str) -> Any:
        """Return `value` as this parameter keeps it, so that equal meanings are equal values.

        Raises ParameterError."""
        if value is None and self.is_optional:
            return None
        if not self.is_list:
            return self._check_item(value, owner, pointer)
        if not isinstance(value, list | tuple):
            raise self.refuse(value, owner=owner, pointer=pointer)
        if self.items and not self.items.is_met(len(value)):
            raise self.refuse(value, owner=owner, pointer=pointer)
        return tuple(self._check_item(item, owner, f"{pointer}/{i}") for i, item in enumerate(value))

    def _check_item(self, value: object, owner: str, pointer: str) -> Any:
        checked = _CHECKS.get(self.type, _check_choice)(self, value)
        if checked is None:
            raise self.refuse(value, owner=owner, pointer=pointer)
        return checked

    def refuse(self, value: object, *, owner: str, pointer: str) -> ParameterError:
        shown = value if isinstance(value, str) else json.dumps(value, default=repr)
        cut = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        return ParameterError(
            f"Expected {self.expected} for {owner}.{self.name} but received {cut!r}", pointer=pointer
        )

    def parse(self, text: str, *, is_encoded: bool) -> Any:
        """Return the value that `text` spells, percent-encoded (the text form) or not (a query's value).

        What spells no value comes back as the text itself, for `check` to refuse."""
        items = text.split(";") if self.is_list else [text]
        values = [self._parse_item(unquote(item) if is_encoded else item) for item in items]
        return values if self.is_list else values[0]

    def _parse_item(self, text: str) -> Any:
        if self.type is bool:
            return _FLAGS.get(text, text)
        if self.type is int and _WHOLE.fullmatch(text):
            return int(text)
        if self.type in (float, "ratio") and _NUMBER.fullmatch(text):
            return float(text)
        return text

    def spell(self, value: Any) -> str:
        """Return the text from which `parse` makes `value` again."""
        items = value if self.is_list else (value,)
        return ";".join(quote(_spell_item(item), safe="") for item in items)

    def schema(self) -> dict[str, Any]:
        """Return JSON Schema (2020-12, as OpenAPI 3.1 uses it) for this parameter."""
        schema: dict[str, Any] = self._item_schema()
        if self.is_list:
            schema = {"type": "array", "items": schema}
            schema |= {"minItems": self.items.low, "maxItems": self.items.high} if self.items else {}
        if self.help:
            schema["description"] = self.help
        if not self.is_required and self.default is not None:
            schema["default"] = self.default
        return schema

    def _item_schema(self) -> dict[str, Any]:
        if isinstance(self.type, tuple):
            return {"type": "string", "enum": list(self.type)}
        if self.type == "color":
            return {"type": "string", "format": "color"}
        if self.type == "ratio":
            return {"type": ["number", "string"], "format": "aspect-ratio", "examples": ["16:9"]}
        if self.type == "image":
            return {"type": "string", "maxLength": MAX_REFERENCE, "description": _EXPECTED["image"]}
        names = {int: "integer", float: "number", bool: "boolean", str: "string"}
        schema: dict[str, Any] = {"type": names[self.type]}
        if self.range:
            schema |= {"minimum": self.range.low, "maximum": self.range.high}
            schema |= {"x-unit": self.range.unit} if self.range.unit else {}
        return schema


def _check_int(parameter: Parameter, value: object) -> int | None:
    if type(value) is not int:  # True is an int, and 40.0 was not meant as one
        return None
    return value if _is_within(value, parameter.range) else None


def _check_float(parameter: Parameter, value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    # + 0.0 makes -0.0 the same value as 0.0; nan and inf are in no range
    return float(value) + 0.0 if _is_within(value, parameter.range) else None


def _check_bool(_: Parameter, value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _check_text(_: Parameter, value: object) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _check_color(_: Parameter, value: object) -> str | None:
    return normalize_color(value) if isinstance(value, str) else None


def _check_ratio(parameter: Parameter, value: object) -> float | None:
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if match and float(match[2]):
        value = float(match[1]) / float(match[2])
    return _check_float(parameter, value)


def _check_image(_: Parameter, value: object) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_REFERENCE:
        return None
    if _ID.fullmatch(value.lower()):
        return value.lower()
    return value if _REFERENCE.fullmatch(value) else None


def _check_choice(parameter: Parameter, value: object) -> str | None:
    return value if isinstance(value, str) and value in parameter.type else None


_CHECKS: dict[Any, Callable[[Parameter, object], Any]] = {
    int: _check_int,
    float: _check_float,
    bool: _check_bool,
    str: _check_text,
    "color": _check_color,
    "ratio": _check_ratio,
    "image": _check_image,
}

_EXPECTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    "color": expected_color,
    "ratio": "a ratio such as 16:9 or 1.5",
    "image": "the id of an image, a URL, or part:<name> of the form",
}


def _is_within(value: Any, limits: Range | None) -> bool:
    if limits is None:
        return math.isfinite(value)
    return bool(limits.low <= value <= limits.high)


def _spell_item(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
