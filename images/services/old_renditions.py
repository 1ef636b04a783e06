"""Renditions that an earlier version of the renderer made.

A cache key holds RENDER_VERSION, so a server that has been upgraded asks for none of them. A server that has
not been upgraded yet still reads its own."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now

from images.models import Rendition
from transforms.planning import resolve

_UNREAD_FOR = timedelta(days=1)
_WINDOW_ROWS = 1_000


def old_renditions() -> QuerySet[Rendition]:
    """Return the renditions of earlier versions that nobody has read for a day."""
    last_read_at = Coalesce("last_accessed_at", "created_at")
    rows = _ready_renditions().filter(render_version__lt=resolve.RENDER_VERSION)
    return rows.alias(last_read_at=last_read_at).filter(last_read_at__lt=Now() - _UNREAD_FOR).order_by("pk")


def windows_of(rows: QuerySet[Rendition]) -> Iterator[QuerySet[Rendition]]:
    """Divide `rows`, all of them old renditions, into windows of at most a thousand rows.

    On the day after an upgrade millions of renditions are of an earlier version and were read too recently.
    One statement over all of them would exceed the time of a statement. The index of versions finds the next
    window at once."""
    for version in range(resolve.RENDER_VERSION):
        of_version = _ready_renditions().filter(render_version=version)
        version_pks = of_version.order_by("pk").values_list("pk", flat=True)
        pks = list(version_pks[:_WINDOW_ROWS])
        while pks:
            yield rows.filter(pk__in=pks)
            pks = list(version_pks.filter(pk__gt=pks[-1])[:_WINDOW_ROWS])


def _ready_renditions() -> QuerySet[Rendition]:
    return Rendition.objects.filter(state=Rendition.State.READY)
