"""A request that is sent again with the same Idempotency-Key gets the same response, and makes nothing twice.

    with idempotency.attempt(view, fingerprint(request, fields, upload.sha256), ids=[uuid7()]) as attempt:
        if not attempt.is_answered:
            attempt.response = created(store(upload, image_id=attempt.ids[0]))
    return attempt.response

The ids of the rows that a request makes are chosen before the work begins, and are kept: an attempt after a
crash goes on with the same ids. Responses that a later attempt may change are not kept: 409, 429, 5xx, and
errors that are not lasting."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.http import HttpResponse, QueryDict
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account, IdempotentRequest
from progimage.errors import IdempotencyMismatch, InProgress, ParameterError, ProgImageError

from .caller import caller_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_NAME = re.compile(r"[\x20-\x7e]{1,255}")
_TEMPORARY = (409, 429)


@dataclass(kw_only=True)
class Attempt:
    """One try to do a request's work. `ids` are those of the rows that it makes, and stay the same."""

    ids: Sequence[UUID]
    is_first: bool = True
    """Whether no earlier attempt can have made anything."""
    is_answered: bool = False
    """Whether an earlier attempt was done: `response` is its response."""
    is_final: bool = True
    """Whether the response may be kept. Work that was done in part sets it to False."""
    row_id: int = 0
    lease: UUID = field(default_factory=uuid4)
    _response: HttpResponse | None = None

    @property
    def response(self) -> HttpResponse:
        """The response to send. Raise RuntimeError if the work has left none."""
        if self._response is None:
            raise RuntimeError("An attempt ended without a response")
        return self._response

    @response.setter
    def response(self, response: HttpResponse) -> None:
        self._response = response

    def note(self, error: ProgImageError) -> None:
        """Take an error of the work or of a part of it into account: a later attempt may do better."""
        self.is_final = self.is_final and is_kept(error)

    def renew(self) -> None:
        """Start the lease anew. Raise InProgress if it has ended and another attempt has taken over."""
        if not self.row_id:
            return
        renewed = self._row().update(locked_until=_in_s(settings.IDEMPOTENCY_LEASE_S))
        if not renewed:
            raise InProgress("Another attempt of this request has taken over")

    def keep(self) -> bool:
        """Keep the response if later attempts shall get it. Return whether it is kept."""
        status = self.response.status_code
        answer = _record(self.response)
        self.response = _response(status, answer)
        if not self.is_final or not is_kept_status(status):
            return False
        self._row().update(status=status, answer=answer)
        return True

    def release(self) -> None:
        """Let the next attempt begin at once, with the same ids."""
        self._row().update(locked_until=Now())

    def _row(self) -> QuerySet[IdempotentRequest]:
        """The row, if this attempt still holds its lease."""
        return IdempotentRequest.objects.filter(pk=self.row_id, lease=self.lease, status=None)


@contextmanager
def attempt(view: APIView, request_fingerprint: str, *, ids: Sequence[UUID]) -> Iterator[Attempt]:
    """Yield the right to do a request's work, or the response of an earlier attempt that did it.

    Without an Idempotency-Key the attempt is the only one, and its errors are raised. With a key, a
    ProgImageError becomes the attempt's response, which is kept if a retry would get the same one. Raise
    ParameterError, InProgress or IdempotencyMismatch."""
    name = view.request.headers.get(HEADER)
    if name is None:
        yield Attempt(ids=ids)
        return
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"Expected 1 to 255 printable ASCII characters for {HEADER} but received {name[:60]!r}",
            pointer=f"/{HEADER}",
        )
    current = _claim(caller_of(view.request).account, name, request_fingerprint, ids)
    if current.is_answered:
        yield current
        return
    is_kept = False
    try:
        try:
            yield current
        except ProgImageError as error:
            current.note(error)
            current.response = view.handle_exception(error)
        is_kept = current.keep()
    finally:
        if not is_kept:
            current.release()


def fingerprint(request: Request, fields: Iterable[tuple[str, str]], *digests: str) -> str:
    """Return the sha256 of a request: of its fields in any order, and of its parts' digests in theirs.

    The body of a form is not hashed itself, because its boundary is random."""
    pairs = [text for pair in sorted(fields) for text in pair]
    parts = [request.method or "", request.path, str(len(pairs)), *pairs, *digests]
    encoded = (part.encode() for part in parts)
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in encoded)).hexdigest()


def json_pairs(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the members for a fingerprint: two spellings of the same values are one."""
    return [(name, json.dumps(value, sort_keys=True)) for name, value in body.items()]


def field_pairs(fields: QueryDict) -> list[tuple[str, str]]:
    """Return the fields of a query or form for a fingerprint."""
    return [(name, value) for name, values in fields.lists() for value in values]


def is_kept(error: ProgImageError) -> bool:
    """Whether every later attempt would get this error."""
    return error.is_lasting and is_kept_status(error.status)


def is_kept_status(status: int) -> bool:
    """Whether every later attempt would get a response with this status."""
    return status < 500 and status not in _TEMPORARY


def _claim(account: Account, name: str, request_fingerprint: str, ids: Sequence[UUID]) -> Attempt:
    """Return an attempt that holds the row's lease, or one that is answered.

    Raise InProgress while another attempt holds the lease, IdempotencyMismatch for another request."""
    lease = uuid4()
    leased: dict[str, Any] = {
        "lease": lease,
        "locked_until": _in_s(settings.IDEMPOTENCY_LEASE_S),
    }
    fresh = leased | {
        "fingerprint": request_fingerprint,
        "ids": list(ids),
        "status": None,
        "answer": None,
        "expires_at": _in_s(settings.IDEMPOTENCY_TTL_S),
    }
    new_row = IdempotentRequest(account=account, name=name, **fresh)
    IdempotentRequest.objects.bulk_create([new_row], ignore_conflicts=True)
    rows = IdempotentRequest.objects.filter(account=account, name=name)
    row = rows.first()
    is_first = row is not None and row.lease == lease
    if row is not None and not is_first:
        idle = rows.filter(lease=row.lease, locked_until__lte=Now())
        is_first = bool(idle.filter(expires_at__lte=Now()).update(**fresh))
        if not is_first:
            idle.filter(status=None, fingerprint=request_fingerprint).update(**leased)
        row = rows.first()
    if row is None:
        raise InProgress("The request with this Idempotency-Key is being worked on")
    if row.fingerprint != request_fingerprint:
        raise IdempotencyMismatch(f"Expected another {HEADER}: this one was sent with another request")
    if row.status is not None and row.answer is not None:
        response = _response(row.status, row.answer, {REPLAYED: "true"})
        return Attempt(ids=row.ids, is_answered=True, _response=response)
    if row.lease != lease:
        raise InProgress("The request with this Idempotency-Key is being worked on")
    return Attempt(ids=row.ids, is_first=is_first, row_id=row.pk, lease=lease)


def _record(response: HttpResponse) -> dict[str, Any]:
    """Return a response as it is kept: its headers and the very text of its JSON.

    A jsonb column would change the order of the members."""
    headers = dict(response.headers)
    if not isinstance(response, Response):
        return {"headers": headers, "body": response.content.decode()}
    headers["Content-Type"] = JSONRenderer.media_type
    return {"headers": headers, "body": JSONRenderer().render(response.data).decode()}


def _response(status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(answer["body"], status=status, headers=answer["headers"] | (headers or {}))


def _in_s(seconds: int) -> CombinedExpression:
    """Return a moment by the database's clock, which all machines share."""
    return Now() + timedelta(seconds=seconds)
