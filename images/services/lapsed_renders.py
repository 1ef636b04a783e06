"""Renders that ended without an answer, and failures that may be retried."""

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from images.models import Rendition
from images.storage import renditions

_OVERDUE = timedelta(minutes=1)


def lapsed_renders() -> QuerySet[Rendition]:
    """Return the unfinished renditions whose lease, or wait after a failure, ended over a minute ago."""
    unfinished = Rendition.objects.exclude(state=Rendition.State.READY)
    lapsed = unfinished.filter(lease_until__lt=Now() - _OVERDUE)
    return lapsed.order_by("lease_until")


def drop_lapsed(rendition: Rendition) -> None:
    """Remove the object and the row of a lapsed rendition.

    A killed render may have stored its object, so the object is removed first. The row stays if another
    request has claimed it since it was read. Raise Unavailable if storage does not answer."""
    renditions().delete(rendition.storage_name)
    rows = lapsed_renders().filter(pk=rendition.pk, lease=rendition.lease)
    rows.delete()
