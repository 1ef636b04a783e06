"""From a request to its answer, if the fast path is sure of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.http import HttpRequest

from images.api.schema.endpoint import ApiView
from images.api.views.images import ImageView, RenditionView
from images.delivery.answer_facts import AnswerFacts
from images.delivery.delivery_options import DeliveryOptions
from images.delivery.invalidation import of_image
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
from images.storage import ExpectedBytes, originals, renditions
from progimage.errors import ProgImageError
from progimage.signing import EXPIRES

from .incoming import IncomingRequest
from .key_shapes import shapes
from .meaning import Meaning, find_meaning
from .rights import Credentials, may_see
from .rows import ImageRow, RenditionRow, Rows, find_rows

_MAX_STATEMENTS = 2


def _allow(view: ApiView) -> str:
    view.setup(HttpRequest())
    return ", ".join(view.allowed_methods)


_ALLOW = {True: _allow(RenditionView()), False: _allow(ImageView())}
"""The header that Django REST framework adds, by whether the path has an extension."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with an image. `content` is open at its first byte, or None if the response has no body."""

    status: int
    headers: dict[str, str]
    content: IO[bytes] | None
    length: int
    facts: AnswerFacts

    def count(self) -> None:
        """Count a hit of the rendition, if a body is sent."""
        rendition_id = self.facts.rendition_id
        if self.content is not None and rendition_id is not None:
            hit_counts.count_row(rendition_id)


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows of an answer. An overview that is awaited will change it."""

    rows: Rows
    awaits_overview: bool = False


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
        found = _find_rows(request, credentials, meaning)
        if found is None:
            return None
        return _answer(request, credentials, meaning, found)
    except (ProgImageError, FileNotFoundError):
        return None


def _find_rows(request: IncomingRequest, credentials: Credentials, meaning: Meaning) -> _Found | None:
    """Return the rows of a request that may see the image. None if one is missing.

    The cache key may depend on the image, for example on its focal point. So the first statement goes by the
    last row of the image that was read. If the row of now leads to another key, a second one follows."""
    tails = _guess_tails(request, meaning)
    for _ in range(_MAX_STATEMENTS):
        rows = find_rows(request.image_id, key_prefix=credentials.prefix, tails=tails)
        if rows is None or not may_see(request, credentials, rows.image, rows.key):
            return None
        tail = meaning.find_tail(rows.image.shape, request.accept)
        if tail is None:
            return _Found(rows)
        if tail.text in tails:
            return _Found(rows, tail.awaits_overview) if rows.tail == tail.text else None
        shapes.keep(request.image_id, rows.image.shape)
        tails = (tail.text,)
    return None


def _guess_tails(request: IncomingRequest, meaning: Meaning) -> tuple[str, ...]:
    shape = shapes.find(request.image_id)
    if shape is None:
        return meaning.first_tails
    tail = meaning.find_tail(shape, request.accept)
    return () if tail is None else (tail.text,)


def _answer(
    request: IncomingRequest, credentials: Credentials, meaning: Meaning, found: _Found
) -> Answer | None:
    """Return the answer with the file of the rows. Raise FileNotFoundError or ProgImageError."""
    query = meaning.query
    rows = found.rows
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
        is_immutable=rows.rendition is None or (options.is_versioned and not found.awaits_overview),
        is_public=rows.image.visibility == Visibility.PUBLIC,
        is_negotiated=meaning.is_negotiated,
        successor_id=rows.image.successor_id,
    )
    if rows.rendition is not None:
        headers |= result_headers(rows.rendition, rows.rendition.cache_key)
    allow = {"Allow": _ALLOW[request.extension is not None]}
    facts = _facts(request, credentials, rows, options)
    status = check_conditions(row, options)
    if status is not None:
        headers |= headers_without_body(row, status) | allow
        return Answer(status, headers, None, 0, facts)
    part = find_part(row, options)
    start = part.start if part else 0
    stop = part.stop if part else row.size_bytes
    content = _open(row, start, None if part is None else stop)
    headers |= headers_with_body(row, part) | allow
    return Answer(206 if part else 200, headers, content, stop - start, facts)


def _facts(
    request: IncomingRequest, credentials: Credentials, rows: Rows, options: DeliveryOptions
) -> AnswerFacts:
    facts = AnswerFacts(
        path=request.path,
        subjects=[of_image(request.image_id)],
        signature_ends_at=options.expires_at,
        rendition_id=rows.rendition.id if rows.rendition else None,
    )
    if rows.key is not None:
        facts.name_key(credentials.prefix, rows.key.account_id, rows.key.expires_at)
    return facts


def _open(row: ImageRow | RenditionRow, start: int, stop: int | None) -> IO[bytes]:
    """Open the bytes of a row. Raise FileNotFoundError if the storage has other bytes than the row says."""
    storage = renditions() if isinstance(row, RenditionRow) else originals()
    expected = ExpectedBytes(row.size_bytes, row.sha256)
    return storage.open_range(row.storage_name, start, stop, expected=expected)


def _expires_at(signed_query: str | None) -> int | None:
    """Return the end of a signature that has been checked, in unix seconds."""
    if signed_query is None:
        return None
    for pair in signed_query.split("&"):
        name, _, value = pair.partition("=")
        if name == EXPIRES:
            return int(value)
    return None
