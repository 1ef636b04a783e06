"""The record of objects in storage to which no row belongs."""

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from images.models import Orphan

_BATCH_SIZE = 1_000


def find_waste(names: Collection[str], *, prefix: str) -> set[str]:
    """Return those of `names` that an earlier run recorded, at least ORPHAN_SEEN_AGAIN_AFTER_S seconds ago.

    All `names` start with `prefix`."""
    min_age = timedelta(seconds=settings.ORPHAN_SEEN_AGAIN_AFTER_S)
    seen_before = Orphan.objects.filter(
        name__startswith=prefix,
        first_seen_at__lte=timezone.now() - min_age,
    )
    names_seen_before = set(seen_before.values_list("name", flat=True))
    return names_seen_before.intersection(names)


def record_orphans(names: Collection[str], *, prefix: str) -> None:
    """Make `names` the only recorded orphans whose names start with `prefix`.

    Orphans that were recorded before keep the time of their first sighting."""
    recorded = Orphan.objects.filter(name__startswith=prefix)
    recorded.exclude(name__in=names).delete()
    rows = [Orphan(name=name) for name in names]
    Orphan.objects.bulk_create(rows, _BATCH_SIZE, ignore_conflicts=True)
