"""Bodies of JSON: one object of bounded size, in which no name stands twice."""

import json
from typing import Any

from rest_framework.request import Request

from progimage.errors import ParameterError, UnsupportedFormat
from progimage.operations import parse_json

from ..uploads import check_body

MAX_JSON_BYTES = 1_000_000
JSON = "application/json"


def media_type_of(request: Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().lower()


def read_object(request: Request) -> dict[str, Any]:
    """Raises UnsupportedFormat, LengthRequired, BodyTooLarge or ParameterError."""
    if media_type_of(request) != JSON:
        raise UnsupportedFormat(f"Expected {JSON} but received {media_type_of(request)[:60]!r}")
    check_body(request, max_bytes=MAX_JSON_BYTES)
    value = parse_json(request._request.read(MAX_JSON_BYTES))  # noqa: SLF001 - DRF's stream needs a parser
    if not isinstance(value, dict):
        raise ParameterError(f"Expected a JSON object but received {type(value).__name__}")
    return value


def fields_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a fingerprint is made of: two spellings of the same values are one."""
    return [(name, json.dumps(value, sort_keys=True)) for name, value in body.items()]
