"""Paths and queries of the API, as requests and URLs hold them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from progimage.errors import ParameterError
from progimage.operations import Operation, Output
from progimage.text_form import TRANSFORM, is_query, parse_query, spell_text
from progimage.transform import Transform

ImageId = UUID | str

TransformSpec = Transform | str | Iterable[Operation]
"""A transform, its text form, or its operations."""

AheadSpec = TransformSpec | Mapping[str, Any]
"""The same, or the query of an image's URL: as text, or by its names as `download` has them."""

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


def rendition_address(image_id: ImageId, query: Mapping[str, object]) -> Address:
    """Return the address of a rendition, or of the original if `query` has neither format nor transform.

    Raise ParameterError if the transform is invalid, has no format, or repeats a parameter."""
    pairs = _spell_query(query)
    format = _format_of(pairs)
    if format == "auto":
        # No extension means auto. The query says it.
        return image_address(image_id, query=pairs)
    pairs_without_format = tuple(pair for pair in pairs if pair[0] not in _FORMAT_NAMES)
    if format:
        return image_address(image_id, f".{format}", pairs_without_format)
    if any(name not in _DELIVERY_NAMES for name, _ in pairs_without_format):
        raise ParameterError("Expected a format for a transform but received none", pointer="/format")
    return image_address(image_id, query=pairs_without_format)


def rendition_format(query: Mapping[str, object]) -> str | None:
    """Return the format that a query names; None if it asks for the original."""
    return _format_of(_spell_query(query))


def read_transform(transform: TransformSpec, format: str | None = None) -> Transform:
    """Return the transform of a text form or of operations. If `format` is given, it replaces the output's.

    Raise ParameterError if the transform is invalid."""
    if isinstance(transform, str):
        transform = parse_query([(TRANSFORM, transform)])
    elif not isinstance(transform, Transform):
        transform = Transform(tuple(transform))
    if format is None:
        return transform
    output = Output.from_dict(transform.output.as_dict() | {"format": format})
    return Transform(transform.operations, output)


def read_ahead(spec: AheadSpec) -> Transform:
    """Return the transform of a rendition that is made ahead. Raise ParameterError if it is invalid."""
    if isinstance(spec, Mapping):
        return parse_query(_spell_query(spec))
    if isinstance(spec, str) and is_query(spec):
        pairs = parse_qsl(spec.removeprefix("?"), keep_blank_values=True)
        return parse_query(pairs)
    return read_transform(spec)


def _spell_query(query: Mapping[str, object]) -> Pairs:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is not None:
            pairs += _spell(name, value)
    return tuple(pairs)


def _format_of(pairs: Pairs) -> str | None:
    transform_pairs = [pair for pair in pairs if pair[0] not in _DELIVERY_NAMES]
    return parse_query(transform_pairs, beside=_DELIVERY_NAMES).output.format


def _spell(name: str, value: object) -> Pairs:
    if name == TRANSFORM and isinstance(value, Iterable) and not isinstance(value, str):
        return _spell_transform(Transform(tuple(value)))
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
        return ";".join(_spell_value(item) for item in value)
    try:
        return json.dumps(value)
    except TypeError as error:
        raise ParameterError(
            f"Expected text, numbers or true and false but received {value!r:.60}"
        ) from error
