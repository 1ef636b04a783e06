"""From a request to its answer, if the fast path is sure of one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.http import HttpRequest

from images.api.schema.endpoint import ApiView
from images.api.views.images import ImageView, RenditionView
from images.delivery.delivery_options import DeliveryOptions
from images.delivery.responses import (
    check_conditions,
    find_part,
    headers_with_body,
    headers_without_body,
    image_headers,
    result_headers,
)
from images.models import Visibility
from images.services import hit_counts
from images.storage import originals, renditions
from progimage.errors import ProgImageError
from progimage.signing import EXPIRES

from .incoming import IncomingRequest
from .meaning import Meaning, find_meaning
from .rights import Credentials, may_see
from .rows import ImageRow, RenditionRow, Rows, find_rows


def _allow(view: ApiView) -> str:
    view.setup(HttpRequest())
    return ", ".join(view.allowed_methods)


_ALLOW = {True: _allow(RenditionView()), False: _allow(ImageView())}
"""The header that Django REST framework adds, by whether the path has an extension."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with an image. `content` is open at its first byte, or None if the response has no body.

    `key_prefix` is that of the API key, for the log."""

    status: int
    headers: dict[str, str]
    content: IO[bytes] | None
    length: int
    key_prefix: str | None
    rendition_id: int | None

    def count(self) -> None:
        """Count a hit of the rendition, if a body is sent."""
        if self.content is not None and self.rendition_id is not None:
            hit_counts.count_row(self.rendition_id)


def find_answer(environ: Mapping[str, Any]) -> Answer | None:
    """Return the answer to a request. None if Django must find it.

    No connection to Postgres is held any more. The caller closes the content."""
    request = IncomingRequest.read(environ)
    if request is None:
        return None
    credentials = Credentials.read(request)
    is_signed = request.signed_query is not None
    meaning = find_meaning(request.query, request.extension, is_signed=is_signed)
    if credentials is None or meaning is None:
        return None
    try:
        rows = _find_rows(request, credentials, meaning)
        if rows is None:
            return None
        return _answer(request, credentials, meaning, rows)
    except (ProgImageError, FileNotFoundError):
        return None


def _find_rows(request: IncomingRequest, credentials: Credentials, meaning: Meaning) -> Rows | None:
    """Return the rows of a request that may see the image. None if one is missing.

    A second statement is needed if the cache key depends on the image, for example on its focal point."""
    prefix = credentials.prefix
    rows = find_rows(request.image_id, key_prefix=prefix, tails=meaning.first_tails)
    if rows is None or not may_see(request, credentials, rows.image, rows.key):
        return None
    if meaning.query.transform is None:
        return rows
    tails = meaning.find_tails(rows.image.shape, request.accept)
    if tails != meaning.first_tails:
        rows = find_rows(request.image_id, key_prefix=prefix, tails=tails)
        if rows is None or not may_see(request, credentials, rows.image, rows.key):
            return None
    return rows if rows.rendition else None


def _answer(
    request: IncomingRequest, credentials: Credentials, meaning: Meaning, rows: Rows
) -> Answer | None:
    """Return the answer with the file of the rows. Raise FileNotFoundError or ProgImageError."""
    query = meaning.query
    options = DeliveryOptions(
        method=request.method,
        headers=request.conditions,
        download=query.download,
        is_versioned=query.is_versioned,
        expires_at=_expires_at(request.signed_query),
    )
    row: ImageRow | RenditionRow = rows.rendition or rows.image
    headers = image_headers(
        options,
        is_immutable=options.is_versioned or rows.rendition is None,
        is_public=rows.image.visibility == Visibility.PUBLIC,
        is_negotiated=meaning.is_negotiated,
        successor_id=rows.image.successor_id,
    )
    rendition_id = None
    if rows.rendition is not None:
        headers |= result_headers(rows.rendition, rows.rendition.cache_key)
        rendition_id = rows.rendition.id
    allow = {"Allow": _ALLOW[request.extension is not None]}
    prefix = credentials.prefix or None
    status = check_conditions(row, options)
    if status is not None:
        headers |= headers_without_body(row, status) | allow
        return Answer(status, headers, None, 0, prefix, rendition_id)
    part = find_part(row, options)
    start = part.start if part else 0
    stop = part.stop if part else row.size_bytes
    content = _open(row, start, None if part is None else stop)
    if content is None:
        return None
    headers |= headers_with_body(row, part) | allow
    return Answer(206 if part else 200, headers, content, stop - start, prefix, rendition_id)


def _open(row: ImageRow | RenditionRow, start: int, stop: int | None) -> IO[bytes] | None:
    """Open the bytes of a row. None if a file on this machine has another length than its row says."""
    storage = renditions() if isinstance(row, RenditionRow) else originals()
    content = storage.open_range(row.storage_name, start, stop)
    try:
        size_bytes = os.fstat(content.fileno()).st_size
    except (AttributeError, OSError):  # no file: the storage sends no more and no less than its object has
        return content
    if size_bytes != row.size_bytes:
        content.close()
        return None
    return content


def _expires_at(signed_query: str | None) -> int | None:
    """Return the end of a signature that has been checked, in unix seconds."""
    if signed_query is None:
        return None
    for pair in signed_query.split("&"):
        name, _, value = pair.partition("=")
        if name == EXPIRES:
            return int(value)
    return None
