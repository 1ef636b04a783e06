"""Responses with the bytes of an image: conditional, by range, streamed.

Their headers let no browser take an image for a page. Cache headers stand on responses with an image only: an
error is never cached (config/http/problems.py)."""

import base64
import time
from collections.abc import Iterator
from typing import IO
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from images.models import Image, Rendition, Visibility
from images.receiving.uploads import CHUNK_BYTES
from images.renditions.getting import OpenRendition, open_rendition
from images.renditions.preparing import Prepared
from images.renditions.rendering import RenderedFile
from images.services import finding
from images.services.reading import open_original
from progimage.errors import Unavailable
from transforms.engine import Rendered

from .byte_ranges import ByteRange, find_range
from .conditions import check_if_match, is_not_modified
from .contents import Content, ImageResponse, Sized
from .delivery_options import DeliveryOptions
from .header_names import ANY_ORIGIN, CACHE_KEY, IF_MATCH, IF_NONE_MATCH, SAFETY, SIZES, shorten_filename

_YEAR_S = 31_536_000
_IMMUTABLE = f"max-age={_YEAR_S}, immutable"


def deliver_original(image: Image, options: DeliveryOptions) -> HttpResponseBase:
    """Respond with the uploaded bytes.

    Raise ObjectMissing, NotFound, PreconditionFailed, RangeNotSatisfiable or Unavailable."""
    headers = image_headers(
        options,
        is_immutable=True,
        is_public=image.visibility == Visibility.PUBLIC,
        is_negotiated=False,
        successor_id=_find_successor_id(image),
    )
    status = check_conditions(image, options)
    if status is not None:
        return _without_body(image, status, headers)
    part = find_part(image, options)
    content = open_original(image, part.start, part.stop) if part else open_original(image)
    return _with_body(image, content, headers, part)


def deliver_rendition(prepared: Prepared, options: DeliveryOptions) -> HttpResponseBase:
    """Respond with the result of a transform. Render it if it is not kept, or its bytes are lost.

    Raise as `open_rendition` and `deliver_original` do."""
    with open_rendition(prepared) as rendition:
        row = rendition.row
        status = check_conditions(row, options)
        if status is not None:
            return _without_body(row, status, _headers_of_rendition(rendition, options))
        part = find_part(row, options)
        content = rendition.open_range(part.start, part.stop) if part else rendition.open()
        row = rendition.row  # perhaps another one: its bytes were lost, and it was rendered again
        response = _with_body(row, content, _headers_of_rendition(rendition, options), part)
        response.rendition_id = row.pk
        return response


def send_rendition(prepared: Prepared) -> HttpResponseBase:
    """Respond to a POST with a stored image's rendition. Render it if it is not kept."""
    with open_rendition(prepared) as rendition:
        content = rendition.open()
        row = rendition.row
        return _send(row, content, row.cache_key, is_negotiated=prepared.is_negotiated)


def send_rendered(prepared: Prepared, rendered: RenderedFile) -> HttpResponseBase:
    """Respond to a POST with a result that is kept nowhere."""
    return _send(rendered.facts, rendered.file, prepared.cache_key, is_negotiated=prepared.is_negotiated)


def chunks(content: IO[bytes], length: int) -> Iterator[bytes]:
    """Yield `length` bytes and close the content.

    Content that ends too early must not look whole: the error breaks the connection off."""
    with content:
        while length > 0 and (chunk := content.read(min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk
    if length > 0:
        raise Unavailable(f"The storage ended an object {length} bytes before its end")


def _send(
    result: Rendition | Rendered, content: IO[bytes], cache_key: str, *, is_negotiated: bool
) -> HttpResponseBase:
    size_bytes = result.size_bytes or 0
    headers = SAFETY | result_headers(result, cache_key) | _identity(result)
    headers |= {
        "Cache-Control": "no-store",
        "Content-Disposition": "inline",
        "Content-Type": result.media_type,
        "Content-Length": str(size_bytes),
    }
    if is_negotiated:
        headers["Vary"] = "Accept"
    return StreamingHttpResponse(chunks(content, size_bytes), headers=headers)


def result_headers(result: Sized, cache_key: str) -> dict[str, str]:
    """Return the headers about the pixels of a result."""
    width, height, frames = SIZES
    return {
        width: str(result.width),
        height: str(result.height),
        frames: str(result.frames),
        CACHE_KEY: cache_key,
    }


def _identity(row: Content) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(row.sha256)).decode()
    return {"ETag": _etag(row), "Repr-Digest": f"sha-256=:{digest}:"}  # RFC 9530


def _etag(row: Content) -> str:
    return f'"{row.sha256}"'


def check_conditions(row: Content, options: DeliveryOptions) -> int | None:
    """Return the status of a response that needs no body: 304, or 200 for HEAD. None if the body is needed.

    Raise PreconditionFailed."""
    etag = _etag(row)
    if IF_MATCH in options.headers:
        check_if_match(options.headers, etag)
    if IF_NONE_MATCH in options.headers and is_not_modified(options.headers, etag):
        return 304
    return 200 if options.method == "HEAD" else None


def find_part(row: Content, options: DeliveryOptions) -> ByteRange | None:
    """Return the range to send; None for the whole. Raise RangeNotSatisfiable."""
    if "Range" not in options.headers:
        return None
    etag = _etag(row)
    if options.headers.get("If-Range", etag) != etag:
        return None
    return find_range(options.headers["Range"], size_bytes=row.size_bytes or 0)


def headers_without_body(row: Content, status: int) -> dict[str, str]:
    """Return the last headers of a 304, or of a HEAD."""
    headers = _identity(row) | {"Accept-Ranges": "bytes"}
    if status != HttpResponseNotModified.status_code:
        headers["Content-Type"] = row.media_type
        headers["Content-Length"] = str(row.size_bytes or 0)
    return headers


def headers_with_body(row: Content, part: ByteRange | None) -> dict[str, str]:
    """Return the last headers of a response with the whole content, or with a part of it."""
    size_bytes = row.size_bytes or 0
    headers = _identity(row)
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Type"] = row.media_type
    headers["Content-Length"] = str(part.length if part else size_bytes)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size_bytes}"
    return headers


def image_headers(
    options: DeliveryOptions,
    *,
    is_immutable: bool,
    is_public: bool,
    is_negotiated: bool,
    successor_id: UUID | None,
) -> dict[str, str]:
    """Return the headers about caches, reading by other origins, and the file name."""
    max_age = _max_age(options, is_immutable=is_immutable)
    headers = {"Cache-Control": f"{'public' if is_public else 'private'}, {max_age}"}
    if is_public or options.expires_at is not None:
        # A page may read an image that it may show: no cookie or key counts here.
        headers |= ANY_ORIGIN
    varying = []
    if is_negotiated:
        varying.append("Accept")
    if not is_public:
        varying.append("Authorization")
    if varying:
        headers["Vary"] = ", ".join(varying)
    if successor_id is not None:
        # RFC 5829: a newer version of the same resource
        headers["Link"] = f'<{settings.PUBLIC_URL}/images/{successor_id}>; rel="successor-version"'
    headers["Content-Disposition"] = "inline"
    if options.download is not None:
        disposition = content_disposition_header(True, shorten_filename(options.download))
        headers["Content-Disposition"] = disposition or "attachment"
    return SAFETY | headers


def _headers_of_rendition(rendition: OpenRendition, options: DeliveryOptions) -> dict[str, str]:
    """Return the first headers of a rendition. A result that an overview will replace is not immutable."""
    prepared = rendition.prepared
    headers = image_headers(
        options,
        is_immutable=options.is_versioned and not prepared.awaits_overview,
        is_public=prepared.image.visibility == Visibility.PUBLIC and prepared.recipe.is_public,
        is_negotiated=prepared.is_negotiated,
        successor_id=_find_successor_id(prepared.image),
    )
    return headers | result_headers(rendition.row, rendition.row.cache_key)


def _without_body(row: Content, status: int, headers: dict[str, str]) -> HttpResponse:
    headers = headers | headers_without_body(row, status)
    if status == HttpResponseNotModified.status_code:
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(headers=headers)


def _with_body(
    row: Content, content: IO[bytes], headers: dict[str, str], part: ByteRange | None
) -> ImageResponse:
    length = part.length if part else row.size_bytes or 0
    headers = headers | headers_with_body(row, part)
    return ImageResponse(chunks(content, length), headers=headers, status=206 if part else 200)


def _find_successor_id(image: Image) -> UUID | None:
    if image.replaced_by_id is None or finding.find_successor(image) is None:
        return None
    return image.replaced_by_id


def _max_age(options: DeliveryOptions, *, is_immutable: bool) -> str:
    """Return the directive that bounds a cache's time: a signed URL is kept no longer than it is valid."""
    if options.expires_at is None and is_immutable:
        return _IMMUTABLE
    age_s = _YEAR_S if is_immutable else settings.RENDITION_MAX_AGE_S
    if options.expires_at is not None:
        remaining_s = max(0, options.expires_at - int(time.time()))
        age_s = min(age_s, remaining_s)
    return f"max-age={age_s}"
