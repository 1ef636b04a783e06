"""A request that is sent again with the same Idempotency-Key is answered as it was, and makes nothing twice.

    def post(self, request):
        ...
        asked = fingerprint(request, fields, upload.sha256)
        return answer_once(self, asked, ids=[uuid7()], make=lambda claim: self._store(upload, claim.ids[0]))

The ids of what the request makes are chosen before it is worked on and kept: an attempt after a crash goes on
with the same ones. Answers that a repetition may change (409, 429, 5xx) are not kept."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account, IdempotentRequest
from progimage.errors import IdempotencyMismatch, InProgress, ParameterError, ProgImageError

from .authentication import account_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_NAME = re.compile(r"[\x20-\x7e]{1,255}")
_TEMPORARY = (409, 429)


@dataclass
class Claim:
    """The right to work on a request. `ids` are of what it makes, the same in every attempt."""

    ids: Sequence[UUID]
    row_id: int = 0
    lease: UUID = field(default_factory=uuid4)
    is_final: bool = True
    """Whether the answer may be kept. Work that was done in part sets it to False."""

    def renew(self) -> None:
        """Have the lease's whole time again. Raises InProgress where it has ended and another took over."""
        if self.row_id and not self._own().update(locked_until=_in_s(settings.IDEMPOTENCY_LEASE_S)):
            raise InProgress("Another attempt of this request has taken over")

    def finish(self, status: int, answer: dict[str, Any]) -> None:
        self._own().update(status=status, answer=answer)

    def release(self) -> None:
        """Let the next attempt begin at once, with the same ids."""
        self._own().update(locked_until=Now())

    def _own(self) -> Any:
        return IdempotentRequest.objects.filter(pk=self.row_id, lease=self.lease, status=None)


def fingerprint(request: Request, fields: Iterable[tuple[str, str]], *digests: str) -> str:
    """Return the sha256 of what is asked: fields in any order, digests of parts in theirs.

    Bodies of forms are not hashed themselves: their boundaries are random."""
    pairs = [text for pair in sorted(fields) for text in pair]
    parts = [request.method or "", request.path, str(len(pairs)), *pairs, *digests]
    encoded = (part.encode() for part in parts)
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in encoded)).hexdigest()


def answer_once(
    view: APIView, asked: str, *, ids: Sequence[UUID], make: Callable[[Claim], HttpResponse]
) -> HttpResponse:
    """Answer what `make` makes, or what it made before; without an Idempotency-Key just that.

    `asked` is the request's fingerprint. Raises ParameterError, InProgress, IdempotencyMismatch and what
    `make` raises."""
    name = view.request.headers.get(HEADER)
    if name is None:
        return make(Claim(ids))
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"Expected 1 to 255 printable ASCII characters for {HEADER} but received {name[:60]!r}",
            pointer=f"/{HEADER}",
        )
    row, lease = _claim(account_of(view.request), name, asked, ids)
    if row.status is not None and row.answer is not None:
        return _response(row.status, row.answer, {REPLAYED: "true"})
    return _work(view, Claim(row.ids, row.pk, lease), make)


def is_kept(status: int) -> bool:
    """Whether an answer of this status stays as it is, however often it is asked for."""
    return status < 500 and status not in _TEMPORARY


def _work(view: APIView, claim: Claim, make: Callable[[Claim], HttpResponse]) -> HttpResponse:
    is_done = False
    try:
        try:
            made = make(claim)
        except ProgImageError as error:
            made = view.handle_exception(error)
        status, answer = made.status_code, _record(made)
        if claim.is_final and is_kept(status):
            claim.finish(status, answer)
            is_done = True
        return _response(status, answer)
    finally:
        if not is_done:
            claim.release()


def _claim(account: Account, name: str, asked: str, ids: Sequence[UUID]) -> tuple[IdempotentRequest, UUID]:
    """Return the row, and the lease under which it may be worked on where it is not done."""
    lease = uuid4()
    begun: dict[str, Any] = {"lease": lease, "locked_until": _in_s(settings.IDEMPOTENCY_LEASE_S)}
    fresh = begun | {"fingerprint": asked, "ids": list(ids), "status": None, "answer": None}
    fresh["expires_at"] = _in_s(settings.IDEMPOTENCY_TTL_S)
    IdempotentRequest.objects.bulk_create(
        [IdempotentRequest(account=account, name=name, **fresh)], ignore_conflicts=True
    )
    rows = IdempotentRequest.objects.filter(account=account, name=name)
    row = rows.first()
    if row is not None and row.lease != lease:
        idle = rows.filter(lease=row.lease, locked_until__lte=Now())
        if not idle.filter(expires_at__lte=Now()).update(**fresh):
            idle.filter(status=None, fingerprint=asked).update(**begun)
        row = rows.first()
    if row is None or (row.status is None and row.lease != lease and row.fingerprint == asked):
        raise InProgress("The request with this Idempotency-Key is being worked on")
    if row.fingerprint != asked:
        raise IdempotencyMismatch(f"Expected another {HEADER}: this one was sent with another request")
    return row, lease


def _record(response: HttpResponse) -> dict[str, Any]:
    """What is kept of an answer: the very text of its JSON, because jsonb has an order of its own."""
    headers = dict(response.headers)
    if not isinstance(response, Response):
        return {"headers": headers, "body": response.content.decode()}
    headers["Content-Type"] = JSONRenderer.media_type
    return {"headers": headers, "body": JSONRenderer().render(response.data).decode()}


def _response(status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(answer["body"], status=status, headers=answer["headers"] | (headers or {}))


def _in_s(seconds: int) -> CombinedExpression:
    """A moment by the database's clock, which all machines share."""
    return Now() + timedelta(seconds=seconds)
