"""Every change of a rendition's row from its claim to its end.

A row begins as `rendering`, under the lease of the thread that renders it, or as `waiting`
(waiting_renditions.py). It becomes `ready` or `failed` while that thread still holds the lease, or goes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Now

from images.models import Image, Rendition
from images.storage import renditions
from progimage.errors import ProgImageError
from transforms.planning import resolve

from .waiting_renditions import give_back

_OVERDUE = timedelta(minutes=1)
_FAILURE_KEPT = timedelta(hours=1)
"""So long after it may be tried again a failure is known. An archive with many of them ends by that."""
_ASKED_FAILURE_KEPT = timedelta(days=1)
"""The account that has asked for the rendition reads the failure in its list."""
_HAS_LAPSED = Q(lease_until__isnull=False, lease_until__lt=Now())
_READY = {"state": Rendition.State.READY, "lease": None, "lease_until": None}
_IDENTITY = ("image_id", "cache_key", "transform", "others", "format")


@dataclass(frozen=True)
class Claim:
    """The row of a rendition, and the lease under which a thread has asked for it."""

    row: Rendition
    lease: UUID

    @property
    def is_won(self) -> bool:
        """Whether this thread is to render it."""
        return self.row.lease == self.lease


def find(rendition: Rendition) -> Rendition | None:
    """Return the row of the rendition, or None if a thread may claim it."""
    return _rows_of(rendition).exclude(_HAS_LAPSED).first()


def claim(rendition: Rendition, lease: UUID) -> Claim | None:
    """Take the rendition if no other thread renders it, and return its row.

    Return None if the row went away meanwhile, as it does when a render could not be tried."""
    rows = _rows_of(rendition).select_related("image")
    leased = {
        "state": Rendition.State.RENDERING,
        "lease": lease,
        "lease_until": Now() + _lease_time(),
    }
    row = rows.annotate(has_lapsed=_HAS_LAPSED).first()
    if row is None:
        identity = {name: getattr(rendition, name) for name in _IDENTITY}
        # The cache key holds the same version, so a row never gets another one.
        new_row = Rendition(**identity, render_version=resolve.RENDER_VERSION, **leased)
        Rendition.objects.bulk_create([new_row], ignore_conflicts=True)
    elif row.has_lapsed:
        rows.filter(_HAS_LAPSED).update(**leased)
    else:
        return Claim(row, lease)
    claimed = rows.first()
    return None if claimed is None else Claim(claimed, lease)


def mark_ready(claim: Claim, facts: dict[str, Any]) -> bool:
    """Make the rendition ready. Return False if the lease is lost, or if an image that it shows is deleted.

    `facts` are the render's facts about its result, by the names of the row's fields."""
    changes = facts | _READY
    if not _leased(claim).filter(~Exists(_deleted_images(claim.row))).update(**changes):
        return False
    _set(claim.row, changes)
    return True


def as_unkept(rendition: Rendition, facts: dict[str, Any]) -> Rendition:
    """Return a rendition that was rendered and is not kept, because it was purged meanwhile. It is no row."""
    unkept = Rendition(**{name: getattr(rendition, name) for name in _IDENTITY})
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
