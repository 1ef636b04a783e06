"""Renditions that an account has asked for ahead of their first visitor.

Such a row is `waiting` until a worker or the first request for it takes it over. Its lease has lapsed from
the start, so that `renditions.claim` gives it to anybody. The row is the truth. The messages of
worker_messages.py are hints."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, zip_longest
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest, Now

from accounts.models import Account
from images.models import Image, Rendition, Visibility
from progimage.errors import InternalError, NotFound, ProgImageError
from transforms.planning import resolve

from .finding import get_own_image
from .worker_messages import divided, outbox

MAX_ATTEMPTS = 10
"""With the pauses between them: some five hours, in which an outage of the storage should have ended."""
_SHORTEST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
_MAX_SENT = 2_000
"""Renditions of all accounts that one sweep sends."""

IDENTITY = ("image_id", "cache_key", "transform", "others", "format")
"""The facts by which a request finds a rendition, or a worker makes it."""
_WAITING = Rendition.State.WAITING
_FAILED = Rendition.State.FAILED
_NO_FAILURE = {"failure_code": "", "failure_message": "", "failure_pointer": ""}


def ask(rows: Sequence[Rendition], *, account_id: int) -> None:
    """Insert rows that wait for a worker, in the transaction that holds the row of their image.

    A rendition that has a row already keeps it."""
    for row in rows:
        row.state = _WAITING
        row.render_version = resolve.RENDER_VERSION
        row.asked_by_id = account_id
        row.lease_until = Now()
        row.due_at = Now() + _SHORTEST_PAUSE
    Rendition.objects.bulk_create(rows, ignore_conflicts=True)


def ask_again(image: Image, rows: Sequence[Rendition]) -> None:
    """Let those renditions of an image wait anew that an account has asked for.

    `rows` are no longer found under their old keys, and have new ones. A rendition that has a row under its
    new key keeps it."""
    with transaction.atomic():
        if not Image.objects.ready().select_for_update(no_key=True).filter(pk=image.pk).exists():
            return
        for row in rows:
            if row.asked_by_id is not None:
                anew = Rendition(**{name: getattr(row, name) for name in IDENTITY})
                ask([anew], account_id=row.asked_by_id)


def ask_for(image_id: UUID, rows: Sequence[Rendition], *, account: Account) -> list[Rendition]:
    """Let the workers make renditions of a stored image. Return their rows as they are now, in that order.

    Those that are ready stay. One that has failed waits anew if it may be tried again. Raise NotFound if the
    account has no such image."""
    cache_keys = [row.cache_key for row in rows]
    unfinished = Rendition.objects.filter(image_id=image_id, cache_key__in=cache_keys).exclude(
        state=Rendition.State.READY
    )
    with transaction.atomic():
        get_own_image(image_id, account=account, is_locked=True)
        ask(rows, account_id=account.pk)
        # A purge locks rows in the same order.
        list(unfinished.select_for_update().order_by("pk").values_list("pk"))
        # If its present renderer gives it up, it waits for another one.
        unfinished.filter(asked_by=None).update(asked_by=account)
        unfinished.exclude(state=_WAITING).filter(lease_until__lt=Now()).update(
            attempts=0, **_waits_from_now(), **_NO_FAILURE
        )
        kept = Rendition.objects.filter(image_id=image_id, cache_key__in=cache_keys)
        row_by_key = {row.cache_key: row for row in kept}
    outbox.note_renditions(row.pk for row in row_by_key.values() if row.state == _WAITING)
    return [row_by_key[cache_key] for cache_key in cache_keys if cache_key in row_by_key]


def tell_workers(image: Image) -> None:
    """Tell the workers of the renditions that wait for an image, which has just become ready."""
    waiting = Rendition.objects.filter(image=image, state=_WAITING)
    outbox.note_renditions(waiting.order_by("pk").values_list("pk", flat=True))


def begin(rendition_id: int) -> Rendition | None:
    """Count an attempt to make a waiting rendition, and return its row with its image.

    Return None if it does not wait, if another worker begins at the same moment, or if it has been tried
    often enough. A server of a newer version has the renditions of that version for itself."""
    rows = Rendition.objects.filter(pk=rendition_id, state=_WAITING)
    of_ready_image = rows.filter(image__state=Image.State.READY, render_version__lte=resolve.RENDER_VERSION)
    row = of_ready_image.select_related("image").first()
    if row is None:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        note_problem(row, InternalError("Its workers ended before it was made"))
        return None
    row.attempts += 1
    pause = min(_SHORTEST_PAUSE * 2 ** (row.attempts - 1), _LONGEST_PAUSE)
    begun = rows.filter(attempts=row.attempts - 1).update(attempts=row.attempts, due_at=Now() + pause)
    return row if begun else None


def find_others(row: Rendition) -> list[Image]:
    """Return the other images that the rendition shows. Raise NotFound if one of them may not be seen now."""
    is_visible = Q(account=row.asked_by_id) | Q(visibility=Visibility.PUBLIC)
    others = list(Image.objects.ready().filter(is_visible, pk__in=row.others))
    if len(others) < len(set(row.others)):
        raise NotFound("An image that the transform names has been deleted, or is no longer public")
    return others


def put_back(row: Rendition) -> None:
    """Take back an attempt: another worker makes a file that the rendition is decoded from."""
    begun = Rendition.objects.filter(pk=row.pk, state=_WAITING, attempts=row.attempts)
    begun.update(attempts=row.attempts - 1)


def move(row: Rendition, cache_key: str, transform: dict[str, Any]) -> bool:
    """Give a waiting row the key by which this server makes it. Return False if that rendition has a row.

    The key that a server of an earlier version has written finds no request of this version's."""
    rows = Rendition.objects.filter(pk=row.pk, state=_WAITING)
    try:
        with transaction.atomic():
            moved = rows.update(
                cache_key=cache_key, transform=transform, render_version=resolve.RENDER_VERSION
            )
    except IntegrityError:
        rows.delete()
        return False
    return bool(moved)


def note_problem(row: Rendition, error: ProgImageError) -> None:
    """Remember why an attempt could not end. After the last one the rendition has failed.

    A request may try it again at once: the reason was not the image."""
    is_last = row.attempts >= MAX_ATTEMPTS
    state = {"state": _FAILED, "lease_until": Now()} if is_last else {}
    Rendition.objects.filter(pk=row.pk, state=_WAITING).update(
        failure_code=error.code,
        failure_message=error.message,
        failure_pointer=error.pointer,
        **state,
    )


def drop(row: Rendition) -> None:
    """Remove a waiting rendition, of which nobody may see an image that it shows."""
    Rendition.objects.filter(pk=row.pk, state=_WAITING).delete()


def give_back(rows: QuerySet[Rendition]) -> None:
    """Let those of `rows` wait again whose account has asked for them, now that their renderer has ended.

    A worker has put off their next attempt for longer if it has tried several times."""
    waits = _waits_from_now()
    waits["due_at"] = Greatest("due_at", waits["due_at"])
    rows.exclude(asked_by=None).filter(state=Rendition.State.RENDERING).update(**waits)


def take_due() -> list[Sequence[int]]:
    """Return the ids of renditions that have waited too long, in lists for a message each.

    They are not due again for a while. Accounts take turns, each with the same share, oldest first."""
    due = Rendition.objects.filter(state=_WAITING, due_at__lte=Now())
    # Its limit keeps Postgres from a join that reads all that wait: an import may leave millions.
    oldest_of_account = due.filter(asked_by=OuterRef("pk")).order_by("due_at").values("pk")[:1]
    accounts = Account.objects.alias(oldest=Subquery(oldest_of_account)).filter(oldest__isnull=False)
    account_ids = list(accounts.order_by("pk").values_list("pk", flat=True)[:_MAX_SENT])
    lines = []
    for account_id in account_ids:
        of_ready_images = due.filter(asked_by=account_id, image__state=Image.State.READY)
        ids = _take(of_ready_images, _MAX_SENT // len(account_ids))
        lines.append(divided(ids))
    in_turns = chain.from_iterable(zip_longest(*lines))
    return [message for message in in_turns if message]


def _take(due: QuerySet[Rendition], count: int) -> list[int]:
    """Postpone the oldest of `due`, and return their ids. Rows that another process holds are left to it."""
    oldest = due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk")
    with transaction.atomic():
        ids = list(oldest.values_list("pk", flat=True)[:count])
        Rendition.objects.filter(pk__in=ids).update(due_at=Now() + _SHORTEST_PAUSE)
    return ids


def _waits_from_now() -> dict[str, Any]:
    return {
        "state": _WAITING,
        "lease": None,
        "lease_until": Now(),
        "due_at": Now() + _SHORTEST_PAUSE,
    }
