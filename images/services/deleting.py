"""From an image that is ready to a tombstone: it is not found at once, its bytes go later.

Each step first says in a row what it is about to do, so that a sweep (images/upkeep/sweeps.py) ends
what a crash or a storage that was away has left."""

import logging
from typing import Any
from uuid import UUID

from django.db import Error, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Account
from images.database import release_connection
from images.models import Image, Rendition, Tag
from images.storage import originals, renditions
from progimage.errors import NotFound, ProgImageError

from .finding import get_own_image

log = logging.getLogger("progimage.deleting")

_BATCH = 500
_BLANK: Any = {
    "filename": "",
    "metadata": {},
    "focal_x": None,
    "focal_y": None,
    "missing_at": None,
    "parent": None,
    "transform": None,
}


def delete(image_id: UUID, *, account: Account, purge: bool = False) -> None:
    """Let nobody find the image from now on. It may be restored for a while; after a purge never.

    Raises NotFound, also where it has been deleted before: only a purge may follow a deletion."""
    before = [Image.State.READY, Image.State.DELETED] if purge else [Image.State.READY]
    after = Image.State.PURGING if purge else Image.State.DELETED
    own = Image.objects.filter(pk=image_id, account=account, state__in=before)
    if not own.update(state=after, deleted_at=Now()):
        raise NotFound("There is no image with this id")
    try:
        if purge:
            finish_purge(Image.objects.get(pk=image_id))
        else:
            remove_derived(image_id)
    except (ProgImageError, Error):
        log.warning("a deletion is left to the sweep", exc_info=True, extra={"image_id": str(image_id)})


def restore(image_id: UUID) -> None:
    """Take a deletion back while the bytes are there. Renditions are made again when they are asked for.

    Raises NotFound."""
    deleted = Image.objects.filter(pk=image_id, state=Image.State.DELETED)
    if not deleted.update(state=Image.State.READY, deleted_at=None):
        raise NotFound("There is no deleted image with this id whose bytes are still there")


def finish_purge(image: Image) -> None:
    """Remove the bytes of an image in the state purging, and leave a tombstone: its id is never used again.

    Raises Unavailable."""
    remove_derived(image.pk)
    originals().delete(image.storage_name)
    with transaction.atomic():
        Tag.objects.filter(image=image).delete()
        Image.objects.filter(replaced_by=image).update(replaced_by=None)
        purging = Image.objects.filter(pk=image.pk, state=Image.State.PURGING)
        purging.update(state=Image.State.PURGED, **_BLANK)


def purge_renditions(image_id: UUID, *, account: Account) -> None:
    """Remove all that was derived from an image. What is asked for again is made again.

    Raises NotFound or Unavailable."""
    image = get_own_image(image_id, account=account)
    remove_renditions(Rendition.objects.filter(image=image))


def remove_derived(image_id: UUID) -> None:
    """Remove all that shows an image: its renditions, and those of others where it is. Raises Unavailable."""
    remove_renditions(Rendition.objects.filter(image=image_id))
    remove_renditions(Rendition.objects.exclude(others=[]).filter(others__contains=[image_id]))


def remove_renditions(rows: QuerySet[Rendition]) -> None:
    """Remove objects first, rows second: whoever reads in between finds the object gone and renders anew,
    under another row. Raises Unavailable."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:_BATCH]):
        last = batch[-1].pk
        release_connection()
        renditions().delete(*(row.storage_name for row in batch))
        Rendition.objects.filter(pk__in=[row.pk for row in batch]).delete()
    release_connection()
