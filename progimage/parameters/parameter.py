"""A parameter of an operation: the check, the spelling and the JSON Schema of its values."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote, unquote

from progimage.errors import ParameterError
from progimage.wording import show_value, suggest

from .color import expected_color, normalize_color
from .ranges import Items, Range

MAX_REFERENCE = 2_048
"""Characters of a URL, as images/remote/public_addresses.py limits it."""

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_RATIO = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,5})?):([0-9]{1,5}(?:\.[0-9]{1,5})?)")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PART_NAME = re.compile(r"[\w.-]{1,60}", re.ASCII)
"""The name of a part of a form, in a reference `part:<name>`."""
_REFERENCE = re.compile(rf"https?://\S+|part:{PART_NAME.pattern}|sha256:[0-9a-f]{{64}}", re.ASCII)
"""The server resolves every reference to sha256: and refuses that form from a client."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_JSON_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}


class Default(Enum):
    """Stands for the default of a required parameter."""

    REQUIRED = "required"


@dataclass(frozen=True)
class Parameter:
    """One field of an operation.

    `type` is int, float, bool, str, a tuple of choices, "color", "ratio" or "image". `range` limits the
    value, or each value of a list. `items` limits the length of a list. `aliases` are choices that stand for
    another one."""

    name: str
    type: Any
    range: Range | None = None
    items: Items | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    short: str | None = None
    help: str = ""
    default: Any = Default.REQUIRED
    is_optional: bool = False
    is_list: bool = False

    @property
    def expected(self) -> str:
        """The valid values in words, as error messages name them."""
        words = self._expected_item
        if self.is_list and self.items:
            words = f"an array of {self.items} values, each {words}"
        elif self.is_list:
            words = f"an array of {words}"
        if self.is_optional and not self.is_required:
            return f"{words}, or null"
        return words

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
        """Return `value` in its normal form, so that equal meanings are equal values.

        Raise ParameterError if it is invalid."""
        if value is None and self.is_optional:
            return None
        if not self.is_list:
            return self._check_item(value, owner, pointer)
        if not isinstance(value, list | tuple):
            raise self.refuse(value, owner=owner, pointer=pointer)
        if self.items and not self.items.is_met(len(value)):
            raise self.refuse(value, owner=owner, pointer=pointer)
        items = [self._check_item(item, owner, f"{pointer}/{i}") for i, item in enumerate(value)]
        return tuple(items)

    def _check_item(self, value: object, owner: str, pointer: str) -> Any:
        check = _CHECKS.get(self.type, _check_choice)
        checked_value = check(self, value)
        if checked_value is None:
            raise self.refuse(value, owner=owner, pointer=pointer)
        return checked_value

    def refuse(self, value: object, *, owner: str, pointer: str) -> ParameterError:
        """Return the error of an invalid value. `owner` is the operation's name."""
        choices = self.type if isinstance(self.type, tuple) else ()
        suggestion = suggest(value, choices) if isinstance(value, str) else ""
        return ParameterError(
            f"Expected {self.expected} for {owner}.{self.name} but received {show_value(value)}{suggestion}",
            pointer=pointer,
        )

    def parse(self, text: str, *, is_encoded: bool) -> Any:
        """Return the value that `text` spells. It is percent-encoded in the text form, but not in a query.

        If the text spells no value, return the text itself, which `check` refuses."""
        if not self.is_list:
            return self._parse_item(text, is_encoded)
        return [self._parse_item(item, is_encoded) for item in text.split(";")]

    def _parse_item(self, text: str, is_encoded: bool) -> Any:
        if is_encoded:
            text = unquote(text)
        if self.type is bool:
            return _BOOLEANS.get(text, text)
        if self.type is int and _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        if self.type in (float, "ratio") and _NUMBER.fullmatch(text):
            return float(text)
        return text

    def spell(self, value: Any) -> str:
        """Return the percent-encoded text from which `parse` makes `value` again."""
        items = value if self.is_list else (value,)
        return ";".join(quote(_spell_item(item), safe="") for item in items)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12, as in OpenAPI 3.1) of this parameter."""
        schema: dict[str, Any] = self._item_schema()
        if self.is_list:
            schema = {"type": "array", "items": schema}
        if self.is_list and self.items:
            schema["minItems"] = self.items.low
            schema["maxItems"] = self.items.high
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
        schema: dict[str, Any] = {"type": _JSON_TYPES[self.type]}
        if self.range:
            schema["minimum"] = self.range.low
            schema["maximum"] = self.range.high
        if self.range and self.range.unit:
            schema["x-unit"] = self.range.unit
        return schema


def _check_int(parameter: Parameter, value: object) -> int | None:
    if type(value) is not int:  # True is an int, too, and 40.0 was not meant as one
        return None
    return value if _is_within(value, parameter.range) else None


def _check_float(parameter: Parameter, value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not _is_within(value, parameter.range):
        return None
    return float(value) + 0.0  # turns -0.0 into 0.0


def _check_bool(parameter: Parameter, value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _check_text(parameter: Parameter, value: object) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _check_color(parameter: Parameter, value: object) -> str | None:
    return normalize_color(value) if isinstance(value, str) else None


def _check_ratio(parameter: Parameter, value: object) -> float | None:
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if match and float(match[2]):
        value = float(match[1]) / float(match[2])
    return _check_float(parameter, value)


def _check_image(parameter: Parameter, value: object) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_REFERENCE:
        return None
    lowered = value.lower()
    if UUID_TEXT.fullmatch(lowered):
        return lowered
    return value if _REFERENCE.fullmatch(value) else None


def _check_choice(parameter: Parameter, value: object) -> str | None:
    if not isinstance(value, str) or value not in parameter.type:
        return None
    return parameter.aliases.get(value, value)


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
    """Return whether a number is finite and within its limits. Comparisons refuse nan and inf."""
    if limits is None:
        return math.isfinite(value)
    return bool(limits.low <= value <= limits.high)


def _spell_item(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
