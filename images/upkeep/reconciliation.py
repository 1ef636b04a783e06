"""Comparison of rows with storage, and repair of their differences.

Rows are compared with listings of storage, a sixteenth of all names at a time. This takes neither a request
for each row nor memory for all names. A listing is already old when the rows are read, so an object that it
lacks is looked up by name. An object is never removed after a single sighting, because some servers list
objects that have been deleted."""

import logging
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from images.ids import least_id
from images.models import Image, Overview, Rendition, UploadUrl
from images.services import deleting, integrity, overviews
from images.services.orphans import find_waste, record_orphans
from images.storage import originals, renditions

from .inventory import HEX_DIGITS, ORIGINALS, OVERVIEWS, RENDITIONS, ObjectFolder, batches
from .sweeps import SWEEPS, Sweep

log = logging.getLogger("progimage.reconcile")

# Keys of the command's JSON, as the names of the sweeps are.
MISSING = "originals that are missing from storage"
BACK = "originals that are back in storage"
DAMAGED = "originals that are not what was uploaded"
LOST = "renditions without their bytes"
LOST_OVERVIEWS = "overviews without their bytes"
ORPHANS = "objects that no row knows"
_MAX_EXAMPLES = 5
_MAX_NAME_LENGTH = 200
"""ProgImage makes no longer names. It leaves such objects alone."""


@dataclass
class Finding:
    """The rows or objects with one kind of fault: how many, how many of them remain, and the first few."""

    count: int = 0
    remaining: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, name: object, *, is_mended: bool = False) -> None:
        self.count += 1
        if not is_mended:
            self.remaining += 1
        if len(self.examples) < _MAX_EXAMPLES:
            self.examples.append(str(name))


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The rows to look at: those of one account, those made since a moment, or all.

    Orphans are looked for only if the coverage is the whole, because an object does not say whose it is."""

    account: Account | None = None
    since: datetime | None = None

    @property
    def is_whole(self) -> bool:
        return self.account is None and self.since is None

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of `rows` that it covers."""
        image_path = "image__" if rows.model in (Rendition, Overview) else ""
        if self.account is not None:
            rows = rows.filter(**{f"{image_path}account": self.account})
        if self.since is not None and rows.model in (Image, Rendition, Overview, UploadUrl):
            rows = rows.filter(**{f"{image_path}id__gte": least_id(self.since)})
        return rows


class Reconciliation:
    """One run. Without `fix` it only counts. With `fix` it mends each fault if nothing can be lost thereby.

    `sample` is the share of the originals whose bytes are read, from 0 to 1."""

    def __init__(self, coverage: Coverage, *, fix: bool, sample: float) -> None:
        self.coverage = coverage
        self.fix = fix
        self.sample = sample
        sweep_names = [sweep.name for sweep in SWEEPS]
        names = [*sweep_names, MISSING, BACK, DAMAGED, LOST, LOST_OVERVIEWS, ORPHANS]
        self.findings = {name: Finding() for name in names}

    def steps(self) -> list[Callable[[], None]]:
        """Return the functions to call, in this order. Each raises Unavailable if storage does not answer."""
        sweeps = [partial(self._sweep, sweep) for sweep in SWEEPS]
        of_originals = [partial(self._compare_originals, digit) for digit in HEX_DIGITS]
        of_renditions = [partial(self._compare_renditions, digit) for digit in HEX_DIGITS]
        of_overviews = [partial(self._compare_overviews, digit) for digit in HEX_DIGITS]
        return [*sweeps, *of_originals, *of_renditions, *of_overviews]

    def _sweep(self, sweep: Sweep) -> None:
        rows = self.coverage.narrow(sweep.due())
        finding = self.findings[sweep.name]
        finding.count = rows.count()
        finding.remaining = finding.count
        if not finding.count:
            return
        finding.examples = [str(row.pk) for row in rows[:_MAX_EXAMPLES]]
        if self.fix:
            sweep.run(rows=rows)
            finding.remaining = rows.count()

    def _compare_originals(self, digit: str) -> None:
        fingerprints = self._list(ORIGINALS, digit)
        rows = self.coverage.narrow(ORIGINALS.rows())
        for image in ORIGINALS.part(rows, digit):
            if _fingerprint(image.storage_name, image.size_bytes) in fingerprints:
                self._check_listed_original(image)
            else:
                self._check_unlisted_original(image)

    def _compare_renditions(self, digit: str) -> None:
        fingerprints = self._list(RENDITIONS, digit)
        rows = self.coverage.narrow(RENDITIONS.rows())
        for rendition in RENDITIONS.part(rows, digit):
            if _fingerprint(rendition.storage_name, rendition.size_bytes) not in fingerprints:
                self._check_unlisted_rendition(rendition)

    def _compare_overviews(self, digit: str) -> None:
        fingerprints = self._list(OVERVIEWS, digit)
        rows = self.coverage.narrow(OVERVIEWS.rows())
        for overview in OVERVIEWS.part(rows, digit):
            if _fingerprint(overview.storage_name, overview.size_bytes) not in fingerprints:
                self._check_unlisted_overview(overview)

    def _list(self, folder: ObjectFolder, digit: str) -> set[int]:
        """Return the fingerprints of a folder's objects, and handle the objects that no row knows."""
        min_age = timedelta(seconds=settings.ORPHAN_MIN_AGE_S)
        newest = timezone.now() - min_age
        fingerprints: set[int] = set()
        orphans: list[str] = []
        listings = folder.storage().list_objects(folder.prefix(digit))
        for batch in batches(listings):
            names = [listing.name for listing in batch]
            without_row = set(folder.without_row(names))
            for listing in batch:
                fingerprints.add(_fingerprint(listing.name, listing.size_bytes))
                # A young object may belong to an upload or a render under way.
                is_old = listing.modified_at <= newest
                is_ours = len(listing.name) <= _MAX_NAME_LENGTH
                if listing.name in without_row and is_old and is_ours:
                    orphans.append(listing.name)
        if self.coverage.is_whole:
            self._note_orphans(folder, digit, orphans)
        return fingerprints

    def _check_listed_original(self, image: Image) -> None:
        if image.missing_at is not None:
            is_mended = self.fix and integrity.mark_back(image)
            self.findings[BACK].add(image.pk, is_mended=is_mended)
        is_sampled = random.random() < self.sample  # noqa: S311 - a sample is no secret
        if is_sampled and not integrity.is_intact(image):
            self._note_damaged(image)

    def _check_unlisted_original(self, image: Image) -> None:
        stored_object = originals().find_object(image.storage_name)
        if stored_object is None:
            self._note_missing(image)
        elif stored_object.size_bytes != image.size_bytes:
            self._note_damaged(image)

    def _note_missing(self, image: Image) -> None:
        """Count a missing original and flag its row. The row stays, because a backup may have the bytes."""
        if not _is_ready(image):
            return
        self.findings[MISSING].add(image.pk)
        if self.fix:
            integrity.mark_missing(image)

    def _note_damaged(self, image: Image) -> None:
        """Count and log an original with other bytes. The row stays, because a backup may have its own."""
        if not _is_ready(image):
            return
        self.findings[DAMAGED].add(image.pk)
        log.error("an original is not what was uploaded", extra={"image_id": str(image.pk)})

    def _check_unlisted_rendition(self, rendition: Rendition) -> None:
        stored_object = renditions().find_object(rendition.storage_name)
        if stored_object is not None and stored_object.size_bytes == rendition.size_bytes:
            return
        rows = Rendition.objects.filter(pk=rendition.pk)
        if not rows.exists():
            return
        self.findings[LOST].add(rendition.storage_name, is_mended=self.fix)
        if self.fix:
            deleting.remove_renditions(rows)

    def _check_unlisted_overview(self, overview: Overview) -> None:
        """Count an overview whose bytes are gone. It is made again after the next render of its image."""
        stored_object = renditions().find_object(overview.storage_name)
        if stored_object is not None and stored_object.size_bytes == overview.size_bytes:
            return
        if not Overview.objects.filter(pk=overview.pk, state=Overview.State.READY).exists():
            return
        self.findings[LOST_OVERVIEWS].add(overview.storage_name, is_mended=self.fix)
        if self.fix:
            overviews.remove_overview(overview.pk)

    def _note_orphans(self, folder: ObjectFolder, digit: str, names: Collection[str]) -> None:
        waste: set[str] = set()
        if self.fix:
            waste = _remove_waste(folder, digit, names)
        for name in names:
            self.findings[ORPHANS].add(name, is_mended=name in waste)


def _remove_waste(folder: ObjectFolder, digit: str, orphans: Collection[str]) -> set[str]:
    """Remove the orphans that an earlier run has seen, too, and return their names. Record the others."""
    prefix = folder.prefix(digit)
    waste = find_waste(orphans, prefix=prefix)
    folder.storage().delete(*waste)
    record_orphans(set(orphans) - waste, prefix=prefix)
    return waste


def _fingerprint(name: str, size_bytes: int | None) -> int:
    """Return a hash that stands for an object in memory. It takes less room than the name."""
    return hash((name, size_bytes))


def _is_ready(image: Image) -> bool:
    """Return whether the image is still served: it may have been deleted since its row was read."""
    return Image.objects.ready().filter(pk=image.pk).exists()
