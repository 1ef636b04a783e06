"""From a request to its answer, if the fast path is sure of one."""

from collections.abc import MutableMapping
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any

from django.db import Error
from django.http import HttpRequest

from images.api.schema.endpoint import ApiView
from images.api.views.images import ImageView, RenditionView
from images.delivery.answer_facts import FAILED_RENDER, AnswerFacts
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
from images.models import Rendition, Visibility
from images.services import hit_counts
from progimage.errors import ProgImageError
from progimage.signing import EXPIRES

from .incoming import IncomingRequest
from .key_shapes import shapes
from .meaning import KeyTail, Meaning, find_meaning
from .rights import Credentials, may_see
from .rows import Rows, find_rows
from .targets import Target, make_target

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
class _Asked:
    """A request that has been read."""

    request: IncomingRequest
    credentials: Credentials
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows of a request. `tail` is that of a rendition's key, and None if the original answers."""

    rows: Rows
    tail: KeyTail | None = None


def find_answer(environ: MutableMapping[str, Any]) -> Answer | None:
    """Return the answer to a request. Make the rendition if it has no row. None if Django must answer.

    No connection to Postgres is held any more. The caller closes the content."""
    request = IncomingRequest.read(environ)
    if request is None:
        return None
    credentials = Credentials.read(request)
    is_signed = request.signed_query is not None
    meaning = find_meaning(request.query, request.extension, is_signed=is_signed)
    if credentials is None or meaning is None:
        return None
    asked = _Asked(request, credentials, meaning)
    try:
        found = _find_rows(asked)
        if found is None:
            return None
        target = _find_target(environ, meaning, found)
        if target is None:
            return None
        with closing(target):
            return _answer(asked, found.rows, target)
    except (ProgImageError, FileNotFoundError, Error):
        return None


def _find_rows(asked: _Asked) -> _Found | None:
    """Return the rows of a request that may see the image. None if Django must answer.

    The cache key may depend on the image, for example on its focal point. So the first statement goes by the
    last row of the image that was read. If the row of now leads to another key, a second one follows."""
    request = asked.request
    tails = _guess_tails(request, asked.meaning)
    for _ in range(_MAX_STATEMENTS):
        rows = find_rows(request.image_id, key_prefix=asked.credentials.prefix, tails=tails)
        if rows is None or not may_see(request, asked.credentials, rows.image, rows.key):
            return None
        tail = asked.meaning.find_tail(rows.image.shape, request.accept)
        if tail is None:
            return _Found(rows)
        if tail.text in tails:
            return _Found(rows, tail) if _is_usable(rows, tail) else None
        shapes.keep(request.image_id, rows.image.shape)
        tails = (tail.text,)
    return None


def _is_usable(rows: Rows, tail: KeyTail) -> bool:
    """Whether the rendition of this tail is ready or has no row. Django knows what to do in other states."""
    rendition = rows.rendition
    return rendition is None or (rows.tail == tail.text and rendition.state == Rendition.State.READY)


def _guess_tails(request: IncomingRequest, meaning: Meaning) -> tuple[str, ...]:
    shape = shapes.find(request.image_id)
    if shape is None:
        return meaning.first_tails
    tail = meaning.find_tail(shape, request.accept)
    return () if tail is None else (tail.text,)


def _find_target(environ: MutableMapping[str, Any], meaning: Meaning, found: _Found) -> Target | None:
    """Return the row that answers. None if a render has failed: Django's view raises its error."""
    rows = found.rows
    transform = meaning.query.transform
    if found.tail is None or transform is None:
        return Target(rows.image)
    if rows.rendition is not None:
        return Target(rows.rendition, awaits_overview=found.tail.awaits_overview)
    try:
        return make_target(rows.image, transform, found.tail)
    except Exception as error:  # noqa: BLE001 - the view raises it, and Django logs it
        environ[FAILED_RENDER] = error
        return None


def _answer(asked: _Asked, rows: Rows, target: Target) -> Answer | None:
    """Return the answer with the bytes of the target. Raise FileNotFoundError or ProgImageError."""
    request = asked.request
    query = asked.meaning.query
    row = target.row
    rendition = target.rendition
    options = DeliveryOptions(
        method=request.method,
        headers=request.conditions,
        download=query.download,
        is_versioned=query.is_versioned,
        expires_at=_expires_at(request.signed_query),
    )
    headers = image_headers(
        options,
        is_immutable=rendition is None or (options.is_versioned and not target.awaits_overview),
        is_public=rows.image.visibility == Visibility.PUBLIC,
        is_negotiated=asked.meaning.is_negotiated,
        successor_id=rows.image.successor_id,
    )
    if rendition is not None:
        headers |= result_headers(rendition, rendition.cache_key)
    allow = {"Allow": _ALLOW[request.extension is not None]}
    facts = AnswerFacts(
        path=request.path,
        subjects=[of_image(request.image_id)],
        signature_ends_at=options.expires_at,
        rendition_id=rendition.id if rendition else None,
    )
    if rows.key is not None:
        facts.name_key(asked.credentials.prefix, rows.key.account_id, rows.key.expires_at)
    status = check_conditions(row, options)
    if status is not None:
        headers |= headers_without_body(row, status) | allow
        return Answer(status, headers, None, 0, facts)
    part = find_part(row, options)
    start = part.start if part else 0
    stop = part.stop if part else row.size_bytes
    content = target.open(start, None if part is None else stop)
    headers |= headers_with_body(row, part) | allow
    return Answer(206 if part else 200, headers, content, stop - start, facts)


def _expires_at(signed_query: str | None) -> int | None:
    """Return the end of a signature that has been checked, in unix seconds."""
    if signed_query is None:
        return None
    for pair in signed_query.split("&"):
        name, _, value = pair.partition("=")
        if name == EXPIRES:
            return int(value)
    return None
