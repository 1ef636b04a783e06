"""The end of an image: from ready to deleted, purging, and at last a tombstone.

A deleted image is not found from that moment on; its bytes are removed later. Each step first writes its
intention into a row. The sweep (images/upkeep/sweeps.py) can then finish a deletion that a crash or an
unreachable storage has interrupted."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import Account
from images.database import reason_of
from images.models import Image, Rendition, Tag
from images.storage import originals, renditions
from progimage.errors import NotFound, ProgImageError

from .changing import Check
from .finding import get_own_image
from .overviews import remove_overview
from .storing import new_ready_id, place_tags

log = logging.getLogger("progimage.deleting")

_BATCH_SIZE = 500
_BLANK_FIELDS: Any = {
    "filename": "",
    "metadata": {},
    "focal_x": None,
    "focal_y": None,
    "missing_at": None,
    "is_hdr": None,
    "color_space": None,
    "overview_version": None,
    "overview_bytes": None,
    "parent": None,
    "transform": None,
}


def delete(
    image_id: UUID,
    *,
    account: Account,
    purge: bool = False,
    check: Check = lambda image: None,
) -> None:
    """Delete an image: from now on no request finds it. With `purge` its bytes are removed at once.

    A deleted image may be restored during the grace period, a purged one never. `check` sees the image while
    its row is locked. Raise its errors, and NotFound if the account has no such image, or has deleted it and
    this call does not purge it."""
    states_before = [Image.State.READY]
    state_after = Image.State.DELETED
    if purge:
        states_before.append(Image.State.DELETED)
        state_after = Image.State.PURGING
    rows = Image.objects.filter(
        pk=image_id,
        account=account,
        state__in=states_before,
    )
    with transaction.atomic():
        image = rows.select_for_update(no_key=True).first()
        if image is None:
            raise NotFound("There is no image with this id")
        check(image)
        rows.update(state=state_after, deleted_at=Now())
    try:
        if purge:
            finish_purge(Image.objects.get(pk=image_id))
        else:
            remove_derived(image_id)
    except (ProgImageError, Error) as error:
        reason = reason_of(error)
        log.warning("a deletion is left to the sweep (%s)", reason, extra={"image_id": str(image_id)})


def restore(image_id: UUID) -> None:
    """Take a deletion back while the bytes are still stored. Later requests render its renditions again.

    The image becomes ready anew, so it is the newest in lists.

    Raise NotFound if there is no deleted image with this id."""
    with transaction.atomic():
        deleted = Image.objects.filter(pk=image_id, state=Image.State.DELETED)
        image = deleted.first()
        if image is not None:
            image.ready_id = new_ready_id(image.account_id)
            image.state = Image.State.READY
            image.deleted_at = None
        # The image may have been purged while this waited for the account's row.
        if image is None or not deleted.update(state=image.state, ready_id=image.ready_id, deleted_at=None):
            raise NotFound("There is no deleted image with this id whose bytes are still there")
        place_tags(image)


def images_to_purge() -> QuerySet[Image]:
    """Return the deleted images whose grace period is over, and those whose purge has not ended."""
    grace_period = timedelta(seconds=settings.DELETED_GRACE_S)
    is_purging = Q(state=Image.State.PURGING)
    is_past_grace = Q(state=Image.State.DELETED, deleted_at__lt=Now() - grace_period)
    # Both states stand here once more, because the index image_to_purge has just these rows.
    rows = Image.objects.filter(state__in=(Image.State.DELETED, Image.State.PURGING))
    return rows.filter(is_purging | is_past_grace).order_by("deleted_at")


def purge_if_due(image: Image) -> None:
    """Purge an image unless it was restored or purged since it was listed. Raise Unavailable."""
    if images_to_purge().filter(pk=image.pk).update(state=Image.State.PURGING):
        finish_purge(image)


def finish_purge(image: Image) -> None:
    """Remove the bytes of an image in the state purging and turn its row into a tombstone.

    No upload can take the id of a tombstone. Raise Unavailable if storage does not answer."""
    remove_derived(image.pk)
    originals().delete(image.storage_name)
    with transaction.atomic():
        Tag.objects.filter(image=image).delete()
        Image.objects.filter(replaced_by=image).update(replaced_by=None)
        purging = Image.objects.filter(pk=image.pk, state=Image.State.PURGING)
        purging.update(state=Image.State.PURGED, **_BLANK_FIELDS)


def purge_renditions(image_id: UUID, *, account: Account) -> None:
    """Remove all renditions of an image, and its overview. Later requests render them again.

    Raise NotFound if the account has no such image, Unavailable if storage does not answer."""
    image = get_own_image(image_id, account=account)
    remove_overview(image.pk, keeps_refusal=True)
    remove_renditions(Rendition.objects.filter(image=image))


def remove_derived(image_id: UUID) -> None:
    """Remove the overview and all renditions that show an image: its own and those of other images.

    Raise Unavailable."""
    remove_overview(image_id)
    own_renditions = Rendition.objects.filter(image=image_id)
    remove_renditions(own_renditions)
    composites = Rendition.objects.exclude(others=[])
    composites_with_image = composites.filter(others__contains=[image_id])
    remove_renditions(composites_with_image)


def remove_renditions(rows: QuerySet[Rendition]) -> None:
    """Remove the objects of renditions first, then their rows. Raise Unavailable if storage does not answer.

    A request that reads in between finds the object missing. It then renders anew, under another row."""
    last_pk = 0
    while True:
        next_rows = rows.filter(pk__gt=last_pk).order_by("pk")
        batch = list(next_rows[:_BATCH_SIZE])
        if not batch:
            break
        last_pk = batch[-1].pk
        names = [row.storage_name for row in batch]
        renditions().delete(*names)
        _delete_rows([row.pk for row in batch])


def _delete_rows(pks: Sequence[int]) -> None:
    """Delete rows of renditions. They are locked in the order of their ids, as counts of hits lock them.

    Two purges at once would otherwise lock them in any order and wait for each other."""
    rows = Rendition.objects.filter(pk__in=pks)
    with transaction.atomic():
        list(rows.select_for_update().order_by("pk").values_list("pk"))
        rows.delete()
