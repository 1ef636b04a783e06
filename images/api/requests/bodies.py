"""Which kind of body a request has, and bodies of JSON: one object of bounded size, no name in it twice."""

import json
from typing import Any

from django.conf import settings
from django.http import QueryDict
from rest_framework.request import Request

from images.receiving.forms import FORM, OVERHEAD_BYTES
from images.receiving.uploads import check_body
from progimage.errors import ParameterError, UnsupportedFormat
from progimage.transform import parse_json
from transforms.formats.table import ACCEPTED_MEDIA_TYPES

MAX_JSON_BYTES = 1_000_000
JSON = "application/json"


def media_type_of(request: Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().lower()


def check_image_body(request: Request) -> str:
    """Return the media type of a body that brings an image: image/..., FORM or JSON.

    Raises UnsupportedFormat, LengthRequired or BodyTooLarge."""
    media_type = media_type_of(request)
    most = {FORM: settings.MAX_REQUEST_BYTES + OVERHEAD_BYTES, JSON: MAX_JSON_BYTES}
    max_bytes = most.get(media_type, settings.MAX_UPLOAD_BYTES)
    check_body(request._request, max_bytes=max_bytes)  # noqa: SLF001
    if media_type not in most and not media_type.startswith("image/"):
        raise UnsupportedFormat(
            f"Expected {FORM}, {JSON} or one of {', '.join(ACCEPTED_MEDIA_TYPES)} "
            f"but received {media_type[:60]!r}"
        )
    return media_type


def read_object(request: Request) -> dict[str, Any]:
    """Raises UnsupportedFormat, LengthRequired, BodyTooLarge or ParameterError."""
    if media_type_of(request) != JSON:
        raise UnsupportedFormat(f"Expected {JSON} but received {media_type_of(request)[:60]!r}")
    check_body(request._request, max_bytes=MAX_JSON_BYTES)  # noqa: SLF001
    value = parse_json(request._request.read(MAX_JSON_BYTES))  # noqa: SLF001 - DRF's stream needs a parser
    if not isinstance(value, dict):
        raise ParameterError(f"Expected a JSON object but received {type(value).__name__}")
    return value


def fields_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a fingerprint is made of: two spellings of the same values are one."""
    return [(name, json.dumps(value, sort_keys=True)) for name, value in body.items()]


def pairs_of(fields: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in fields.lists() for value in values]
