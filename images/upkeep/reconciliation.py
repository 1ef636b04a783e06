"""Whether rows and storage say the same, and the mending of what does not.

Rows are held against listings of storage, a sixteenth of all names at a time: neither a request for each row
nor all names in memory. A listing is old when its rows are read, so what it lacks is asked for by name; and
nothing is removed for being listed once (some servers list what has been deleted)."""

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from images import services
from images.ids import least_id
from images.models import Image, Orphan, Rendition, UploadUrl
from images.storage import originals, renditions

from .inventory import BATCH, ORIGINALS, RENDITIONS, Shelf, batches
from .sweeps import SWEEPS, Sweep

log = logging.getLogger("progimage.reconcile")

MISSING = "originals that are missing from storage"
BACK = "originals that are back in storage"
DAMAGED = "originals that are not what was uploaded"
LOST = "renditions without their bytes"
ORPHANS = "objects that no row knows"
_DIGITS = "0123456789abcdef"
_EXAMPLES = 5
_MAX_NAME = 200
"""Longer names are not of this program's making, and none of its business."""


@dataclass
class Finding:
    """How many were found, how many are left, and the first few of them."""

    found: int = 0
    left: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, name: object, *, is_mended: bool = False) -> None:
        self.found += 1
        self.left += not is_mended
        if len(self.examples) < _EXAMPLES:
            self.examples.append(str(name))


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which rows are looked at. Objects that no row knows are left out of any scope but the whole."""

    account: Account | None = None
    since: datetime | None = None

    @property
    def is_whole(self) -> bool:
        return self.account is None and self.since is None

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        path = "image__" if rows.model is Rendition else ""
        if self.account is not None:
            rows = rows.filter(**{f"{path}account": self.account})
        if self.since is not None and rows.model in (Image, Rendition, UploadUrl):
            rows = rows.filter(**{f"{path}id__gte": least_id(self.since)})
        return rows


class Reconciliation:
    """One run. Dry it only counts; with `fix` it mends what can be mended without losing anything."""

    def __init__(self, scope: Scope, *, fix: bool, sample: float) -> None:
        """`sample` is the share of the originals whose bytes are read, 0 to 1."""
        self.scope, self.fix, self.sample = scope, fix, sample
        names = (*(sweep.name for sweep in SWEEPS), MISSING, BACK, DAMAGED, LOST, ORPHANS)
        self.findings = {name: Finding() for name in names}

    def steps(self) -> list[Callable[[], None]]:
        """Return what is to be called, in this order. A step raises Unavailable where storage is away."""
        shelves = ((ORIGINALS, self._check_original), (RENDITIONS, self._check_rendition))
        return [
            *(partial(self._sweep, sweep) for sweep in SWEEPS),
            *(partial(self._compare, shelf, check, digit) for shelf, check in shelves for digit in _DIGITS),
        ]

    def _sweep(self, sweep: Sweep) -> None:
        rows = self.scope.narrow(sweep.due())
        finding = self.findings[sweep.name]
        finding.found = finding.left = rows.count()
        if not finding.found:
            return
        finding.examples = [str(row.pk) for row in rows[:_EXAMPLES]]
        if self.fix:
            sweep.run(rows=rows)
            finding.left = rows.count()

    def _compare(self, shelf: Shelf, check: Callable[[Any], None], digit: str) -> None:
        listed: set[int] = set()
        orphans = list(self._list(shelf, digit, listed))
        if self.scope.is_whole:
            self._note_orphans(shelf, digit, orphans)
        for row in shelf.part(self.scope.narrow(shelf.rows()), digit):
            if hash((row.storage_name, row.size_bytes)) not in listed:
                check(row)
            elif shelf is ORIGINALS:
                self._check_listed(row)

    def _list(self, shelf: Shelf, digit: str, listed: set[int]) -> Iterator[str]:
        """Put what is listed into `listed`, and go through the names that no row knows and that are old."""
        newest = timezone.now() - timedelta(seconds=settings.ORPHAN_MIN_AGE_S)
        for batch in batches(shelf.storage().list_objects(shelf.prefix(digit))):
            listed.update(hash((found.name, found.size_bytes)) for found in batch)
            old = {found.name for found in batch if found.modified_at <= newest}
            unknown = shelf.unknown([found.name for found in batch])
            yield from (name for name in unknown if name in old and len(name) <= _MAX_NAME)

    def _check_original(self, image: Image) -> None:
        found = originals().find_object(image.storage_name)
        if found is None:
            self._report(MISSING, image)
        elif found.size_bytes != image.size_bytes:
            self._report(DAMAGED, image)

    def _check_listed(self, image: Image) -> None:
        if image.missing_at is not None:
            self.findings[BACK].add(image.pk, is_mended=self.fix and services.report_back(image))
        if random.random() < self.sample and not services.is_intact(image):  # noqa: S311 - a sample, no secret
            self._report(DAMAGED, image)

    def _report(self, what: str, image: Image) -> None:
        """Nothing here brings bytes back, so the row stays: a backup may have them."""
        if not Image.objects.filter(pk=image.pk, state=Image.State.READY).exists():
            return
        self.findings[what].add(image.pk)
        if self.fix and what == MISSING:
            services.mark_missing(image)
        if what == DAMAGED:
            log.error("an original is not what was uploaded", extra={"image_id": str(image.pk)})

    def _check_rendition(self, rendition: Rendition) -> None:
        found = renditions().find_object(rendition.storage_name)
        row = Rendition.objects.filter(pk=rendition.pk)
        if (found is not None and found.size_bytes == rendition.size_bytes) or not row.exists():
            return
        self.findings[LOST].add(rendition.storage_name, is_mended=self.fix)
        if self.fix:
            services.remove_renditions(row)

    def _note_orphans(self, shelf: Shelf, digit: str, orphans: list[str]) -> None:
        waste = self._end_orphans(shelf, digit, set(orphans)) if self.fix else ()
        for name in orphans:
            self.findings[ORPHANS].add(name, is_mended=name in waste)

    def _end_orphans(self, shelf: Shelf, digit: str, orphans: set[str]) -> set[str]:
        """Remove what an earlier run has seen too, remember the rest, and return what was removed."""
        earlier = Orphan.objects.filter(name__startswith=shelf.prefix(digit))
        latest = timezone.now() - timedelta(seconds=settings.ORPHAN_SEEN_AGAIN_AFTER_S)
        waste = orphans & set(earlier.filter(first_seen_at__lte=latest).values_list("name", flat=True))
        shelf.storage().delete(*waste)
        earlier.exclude(name__in=orphans - waste).delete()
        left = [Orphan(name=name) for name in orphans - waste]
        Orphan.objects.bulk_create(left, BATCH, ignore_conflicts=True)
        return waste
