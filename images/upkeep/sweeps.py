"""What was left behind, as rows alone tell: uploads, deletions and renders that ended halfway, what expired.

The worker's task and `manage.py reconcile` run the same sweeps. All are safe to run twice at once."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import IdempotentRequest
from images import services
from images.models import Image, Rendition, UploadUrl
from images.storage import originals, renditions
from progimage.errors import Unavailable

log = logging.getLogger("progimage.sweep")

_BATCH = 100


@dataclass(frozen=True)
class Sweep:
    """`due` finds rows, in the order of an index; `end` ends a batch and returns the ids it could not end."""

    name: str
    due: Callable[[], QuerySet[Any]]
    end: Callable[[Sequence[Any]], Collection[Any]]

    def run(self, *, rows: QuerySet[Any] | None = None, for_s: float = inf) -> int:
        """End what is due, or `rows` of it, and return how many that were. What fails is left to the next
        run. Raises Unavailable where storage is away."""
        ended, rows, stops_at = 0, self.due() if rows is None else rows, time.monotonic() + for_s
        failed: set[Any] = set()
        while time.monotonic() < stops_at and (batch := list(rows.exclude(pk__in=failed)[:_BATCH])):
            left = self.end(batch)
            failed.update(left)
            ended += len(batch) - len(left)
        return ended


def _abandoned_uploads() -> QuerySet[Image]:
    oldest = Now() - timedelta(seconds=settings.UPLOAD_ABANDONED_AFTER_S)
    return Image.objects.filter(state=Image.State.PENDING, created_at__lt=oldest).order_by("created_at")


def _end_upload(image: Image) -> bool:
    """Finish an upload whose bytes arrived, forget one that left nothing, purge what is not its bytes."""
    if services.is_stored(image):
        with suppress(Unavailable):  # it was given up by another sweep
            services.finish(image)
        return True
    is_empty = originals().find_object(image.storage_name) is None
    with transaction.atomic():
        row = _abandoned_uploads().select_for_update().filter(pk=image.pk).first()
        if row is not None and is_empty:
            row.delete()
        elif row is not None:
            Image.objects.filter(pk=row.pk).update(state=Image.State.PURGING, deleted_at=Now())
    return True


def _images_to_purge() -> QuerySet[Image]:
    gone = Image.objects.filter(state__in=(Image.State.DELETED, Image.State.PURGING))
    grace = timedelta(seconds=settings.DELETED_GRACE_S)
    return gone.filter(Q(state=Image.State.PURGING) | Q(deleted_at__lt=Now() - grace)).order_by("deleted_at")


def _purge(image: Image) -> bool:
    if _images_to_purge().filter(pk=image.pk).update(state=Image.State.PURGING):
        services.finish_purge(image)
    return True


def _images_with_left_renditions() -> QuerySet[Image]:
    return _deleted_with(Rendition.objects.filter(image=OuterRef("pk")))


def _images_in_left_renditions() -> QuerySet[Image]:
    return _deleted_with(Rendition.objects.exclude(others=[]).filter(others__contains=[OuterRef("pk")]))


def _deleted_with(left: QuerySet[Rendition]) -> QuerySet[Image]:
    gone = Image.objects.filter(state__in=(Image.State.DELETED, Image.State.PURGING))
    return gone.filter(Exists(left)).order_by("deleted_at")


def _remove_renditions(image: Image) -> bool:
    services.remove_derived(image.pk)
    return True


def _lapsed_renders() -> QuerySet[Rendition]:
    """Renders that ended without an answer, and failures that may be tried again."""
    oldest = Now() - timedelta(minutes=1)
    unfinished = Rendition.objects.exclude(state=Rendition.State.READY)
    return unfinished.filter(lease_until__lt=oldest).order_by("lease_until")


def _drop_render(rendition: Rendition) -> bool:
    """A killed render may have left its object, which goes too."""
    renditions().delete(rendition.storage_name)
    lapsed = _lapsed_renders().filter(pk=rendition.pk, lease=rendition.lease)
    return bool(lapsed.delete()[0])


def _expired_requests() -> QuerySet[IdempotentRequest]:
    return IdempotentRequest.objects.filter(expires_at__lt=Now()).order_by("expires_at")


def _expired_upload_urls() -> QuerySet[UploadUrl]:
    is_free = Q(locked_until=None) | Q(locked_until__lt=Now())
    return UploadUrl.objects.filter(is_free, expires_at__lt=Now()).order_by("expires_at")


def _each(end: Callable[[Any], bool]) -> Callable[[Sequence[Any]], Collection[Any]]:
    return lambda rows: [row.pk for row in rows if not _has_ended(end, row)]


def _has_ended(end: Callable[[Any], bool], row: Any) -> bool:
    try:
        return end(row)
    except Unavailable:
        originals().check()  # where all of it is away, no other row would fare better
        log.warning("a sweep passes over a row", exc_info=True, extra={"row": str(row)})
        return False


def _drop(rows: Sequence[Any]) -> Collection[Any]:
    model: type[Model] = type(rows[0])
    model._default_manager.filter(pk__in=[row.pk for row in rows]).delete()  # noqa: SLF001
    return ()


SWEEPS = (
    Sweep("abandoned uploads", _abandoned_uploads, _each(_end_upload)),
    Sweep("renditions of deleted images", _images_with_left_renditions, _each(_remove_renditions)),
    Sweep("renditions that show deleted images", _images_in_left_renditions, _each(_remove_renditions)),
    Sweep("images to purge", _images_to_purge, _each(_purge)),
    Sweep("renders that ended halfway", _lapsed_renders, _each(_drop_render)),
    Sweep("expired idempotency keys", _expired_requests, _drop),
    Sweep("expired upload URLs", _expired_upload_urls, _drop),
)
