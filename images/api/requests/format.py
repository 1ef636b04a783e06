"""Which format a request means: the extension's, one that its query names, or the best that it accepts."""

from dataclasses import replace

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from images.delivery.responses import Asked, deliver_rendition
from images.models import Image
from images.renditions.other_images import find_others
from images.renditions.preparing import choose_format
from images.renditions.sources import header_of
from progimage.errors import ParameterError, UnsupportedFormat
from progimage.operations import Output
from progimage.transform import Transform
from transforms.formats.table import FORMATS, WRITABLE, Format, format_by_extension

from .finding import finding
from .parsing import place_in_query, pointed


def find_format(extension: str) -> Format:
    """Raises UnsupportedFormat for what is never written."""
    format = format_by_extension(extension)
    if format is not None and format.can_write:
        return format
    known = ", ".join(known for name in WRITABLE for known in FORMATS[name].extensions)
    raise UnsupportedFormat(f"Expected one of {known}, json as extension but received {extension[:20]!r}")


def as_format(transform: Transform, format: Format) -> Transform:
    """Return the transform with the extension's format; "auto" stays. Raises ParameterError for another."""
    named = transform.output.format
    if named == "auto":
        return transform
    if named not in (None, format.name):
        raise ParameterError(
            f"Expected no format but auto beside the extension, which says {format.name}, "
            f"but received {named!r}",
            pointer="/format",
        )
    output = Output.from_dict(transform.output.as_dict() | {"format": format.name})
    return Transform(transform.operations, output)


def deliver_negotiated(
    request: Request, image: Image, transform: Transform, asked: Asked, *, fallback: Format
) -> HttpResponseBase:
    """Deliver the rendition; where its format is "auto", in the best that the request's Accept names."""
    asked = replace(asked, is_negotiated=transform.output.format == "auto")
    accept = request.headers.get("Accept", "")
    transform = choose_format(transform, accept, header_of(image), fallback)
    with finding(request) as finder, pointed(place_in_query(request.query_params)):
        return deliver_rendition(request, image, find_others(transform, finder.find_other), asked)
