"""Every change of a rendition's row from its claim to its end.

A row begins as `rendering`, under the lease of the thread that renders it, or as `waiting`
(waiting_renditions.py). It becomes `ready` or `failed` while that thread still holds the lease, or goes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models.sql_rows import FetchRow, SqlRows, fetch_one
from images.models import Image, Rendition
from images.storage import renditions
from progimage.errors import ProgImageError
from transforms.planning import resolve

from .waiting_renditions import IDENTITY, give_back

_OVERDUE = timedelta(minutes=1)
_FAILURE_KEPT = timedelta(hours=1)
"""So long after it may be tried again a failure is known. An archive with many of them ends by that."""
_ASKED_FAILURE_KEPT = timedelta(days=1)
"""The account that has asked for the rendition reads the failure in its list."""
_READY = {"state": Rendition.State.READY, "lease": None, "lease_until": None}
RESULT_FACTS = ("width", "height", "frames", "size_bytes", "sha256")
"""The facts about a result that its row keeps."""
_RENDITIONS = SqlRows(Rendition, alias="rendition")

# A rendition can be made again, so no commit waits for the disk. The setting ends with the transaction of its
# statement.
_UNSYNCED = "set_config('synchronous_commit', 'off', true)"
_FIND = f"""
    SELECT {_RENDITIONS.columns} FROM images_rendition AS rendition
    WHERE image_id = %s AND cache_key = %s AND (lease_until IS NULL OR lease_until >= statement_timestamp())
"""  # noqa: S608
_CLAIM = f"""
    INSERT INTO images_rendition AS known (
        image_id, cache_key, transform, others, format, render_version, state, lease, lease_until,
        failure_code, failure_message, sha256, hits, created_at
    )
    VALUES (
        %s, %s, %s, %s::uuid[], %s, %s, 'rendering', %s, statement_timestamp() + %s,
        '', '', '', 0, statement_timestamp()
    )
    ON CONFLICT (image_id, cache_key) DO UPDATE
    SET state = excluded.state, lease = excluded.lease, lease_until = excluded.lease_until
    WHERE known.lease_until < statement_timestamp() OR known.lease = excluded.lease
    RETURNING id, others, {_UNSYNCED}
"""  # noqa: S608
_MARK_READY = f"""
    UPDATE images_rendition
    SET state = 'ready', lease = NULL, lease_until = NULL,
        width = %s, height = %s, frames = %s, size_bytes = %s, sha256 = %s
    WHERE id = %s AND lease = %s AND NOT EXISTS (
        SELECT FROM unnest(%s::uuid[]) AS shown (image_id)
        CROSS JOIN LATERAL (SELECT state FROM images_image WHERE id = shown.image_id OFFSET 0) AS image
        WHERE image.state <> 'ready'
    )
    RETURNING {_UNSYNCED}
"""  # noqa: S608
# OFFSET 0 makes it a look-up by the primary key. The plan is kept, and the table may still be small.


@dataclass(frozen=True)
class Claim:
    """The row of a rendition, and the lease under which a thread renders it."""

    row: Rendition
    lease: UUID
    fetch: FetchRow = fetch_one
    """Writes the end of the render by the connection that has taken the lease."""


def find(image_id: UUID, cache_key: str) -> Rendition | None:
    """Return the row of a rendition, or None if a thread may claim it."""
    return _RENDITIONS.find(_FIND, [image_id, cache_key])


def claim(rendition: Rendition, lease: UUID, fetch: FetchRow = fetch_one) -> Claim | None:
    """Take the rendition, if no other thread has it and if no row says how it ended.

    A lease that has lapsed is taken over. Then the row keeps the ids of the other images. A thread may claim
    again by the same lease, if the answer to its first claim was lost."""
    parameters: list[Any] = [
        rendition.image_id,
        rendition.cache_key,
        json.dumps(rendition.transform),
        rendition.others,
        rendition.format,
        resolve.RENDER_VERSION,  # the cache key holds it, too, so a row never gets another one
        lease,
        _lease_time(),
    ]
    claimed = fetch(_CLAIM, parameters)
    if claimed is None:
        return None
    rendition.pk, rendition.others, _ = claimed
    rendition.state = Rendition.State.RENDERING
    rendition.lease = lease
    return Claim(rendition, lease, fetch)


def mark_ready(claim: Claim, facts: Mapping[str, Any]) -> bool:
    """Make the rendition ready. Return False if the lease is lost, or if an image that it shows is deleted.

    `facts` are the render's facts about its result, by the names of the row's fields."""
    row = claim.row
    result = [facts[name] for name in RESULT_FACTS]
    shown_ids = [row.image_id, *row.others]
    if claim.fetch(_MARK_READY, [*result, row.pk, claim.lease, shown_ids]) is None:
        return False
    _set(row, {**facts, **_READY})
    return True


def as_unkept(rendition: Rendition, facts: dict[str, Any]) -> Rendition:
    """Return a rendition that was rendered and is not kept, because it was purged meanwhile. It is no row."""
    unkept = Rendition(**{name: getattr(rendition, name) for name in IDENTITY})
    _set(unkept, facts | _READY)
    return unkept


def mark_failed(claim: Claim, error: ProgImageError) -> None:
    """Remember why the render failed, so that it is not tried again for a while."""
    _leased(claim).update(
        state=Rendition.State.FAILED,
        lease=None,
        lease_until=Now() + timedelta(seconds=settings.RENDITION_FAILURE_TTL_S),
        failure_code=error.code,
        failure_message=error.message,
        failure_pointer=error.pointer,
    )


def abandon(claim: Claim) -> None:
    """Remove the row of a render that has ended without an answer. One that was asked for waits again."""
    give_back(_leased(claim))
    _leased(claim).delete()


def forget(rendition: Rendition) -> None:
    """Remove the row of a rendition whose bytes are gone from storage, so that it is rendered again."""
    Rendition.objects.filter(pk=rendition.pk, state=Rendition.State.READY).delete()


def lapsed_renders() -> QuerySet[Rendition]:
    """Return the renditions whose lease ended over a minute ago, and failures that nobody needs to know."""
    halfway = Q(state=Rendition.State.RENDERING, lease_until__lt=Now() - _OVERDUE)
    failed = Q(state=Rendition.State.FAILED, lease_until__lt=Now() - _FAILURE_KEPT)
    is_forgotten = Q(asked_by=None) | Q(lease_until__lt=Now() - _ASKED_FAILURE_KEPT)
    return Rendition.objects.filter(halfway | failed & is_forgotten).order_by("lease_until")


def drop_lapsed(rendition: Rendition) -> None:
    """Remove the object and the row of a lapsed rendition. One that was asked for waits again instead.

    A killed render may have stored its object, so the object is removed first. The row stays if another
    request has claimed it since it was read. Raise Unavailable if storage does not answer."""
    renditions().delete(rendition.storage_name)
    rows = lapsed_renders().filter(pk=rendition.pk, lease=rendition.lease)
    give_back(rows)
    rows.delete()


def shows_deleted_image(rendition: Rendition) -> bool:
    """Whether the image, or another one that the rendition shows, is no longer ready."""
    return _deleted_images(rendition).exists()


def is_leased(claim: Claim) -> bool:
    """Whether the thread still holds the lease of the row."""
    return _leased(claim).exists()


def has_row(rendition: Rendition) -> bool:
    """Whether the rendition's object has a row: this one, or one that was made after a purge."""
    return _rows_of(rendition).exists()


def _lease_time() -> timedelta:
    """Return how long a thread may take: two timeouts to render, one each to fetch the original and to store.

    Its turn has come before. A thread that takes longer loses the rendition to the next one and does no harm.
    A process that is killed blocks it for that time."""
    return timedelta(seconds=4 * settings.RENDER_TIMEOUT_S)


def _rows_of(rendition: Rendition) -> QuerySet[Rendition]:
    return Rendition.objects.filter(image_id=rendition.image_id, cache_key=rendition.cache_key)


def _set(rendition: Rendition, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(rendition, name, value)


def _leased(claim: Claim) -> QuerySet[Rendition]:
    return Rendition.objects.filter(pk=claim.row.pk, lease=claim.lease)


def _deleted_images(rendition: Rendition) -> QuerySet[Image]:
    shown = Image.objects.filter(pk__in=[rendition.image_id, *rendition.others])
    return shown.exclude(state=Image.State.READY)
