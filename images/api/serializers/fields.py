"""Fields that are stricter than Django REST framework's own: each refuses values that DRF would convert."""

import json
import math
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from images.models import MAX_FILENAME, ExactFloats, normalize_tag
from images.receiving.filenames import clean_filename
from progimage.errors import ParameterError
from progimage.transform import parse_json
from progimage.wording import show_value, suggest

from .components import OBJECT

MAX_TAG_LENGTH = 64
MAX_METADATA_BYTES = 16_384
MAX_METADATA_DEPTH = 32
_JSON_STARTS = ("[", "{", '"')
_BYTE_ORDER_MARK = "\ufeff"
"""Some editors begin a file with it, and curl sends the file as it is."""


class PlainText(serializers.CharField):
    """Text on one line. A name needs no control characters, and Postgres refuses NUL."""

    default_error_messages: ClassVar = {
        "max_length": "Expected at most {max_length} characters",
        "blank": "Expected text but received none",
        "invalid": "Expected text",
        "null": "Expected text but received null",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")  # DRF would take a number
        text: str = super().to_internal_value(data)
        if any(_is_control(character) for character in text):
            raise serializers.ValidationError("Expected text without control characters")
        return text


class TagName(PlainText):
    """A tag, in the form in which tags are stored and found."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_TAG_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        return normalize_tag(super().to_internal_value(data))


class FileName(PlainText):
    """A file name by the rule that all of them follow. It may be empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, max_length=MAX_FILENAME, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return super().to_internal_value(clean_filename(data))
        except ParameterError as error:
            raise serializers.ValidationError(error.message) from error


class ImageId(serializers.UUIDField):
    """An id as the API spells it, in either case of letters: no number, no URN, no braces."""

    default_error_messages: ClassVar = dict.fromkeys(("invalid", "null"), "Expected the id of an image")

    def to_internal_value(self, data: Any) -> UUID:
        image_id: UUID = super().to_internal_value(data)
        if str(data).lower() != str(image_id):
            self.fail("invalid")
        return image_id


class WholeNumber(serializers.IntegerField):
    """Digits in a query, a number without a fraction in JSON. Texts and booleans in JSON are refused."""

    def __init__(self, *, minimum: int = 0, maximum: int = (1 << 63) - 1, **options: Any) -> None:
        codes = ("invalid", "null", "min_value", "max_value", "max_string_length")
        message = f"Expected a whole number of {minimum} to {maximum}"
        super().__init__(
            min_value=minimum,
            max_value=maximum,
            required=False,
            error_messages=dict.fromkeys(codes, message),
            **options,
        )

    def to_internal_value(self, data: Any) -> int:
        is_query = isinstance(getattr(self.root, "initial_data", None), QueryDict)
        is_digits = is_query and data.isascii() and data.isdigit()
        if not is_digits and type(data) is not int:
            self.fail("invalid")  # DRF would take 1.0 and the digits of other alphabets
        return int(super().to_internal_value(data))


class Choice(serializers.ChoiceField):
    """One of a few texts. DRF's own messages would show other values as Python writes them."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        is_known = isinstance(data, str) and data in self.choices
        if data is serializers.empty or is_known:
            return super().run_validation(data)
        suggestion = suggest(data, self.choices) if isinstance(data, str) else ""
        raise serializers.ValidationError(
            f"Expected one of {', '.join(self.choices)} but received {show_value(data)}{suggestion}"
        )


class Array(serializers.ListField):
    """An array. `items` is the word for its values. DRF's own messages name other types as Python does."""

    def __init__(self, items: str, **options: Any) -> None:
        self.items = items
        messages: dict[str, Any] = {
            "max_length": f"Expected at most {{max_length}} {items}",
            "empty": f"Expected an array of {items} but received one without any",
        }
        super().__init__(error_messages=messages, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty or isinstance(data, list):
            return super().run_validation(data)
        raise serializers.ValidationError(
            f"Expected an array of {self.items} but received {show_value(data)}"
        )


class TagsField(Array):
    """An array in JSON. In a form or a query, names with commas between them, or an array in JSON as well."""

    default_error_messages: ClassVar = {
        "not_json": "Expected names with commas between them, or an array of names in JSON",
    }
    child = TagName()

    def __init__(self, **options: Any) -> None:
        super().__init__("tags", **options)

    def get_value(self, dictionary: Any) -> Any:
        if not hasattr(dictionary, "getlist"):
            return super().get_value(dictionary)
        if self.field_name not in dictionary:
            return serializers.empty
        return _FormTexts(dictionary.getlist(self.field_name))

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, _FormTexts):
            data = [name for text in data for name in self._names_in(text)]
        names: list[str] = super().to_internal_value(data)
        return names

    def _names_in(self, text: str) -> list[Any]:
        """Return the names of one field. A text that looks like JSON is JSON, and never a name itself."""
        text = text.lstrip(_BYTE_ORDER_MARK).strip()
        if not text.startswith(_JSON_STARTS):
            names = [name.strip() for name in text.split(",")]
            return [name for name in names if name]
        value: object = None
        with suppress(ParameterError):
            value = parse_json(text)
        if not isinstance(value, list):
            self.fail("not_json")
        return value


class _FormTexts(list[str]):
    """The texts of a form's or a query's fields of one name."""


@extend_schema_field(OBJECT)
class MetadataField(serializers.JSONField):
    """A JSON object that Postgres can hold: no NUL, no lone surrogates, no NaN, of bounded size and depth."""

    default_error_messages: ClassVar = {
        "null": "Expected a JSON object but received null",
        "invalid": "Expected a JSON object",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            value = json.loads(data) if getattr(data, "is_json_string", False) else data
            _check_values(value, MAX_METADATA_DEPTH)
            text = ExactFloats(ensure_ascii=False, allow_nan=False).encode(value)
            size_bytes = len(text.encode())
        except (ValueError, TypeError, RecursionError) as error:
            raise serializers.ValidationError(self.error_messages["invalid"]) from error
        if not isinstance(value, dict):
            raise serializers.ValidationError(f"Expected a JSON object but received {show_value(value)}")
        if size_bytes > MAX_METADATA_BYTES:
            raise serializers.ValidationError(
                f"Expected at most {MAX_METADATA_BYTES} bytes of JSON with numbers written out"
                f" but received {size_bytes}"
            )
        return value


class Share(serializers.FloatField):
    """A number of 0 to 1. DRF itself would take texts, booleans and infinity."""

    default_error_messages: ClassVar = dict.fromkeys(
        ("invalid", "null", "min_value", "max_value"), "Expected a number of 0 to 1"
    )

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return float(super().to_internal_value(data))


def _is_control(character: str) -> bool:
    return ord(character) < 32 or ord(character) == 127


def _check_values(value: object, levels: int) -> None:
    """Raise ValidationError for NUL, numbers that no float holds, and more than `levels` levels.

    Encoders and Postgres recurse."""
    if isinstance(value, str) and "\0" in value:
        raise serializers.ValidationError("Expected JSON without NUL characters")
    if isinstance(value, float) and not math.isfinite(value):
        raise serializers.ValidationError("Expected numbers with an exponent of at most 308")
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise serializers.ValidationError(f"Expected JSON of at most {MAX_METADATA_DEPTH} levels")
    items = [*value, *value.values()] if isinstance(value, dict) else value
    for item in items:
        _check_values(item, levels - 1)
