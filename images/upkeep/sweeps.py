"""The sweeps: each finds rows that were left halfway or have expired, and ends them.

They look at rows alone, not at listings of storage. The worker's task and `manage.py reconcile` run the same
sweeps. Two processes may run a sweep at once."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts import services as accounts
from accounts.models import IdempotentRequest
from images.database import reason_of
from images.models import Image, Overview, Rendition, UploadUrl
from images.services import deleting
from images.services.abandoned_uploads import abandoned_uploads, end_abandoned_upload
from images.services.deleting import images_to_purge, purge_if_due
from images.services.old_renditions import old_renditions, windows_of
from images.services.overviews import remove_overview
from images.services.renditions import drop_lapsed, lapsed_renders
from images.services.upload_urls import delete_expired_upload_urls, expired_upload_urls
from images.storage import originals
from progimage.errors import Unavailable

log = logging.getLogger("progimage.sweep")

_BATCH_SIZE = 100


def _whole(rows: QuerySet[Any]) -> Iterable[QuerySet[Any]]:
    return (rows,)


@dataclass(frozen=True)
class Sweep:
    """One kind of leftover rows.

    `due` returns the rows in the order of an index. `end` ends a batch of them and returns the primary keys
    of the rows that it could not end. `parts` divides rows if no index finds those that are due."""

    name: str
    due: Callable[[], QuerySet[Any]]
    end: Callable[[Sequence[Any]], Collection[Any]]
    parts: Callable[[QuerySet[Any]], Iterable[QuerySet[Any]]] = _whole

    def run(self, *, rows: QuerySet[Any] | None = None, budget_s: float = inf) -> int:
        """End the rows that are due, or those of `rows`, and return how many were ended.

        No batch begins after `budget_s` seconds. Rows that could not be ended are left to the next run. Raise
        Unavailable if storage does not answer at all."""
        if rows is None:
            rows = self.due()
        deadline = time.monotonic() + budget_s
        ended_count = 0
        for part in self.parts(rows):
            if time.monotonic() >= deadline:
                break
            ended_count += self._run_part(part, deadline)
        return ended_count

    def _run_part(self, rows: QuerySet[Any], deadline: float) -> int:
        ended_count = 0
        failed_pks: set[Any] = set()
        while time.monotonic() < deadline:
            remaining = rows.exclude(pk__in=failed_pks)
            batch = list(remaining[:_BATCH_SIZE])
            if not batch:
                break
            failures = self.end(batch)
            failed_pks.update(failures)
            ended_count += len(batch) - len(failures)
        return ended_count


def _deleted_images_with_renditions() -> QuerySet[Image]:
    own_renditions = Rendition.objects.filter(image=OuterRef("pk"))
    return _deleted_images_shown_by(own_renditions)


def _deleted_images_in_composites() -> QuerySet[Image]:
    composites = Rendition.objects.exclude(others=[])
    composites_with_image = composites.filter(others__contains=[OuterRef("pk")])
    return _deleted_images_shown_by(composites_with_image)


def _deleted_images_with_overviews() -> QuerySet[Image]:
    return _deleted_images_shown_by(Overview.objects.filter(image=OuterRef("pk")))


def _deleted_images_shown_by(derived: QuerySet[Any]) -> QuerySet[Image]:
    states = (Image.State.DELETED, Image.State.PURGING)
    deleted = Image.objects.filter(state__in=states)
    return deleted.filter(Exists(derived)).order_by("deleted_at")


def _expired_requests() -> QuerySet[IdempotentRequest]:
    return IdempotentRequest.objects.filter(expires_at__lt=Now()).order_by("expires_at")


def _remove_derived(image: Image) -> None:
    deleting.remove_derived(image.pk)


def _remove_overview(image: Image) -> None:
    remove_overview(image.pk)


def _delete_requests(rows: Sequence[IdempotentRequest]) -> Collection[Any]:
    accounts.delete_expired_requests(rows)
    return ()


def _delete_upload_urls(rows: Sequence[UploadUrl]) -> Collection[Any]:
    delete_expired_upload_urls(rows)
    return ()


def _remove_renditions(rows: Sequence[Rendition]) -> Collection[Any]:
    """Remove renditions together, or one by one if storage refuses one of them."""
    try:
        deleting.remove_renditions(Rendition.objects.filter(pk__in=[row.pk for row in rows]))
    except Unavailable:
        return _each(_remove_rendition)(rows)
    return ()


def _remove_rendition(rendition: Rendition) -> None:
    deleting.remove_renditions(Rendition.objects.filter(pk=rendition.pk))


def _each(end: Callable[[Any], None]) -> Callable[[Sequence[Any]], Collection[Any]]:
    """Make the `end` of a sweep from a function that ends a single row."""

    def end_batch(rows: Sequence[Any]) -> Collection[Any]:
        return [row.pk for row in rows if not _try_end(end, row)]

    return end_batch


def _try_end(end: Callable[[Any], None], row: Any) -> bool:
    """End a row and return True, or return False if storage refuses it.

    Raise Unavailable if storage does not answer at all: no other row would fare better."""
    try:
        end(row)
    except Unavailable as error:
        originals().check()
        log.warning("a sweep passes over a row (%s)", reason_of(error), extra={"row": str(row)})
        return False
    return True


# The names are keys of the command's JSON and of the task's result.
SWEEPS = (
    Sweep("abandoned uploads", abandoned_uploads, _each(end_abandoned_upload)),
    Sweep("renditions of deleted images", _deleted_images_with_renditions, _each(_remove_derived)),
    Sweep("renditions that show deleted images", _deleted_images_in_composites, _each(_remove_derived)),
    Sweep("overviews of deleted images", _deleted_images_with_overviews, _each(_remove_overview)),
    Sweep("images to purge", images_to_purge, _each(purge_if_due)),
    Sweep("renders that ended halfway", lapsed_renders, _each(drop_lapsed)),
    Sweep("renditions of earlier versions", old_renditions, _remove_renditions, windows_of),
    Sweep("expired idempotency keys", _expired_requests, _delete_requests),
    Sweep("expired upload URLs", expired_upload_urls, _delete_upload_urls),
)
