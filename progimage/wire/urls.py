"""Paths and queries of the API, as requests and URLs hold them."""

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

QueryValue = Transform | str | float | Iterable[str] | None
"""A parameter of an image's URL: `format`, `transform` (text or a Transform), `download`, `v`, or one of the
short parameters of a query."""

TransformSpec = Transform | str | Iterable[Operation]
"""A transform, its text form, or its operations."""

Pairs = tuple[tuple[str, str], ...]

_DELIVERY_NAMES = ("download", "v")
"""Parameters of a URL that are no part of its transform."""

_FORMAT_NAMES = ("format", "fm")

_SAFE_CHARACTERS = "/:,;="
"""Delimiters of the text form, which a query may hold as they are (RFC 3986, section 3.4)."""


@dataclass(frozen=True)
class Address:
    """A path below the server's URL, and the names and values of its query."""

    path: str
    query: Pairs = ()

    def __str__(self) -> str:
        if not self.query:
            return self.path
        query = urlencode(self.query, quote_via=quote, safe=_SAFE_CHARACTERS)
        return f"{self.path}?{query}"


def image_address(image_id: ImageId, suffix: str = "", query: Pairs = ()) -> Address:
    """Return the address of an image, with `suffix` behind its id.

    Raise ParameterError if `image_id` is no UUID. Thus a caller's text never changes the path."""
    try:
        uuid = UUID(str(image_id))
    except ValueError:
        shown_id = str(image_id)[:60]
        raise ParameterError(f"Expected a UUID for image_id but received {shown_id!r}") from None
    return Address(f"/images/{uuid}{suffix}", query)


def rendition_address(image_id: ImageId, query: Mapping[str, QueryValue]) -> Address:
    """Return the address of a rendition, or of the original if `query` has neither format nor transform.

    Raise ParameterError if the transform is invalid, has no format, or repeats a parameter."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is not None:
            pairs += _spell(name, value)
    transform_pairs = [pair for pair in pairs if pair[0] not in _DELIVERY_NAMES]
    format = parse_query(transform_pairs, beside=_DELIVERY_NAMES).output.format
    if format == "auto":
        # No extension means auto. The query says it.
        return image_address(image_id, query=tuple(pairs))
    pairs_without_format = tuple(pair for pair in pairs if pair[0] not in _FORMAT_NAMES)
    if format:
        return image_address(image_id, f".{format}", pairs_without_format)
    if any(name not in _DELIVERY_NAMES for name, _ in pairs_without_format):
        raise ParameterError("Expected a format for a transform but received none", pointer="/format")
    return image_address(image_id, query=pairs_without_format)


def read_transform(transform: TransformSpec, format: str | None) -> dict[str, Any]:
    """Return the JSON of a transform. If `format` is given, it replaces the output's.

    Raise ParameterError if the transform is invalid."""
    if isinstance(transform, str):
        transform = parse_query([(TRANSFORM, transform)])
    elif not isinstance(transform, Transform):
        transform = Transform(tuple(transform))
    values = transform.as_dict()
    if format:
        values["output"]["format"] = format
    return values


def _spell(name: str, value: QueryValue) -> Pairs:
    if isinstance(value, Transform):
        return _spell_transform(value)
    return ((name, _spell_value(value)),)


def _spell_transform(transform: Transform) -> Pairs:
    pairs: list[tuple[str, str]] = []
    text = spell_text(transform.operations)
    if text:
        pairs.append((TRANSFORM, text))
    parameters = Output.parameters()
    for name, value in transform.output.non_defaults().items():
        query_name = parameters[name].short or name
        pairs.append((query_name, _spell_value(value)))
    return tuple(pairs)


def _spell_value(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return ";".join(value)
    return json.dumps(value)
