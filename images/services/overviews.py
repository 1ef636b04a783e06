"""Every change of an overview's row, from the moment when a worker is asked for it to its removal.

A row waits until a worker takes it under a lease. It becomes ready, or refused, while that worker still holds
the lease. The image's row says as well which overview is ready: both are written in one transaction."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from images.models import Image, Overview, can_have_overview
from images.models.storage_names import overview_name
from images.storage import renditions
from transforms.planning.overview_recipe import RECIPE

from .worker_messages import OVERVIEWS_TASK, outbox

log = logging.getLogger("progimage.overviews")

HAS_NONE = 0
"""The version in the row of an image whose overview was refused."""
_PAUSE = timedelta(minutes=1)
_WAITING = {"state": Overview.State.WAITING, "lease": None, "lease_until": None}


class OverviewLost(Exception):
    """The overview's bytes are gone or damaged. The original is decoded instead, under its own cache key."""


@dataclass(frozen=True)
class OverviewClaim:
    """The row of an overview, and the lease under which a worker makes it."""

    row: Overview
    lease: UUID

    @property
    def image(self) -> Image:
        return self.row.image


def may_come(image: Image) -> bool:
    """Whether the image may get an overview later: nobody has tried, or an earlier release has made one."""
    return image.overview_version not in (HAS_NONE, RECIPE.version)


def is_due(image: Image) -> bool:
    """Whether the image is large enough for an overview, and has none by the recipe of this release yet."""
    return bool(settings.OVERVIEWS) and may_come(image) and can_have_overview(image)


def request(image: Image) -> None:
    """Let a worker make the overview of an image, if it is due. A request that waits already stays."""
    if not is_due(image):
        return
    row = Overview(image=image, version=RECIPE.version)
    if image.overview_version is None:
        Overview.objects.bulk_create([row], ignore_conflicts=True)
    else:
        earlier = Overview.objects.filter(image=image, version__lt=RECIPE.version)
        earlier.update(version=RECIPE.version, **_WAITING)
    transaction.on_commit(partial(outbox.hint, OVERVIEWS_TASK))


def hint_again() -> None:
    """Tell the workers that some overviews may be left."""
    outbox.hint(OVERVIEWS_TASK)


def waiting_overviews() -> QuerySet[Overview]:
    """Return the overviews that are to be made, the longest awaited first.

    Those whose worker has ended are among them, and those that could not be tried a minute ago."""
    unfinished = Overview.objects.filter(state__in=(Overview.State.WAITING, Overview.State.MAKING))
    has_lapsed = Q(lease_until__lt=Now())
    return unfinished.filter(Q(lease_until=None) | has_lapsed).order_by("created_at")


def claim(overview: Overview) -> OverviewClaim | None:
    """Take an overview that waits, and return it with its image; None if another worker has taken it."""
    lease = uuid4()
    changes = {
        "state": Overview.State.MAKING,
        "version": RECIPE.version,
        "lease": lease,
        "lease_until": Now() + timedelta(seconds=4 * settings.RENDER_TIMEOUT_S),
    }
    if not waiting_overviews().filter(pk=overview.pk).update(**changes):
        return None
    row = Overview.objects.select_related("image").filter(pk=overview.pk, lease=lease).first()
    return None if row is None else OverviewClaim(row, lease)


def mark_ready(claim: OverviewClaim, facts: dict[str, Any]) -> bool:
    """Let requests use the overview. Return False if the lease is lost or the image is no longer ready.

    `facts` are its size, width, height and sha256, by the names of the row's fields."""
    with transaction.atomic():
        images = Image.objects.ready().filter(pk=claim.row.pk)
        if images.select_for_update(no_key=True).first() is None:
            return False
        ended = {"state": Overview.State.READY, "lease": None, "lease_until": None, "reason": ""}
        if not _leased(claim).update(**ended, **facts):
            return False
        images.update(overview_version=RECIPE.version, overview_bytes=facts["size_bytes"])
    return True


def refuse(claim: OverviewClaim, reason: str) -> None:
    """Remember that the image has no overview, and why, so that nobody tries again."""
    with transaction.atomic():
        images = Image.objects.filter(pk=claim.row.pk)
        images.select_for_update(no_key=True).first()
        ended = {"state": Overview.State.REFUSED, "lease": None, "lease_until": None, "reason": reason}
        if _leased(claim).update(**ended):
            images.update(overview_version=HAS_NONE, overview_bytes=None)


def put_back(claim: OverviewClaim) -> None:
    """Let the overview wait again: it could not be tried. Others come first for a minute."""
    _leased(claim).update(**_WAITING | {"lease_until": Now() + _PAUSE})


def drop(claim: OverviewClaim) -> None:
    """Remove the row of an overview whose image is no longer ready."""
    _leased(claim).delete()


def is_leased(claim: OverviewClaim) -> bool:
    return _leased(claim).exists()


def is_kept(claim: OverviewClaim) -> bool:
    """Whether the object of this name belongs to a ready overview, which another worker has made."""
    return Overview.objects.filter(pk=claim.row.pk, state=Overview.State.READY).exists()


def remove_overview(image_id: UUID, *, keeps_refusal: bool = False) -> None:
    """Remove the overview of an image: it is no longer used, then its object goes, then its row.

    With `keeps_refusal` an image that has none stays one. Raise Unavailable if storage does not answer; then
    the row stays."""
    rows = Overview.objects.filter(pk=image_id)
    if keeps_refusal:
        rows = rows.exclude(state=Overview.State.REFUSED)
    if not rows.exists():
        return
    images = Image.objects.filter(pk=image_id, overview_version__isnull=False)
    images.update(overview_version=None, overview_bytes=None)
    renditions().delete(*names_until(image_id, RECIPE.version))
    rows.delete()


def names_until(image_id: UUID, version: int) -> list[str]:
    """Return the names of an image's overviews by the versions of the recipe from 1 to `version`."""
    return [overview_name(image_id, number) for number in range(1, version + 1)]


def mark_lost(image: Image) -> None:
    """Let the overview be made again: its bytes are gone from storage, or damaged."""
    ready = Overview.objects.filter(pk=image.pk, state=Overview.State.READY, version=RECIPE.version)
    marked = Image.objects.filter(pk=image.pk, overview_version=RECIPE.version)
    with transaction.atomic():
        marked.update(overview_version=None, overview_bytes=None)
        if ready.update(**_WAITING):
            log.warning("an overview is lost, and will be made again", extra={"image_id": str(image.pk)})
    outbox.hint(OVERVIEWS_TASK)


@contextmanager
def overview_path(image: Image) -> Iterator[Path]:
    """Yield a path that holds the bytes of a ready overview while the context lasts.

    Raise OverviewLost, after the row says so, if they are gone or not whole. Raise Unavailable if storage
    does not answer."""
    name = overview_name(image.pk, RECIPE.version)
    try:
        with renditions().local_path(name) as path:
            if path.stat().st_size != image.overview_bytes:
                raise FileNotFoundError(name)
            yield path
    except FileNotFoundError as error:
        mark_lost(image)
        raise OverviewLost(name) from error


def _leased(claim: OverviewClaim) -> QuerySet[Overview]:
    return Overview.objects.filter(pk=claim.row.pk, lease=claim.lease)
