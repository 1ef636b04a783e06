"""What happens without a request. Rows are the truth: a task that is lost or done twice does no harm."""

from datetime import timedelta

from celery import shared_task
from django.db.models.functions import Now

from .models import Rendition
from .storage import renditions

_BATCH = 1_000


@shared_task
def sweep_renditions() -> int:
    """Drop rows of renders that ended without an answer, and of failures that may be tried again.

    A killed render may have left its object, which goes too. Returns how many rows were dropped."""
    lapsed = Rendition.objects.exclude(state=Rendition.State.READY).filter(
        lease_until__lt=Now() - timedelta(minutes=1)
    )
    swept = 0
    for rendition in lapsed[:_BATCH]:
        renditions().delete(rendition.storage_name)
        swept += lapsed.filter(pk=rendition.pk, lease=rendition.lease).delete()[0]
    return swept
