"""Overviews of all stored images at once: made, removed and counted by an operator's command.

Images are read some at a time, by the index of each account's ready images. A run that is broken off leaves
the overviews that it has made, so the next run goes on with the rest."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from accounts.models import Account
from images.database import release_connection
from images.models import Image, Overview
from images.services import overviews
from images.storage import originals
from progimage.errors import Unavailable

from .overview_making import make_overview

_WINDOW_ROWS = 200
_NOT_NEEDED = ("metadata", "transform")


@dataclass
class OverviewRun:
    """A run over the images of one account, or of all."""

    account: Account | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    """How many overviews became ready, or were refused, for each reason."""
    failures: dict[UUID, Unavailable] = field(default_factory=dict)

    def count_images(self) -> int:
        """Return the number of images that `make` goes through."""
        return self._of_account(Image.objects.ready(), "account").count()

    def count_overviews(self) -> int:
        """Return the number of overviews that `remove` goes through."""
        return self._rows().count()

    def make(self) -> Iterator[UUID]:
        """Make the overviews that are due, and yield the id of each image, also of those that get none.

        Raise Unavailable if storage does not answer at all."""
        for image in self._images():
            if overviews.is_due(image):
                self._make(image)
                release_connection()
            yield image.pk

    def remove(self) -> Iterator[UUID]:
        """Remove all overviews and refusals, and yield the ids of their images. Raise Unavailable."""
        window = list(self._rows().order_by("pk").values_list("pk", flat=True)[:_WINDOW_ROWS])
        while window:
            for image_id in window:
                overviews.remove_overview(image_id)
                yield image_id
            window = list(self._rows().order_by("pk").values_list("pk", flat=True)[:_WINDOW_ROWS])

    def status(self) -> dict[str, Any]:
        """Return how many overviews are in each state, why some were refused, and their bytes."""
        states = self._rows().values_list("state").annotate(count=Count("pk"))
        refused = self._rows().filter(state=Overview.State.REFUSED)
        ready = self._rows().filter(state=Overview.State.READY)
        sums = ready.aggregate(overviews=Sum("size_bytes"), originals=Sum("image__size_bytes"))
        return {
            "states": dict.fromkeys(Overview.State.values, 0) | dict(states),
            "reasons": dict(refused.values_list("reason").annotate(count=Count("pk"))),
            "bytes": sums["overviews"] or 0,
            "bytes_of_originals": sums["originals"] or 0,
        }

    def _make(self, image: Image) -> None:
        overviews.request(image)
        row = Overview.objects.filter(pk=image.pk).first()
        if row is None:
            return
        try:
            has_ended = make_overview(row)
        except Unavailable as error:
            originals().check()
            self.failures[image.pk] = error
            return
        row = Overview.objects.filter(pk=image.pk).first()
        if has_ended and row is not None:
            self.outcomes[row.reason or row.state] += 1

    def _images(self) -> Iterator[Image]:
        accounts = [self.account] if self.account else Account.objects.order_by("pk")
        for account in accounts:
            rows = Image.objects.ready().filter(account=account).order_by("ready_id").defer(*_NOT_NEEDED)
            window = list(rows[:_WINDOW_ROWS])
            while window:
                yield from window
                window = list(rows.filter(ready_id__gt=window[-1].ready_id)[:_WINDOW_ROWS])

    def _rows(self) -> QuerySet[Overview]:
        return self._of_account(Overview.objects.all(), "image__account")

    def _of_account(self, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
        return rows.filter(**{path: self.account}) if self.account else rows
