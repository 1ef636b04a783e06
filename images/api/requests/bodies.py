"""Bodies of requests: of which kind they are, and JSON objects of bounded size without repeated names."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from images.receiving.forms import FORM, OVERHEAD_BYTES
from images.receiving.uploads import check_body
from progimage.errors import ParameterError, UnsupportedFormat
from progimage.transform import parse_json
from progimage.wording import show_value
from transforms.formats.table import ACCEPTED_MEDIA_TYPES

MAX_JSON_BYTES = 1_000_000
JSON = "application/json"


def unread(request: Request) -> HttpRequest:
    """Return Django's request, whose body is a stream that nobody has read. DRF's own would parse it."""
    http_request: HttpRequest = request._request  # noqa: SLF001
    return http_request


def media_type_of(request: HttpRequest) -> str:
    """Return the media type without its parameters, in lower case."""
    return (request.content_type or "").strip().lower()


def check_image_body(request: HttpRequest) -> str:
    """Return the media type of a body that brings an image: image/..., FORM or JSON.

    Raise UnsupportedFormat, LengthRequired or BodyTooLarge."""
    media_type = media_type_of(request)
    limits = {
        FORM: settings.MAX_REQUEST_BYTES + OVERHEAD_BYTES,
        JSON: MAX_JSON_BYTES,
    }
    check_body(request, max_bytes=limits.get(media_type, settings.MAX_UPLOAD_BYTES))
    if media_type not in limits and not media_type.startswith("image/"):
        raise UnsupportedFormat(
            f"Expected {FORM}, {JSON} or one of {', '.join(ACCEPTED_MEDIA_TYPES)} "
            f"but received {media_type[:60]!r}"
        )
    return media_type


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Return a JSON object. Raise UnsupportedFormat, LengthRequired, BodyTooLarge or ParameterError."""
    media_type = media_type_of(request)
    if media_type != JSON:
        raise UnsupportedFormat(f"Expected {JSON} but received {media_type[:60]!r}")
    check_body(request, max_bytes=MAX_JSON_BYTES)
    value = parse_json(request.read(MAX_JSON_BYTES))
    if not isinstance(value, dict):
        raise ParameterError(f"Expected a JSON object but received {show_value(value)}")
    return value
