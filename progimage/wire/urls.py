"""Paths and queries of the API, as they stand in requests and in URLs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from progimage.errors import ParameterError
from progimage.operations import Operation, Output
from progimage.text_form import TRANSFORM, parse_query, spell_text
from progimage.transform import Transform

ImageId = UUID | str
Asked = Transform | str | float | Iterable[str] | None
"""What may be asked of an image by name: `format`, `transform` (text or a Transform), `download`, `v` and the
short parameters of a query."""
Wanted = Transform | str | Iterable[Operation]
Pairs = tuple[tuple[str, str], ...]

_BESIDE = ("download", "v")  # what is no part of the transform
_READABLE = "/:,;="
"""Delimiters of the text form, which a query may hold as they are (RFC 3986, section 3.4)."""


@dataclass(frozen=True)
class Address:
    """A path below the server's URL, and the query's names and values."""

    path: str
    query: Pairs = ()

    def __str__(self) -> str:
        query = urlencode(self.query, quote_via=quote, safe=_READABLE)
        return f"{self.path}?{query}" if query else self.path


def image_address(image_id: ImageId, suffix: str = "", query: Pairs = ()) -> Address:
    """Raises ParameterError for what is no UUID: nothing else gets into a path."""
    try:
        return Address(f"/images/{UUID(str(image_id))}{suffix}", query)
    except ValueError:
        raise ParameterError(f"Expected a UUID for image_id but received {str(image_id)[:60]!r}") from None


def find_address(image_id: ImageId, asked: Mapping[str, Asked]) -> Address:
    """Return where an image is as it is asked for; the original where neither format nor transform is.

    Raises ParameterError for a transform that is wrong or says something twice, before anything is sent."""
    pairs = tuple(pair for name, value in asked.items() if value is not None for pair in _spell(name, value))
    named = parse_query(pair for pair in pairs if pair[0] not in _BESIDE).output.format
    if named == "auto":  # which no extension says
        return image_address(image_id, query=pairs)
    query = tuple(pair for pair in pairs if pair[0] not in ("format", "fm"))
    if named:
        return image_address(image_id, f".{named}", query)
    if any(name not in _BESIDE for name, _ in query):
        raise ParameterError("Expected a format for a transform but received none", pointer="/format")
    return image_address(image_id, query=query)


def read_transform(transform: Wanted, format: str | None) -> dict[str, Any]:
    """Return the JSON of a transform: a value, its text form, or its operations. Raises ParameterError."""
    if isinstance(transform, str):
        transform = parse_query([(TRANSFORM, transform)])
    whole = transform if isinstance(transform, Transform) else Transform(tuple(transform))
    given = whole.as_dict()
    return given | {"output": given["output"] | ({"format": format} if format else {})}


def _spell(name: str, value: Asked) -> Pairs:
    if not isinstance(value, Transform):
        return ((name, _spell_value(value)),)
    operations, known = spell_text(value.operations), Output.parameters()
    output = value.output.given().items()
    spelled = tuple((known[option].short or option, _spell_value(given)) for option, given in output)
    return ((TRANSFORM, operations), *spelled) if operations else spelled


def _spell_value(value: object) -> str:
    if isinstance(value, str):
        return value
    return ";".join(value) if isinstance(value, Iterable) else json.dumps(value)
