"""Bodies of JSON: one object of bounded size, in which no name stands twice."""

from typing import Any

from rest_framework.request import Request

from progimage.errors import BodyTooLarge, ParameterError, UnsupportedFormat
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
    check_body(request)
    if int(request.headers["Content-Length"]) > MAX_JSON_BYTES:
        raise BodyTooLarge(f"Expected at most {MAX_JSON_BYTES} bytes of JSON")
    value = parse_json(request._request.read(MAX_JSON_BYTES))  # noqa: SLF001 - DRF's stream needs a parser
    if not isinstance(value, dict):
        raise ParameterError(f"Expected a JSON object but received {type(value).__name__}")
    return value
