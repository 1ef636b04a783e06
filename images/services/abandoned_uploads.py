"""Uploads that began some time ago and never ended, because their process was killed or storage was away."""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from images.models import Image
from images.storage import originals
from progimage.errors import Unavailable

from .integrity import is_stored
from .storing import finish


def abandoned_uploads() -> QuerySet[Image]:
    """Return the images pending for more than UPLOAD_ABANDONED_AFTER_S seconds, the oldest first."""
    max_age = timedelta(seconds=settings.UPLOAD_ABANDONED_AFTER_S)
    rows = Image.objects.filter(
        state=Image.State.PENDING,
        created_at__lt=Now() - max_age,
    )
    return rows.order_by("created_at")


def end_abandoned_upload(image: Image) -> None:
    """Finish an upload whose bytes arrived, or give it up. Raise Unavailable if storage does not answer.

    If no bytes arrived the row is deleted. If other bytes arrived the image goes into the state purging."""
    if is_stored(image):
        with suppress(Unavailable):  # a concurrent sweep has given it up
            finish(image)
        return
    has_no_object = originals().find_object(image.storage_name) is None
    with transaction.atomic():
        row = abandoned_uploads().select_for_update().filter(pk=image.pk).first()
        if row is None:
            return
        if has_no_object:
            row.delete()
        else:
            Image.objects.filter(pk=row.pk).update(state=Image.State.PURGING, deleted_at=Now())
