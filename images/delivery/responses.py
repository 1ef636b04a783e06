"""GET of an image: conditional, by range, streamed, with headers that let nothing be taken for a page.

Cache headers stand on answers with an image alone: an error is never cached (config/http/problems.py)."""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from images import services
from images.database import release_connection
from images.models import Image, Rendition, Visibility
from images.receiving.uploads import CHUNK_BYTES
from images.renditions.getting import OpenRange, use_rendition
from images.renditions.rendering import RenderedFile
from images.renditions.sources import Recipe
from images.services.reading import open_original
from progimage.errors import PreconditionFailed, Unavailable
from transforms.engine import Rendered

from . import byte_ranges

_YEAR_S = 31_536_000
_IMMUTABLE = f"max-age={_YEAR_S}, immutable"
_SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
SIZES = ("Image-Width", "Image-Height", "Image-Frames")
CACHE_KEY = "Transform-Key"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request says of the answer, beside the transform."""

    download: str | None = None
    is_versioned: bool = False
    is_negotiated: bool = False
    """Whether another Accept might have had another format."""
    expires_at: int | None = None
    """When the URL's signature ends, in unix seconds."""


def deliver_original(request: HttpRequest, image: Image, asked: Asked) -> HttpResponseBase:
    """Answer with the bytes that were uploaded. Raises ObjectMissing, NotFound, RangeNotSatisfiable."""
    is_public = image.visibility == Visibility.PUBLIC
    headers = _headers(image, asked, is_immutable=True, is_public=is_public)
    return _answer(request, image, partial(open_original, image), headers)


def deliver_rendition(request: HttpRequest, image: Image, recipe: Recipe, asked: Asked) -> HttpResponseBase:
    """Answer with the transform's result, rendered now where it has not been before, or was lost."""
    is_public = image.visibility == Visibility.PUBLIC and recipe.is_public
    headers = _headers(image, asked, is_immutable=asked.is_versioned, is_public=is_public)

    def answer(row: Rendition, open_range: OpenRange) -> HttpResponseBase:
        return _answer(request, row, open_range, headers | _facts(row, row.cache_key))

    return use_rendition(image, recipe, answer)


def send_rendition(image: Image, recipe: Recipe, *, is_negotiated: bool) -> HttpResponseBase:
    """Answer a POST with a stored image's rendition, made where it has not been before."""

    def send(row: Rendition, open_range: OpenRange) -> HttpResponseBase:
        return _send(row, open_range(0, None), row.cache_key, is_negotiated=is_negotiated)

    return use_rendition(image, recipe, send)


def send_rendered(rendered: RenderedFile, cache_key: str, *, is_negotiated: bool) -> HttpResponseBase:
    """Answer a POST with a result that is kept nowhere."""
    return _send(rendered.facts, rendered.file, cache_key, is_negotiated=is_negotiated)


def _send(
    result: Rendition | Rendered, content: IO[bytes], cache_key: str, *, is_negotiated: bool
) -> HttpResponseBase:
    size = result.size_bytes or 0
    headers = (
        _SAFETY
        | _facts(result, cache_key)
        | _identity(result)
        | {
            "Cache-Control": "no-store",
            "Content-Disposition": "inline",
            "Content-Type": result.media_type,
            "Content-Length": str(size),
        }
    )
    if is_negotiated:
        headers["Vary"] = "Accept"
    release_connection()
    return StreamingHttpResponse(chunks(content, size), headers=headers)


def _facts(result: Rendition | Rendered, cache_key: str) -> dict[str, str]:
    sizes = (result.width, result.height, result.frames)
    return dict(zip(SIZES, map(str, sizes), strict=True)) | {CACHE_KEY: cache_key}


def _identity(row: Image | Rendition | Rendered) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(row.sha256)).decode()
    return {"ETag": f'"{row.sha256}"', "Repr-Digest": f"sha-256=:{digest}:"}  # RFC 9530


def _answer(
    request: HttpRequest, row: Image | Rendition, open_range: OpenRange, headers: dict[str, str]
) -> HttpResponseBase:
    size = row.size_bytes or 0
    etag = f'"{row.sha256}"'
    headers = headers | _identity(row) | {"Accept-Ranges": "bytes"}
    if _is_named(request, "If-Match", etag, is_weak=False) is False:
        raise PreconditionFailed(f"Expected the image with ETag {etag}")
    if _is_named(request, "If-None-Match", etag, is_weak=True):
        return HttpResponse(status=304, headers=headers)
    headers |= {"Content-Type": row.media_type, "Content-Length": str(size)}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    part = byte_ranges.asked_range(request, size=size, etag=etag)
    start, stop = part or (0, size)
    if part:
        headers["Content-Length"] = str(stop - start)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    opened = open_range(start, stop if part else None)
    release_connection()
    return StreamingHttpResponse(chunks(opened, stop - start), status=206 if part else 200, headers=headers)


def _is_named(request: HttpRequest, header: str, etag: str, *, is_weak: bool) -> bool | None:
    """Return whether a condition names this ETag; None where there is no such condition.

    Conditions by date are ignored: no modification date is kept (RFC 9110, sections 13.1.3 and 13.1.4)."""
    if header not in request.headers:
        return None
    named = parse_etags(request.headers[header])
    return "*" in named or etag in ([tag.removeprefix("W/") for tag in named] if is_weak else named)


def _headers(image: Image, asked: Asked, *, is_immutable: bool, is_public: bool) -> dict[str, str]:
    headers = {"Cache-Control": f"{'public' if is_public else 'private'}, {_age(asked, is_immutable)}"}
    if (
        is_public or asked.expires_at is not None
    ):  # what a page may show it may read too: no cookie or key counts here
        headers["Access-Control-Allow-Origin"] = "*"
    varies = ("Accept",) * asked.is_negotiated + ("Authorization",) * (not is_public)
    if varies:
        headers["Vary"] = ", ".join(varies)
    if image.replaced_by_id is not None and services.find_successor(image) is not None:
        # RFC 5829: a newer version of the same resource
        headers["Link"] = f'<{settings.PUBLIC_URL}/images/{image.replaced_by_id}>; rel="successor-version"'
    is_download = asked.download is not None
    disposition = content_disposition_header(is_download, asked.download or "")
    return _SAFETY | headers | {"Content-Disposition": disposition or "inline"}


def _age(asked: Asked, is_immutable: bool) -> str:
    """A signed URL is not kept longer than it holds."""
    if asked.expires_at is None and is_immutable:
        return _IMMUTABLE
    age_s = _YEAR_S if is_immutable else settings.RENDITION_MAX_AGE_S
    left_s = age_s if asked.expires_at is None else max(0, asked.expires_at - int(time.time()))
    return f"max-age={min(age_s, left_s)}"


def chunks(opened: IO[bytes], length: int) -> Iterator[bytes]:
    """What ends too early must not look whole: an error breaks the connection off."""
    with opened:
        while length > 0 and (chunk := opened.read(min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk
    if length > 0:
        raise Unavailable(f"The storage ended an object {length} bytes before its end")
