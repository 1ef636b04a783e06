"""The inventory of storage and rows, in batches."""

import pytest
from django.utils import timezone

from images.ids import uuid7
from images.models import Image
from images.storage import ObjectStorage
from images.upkeep import reconciliation
from tests.conftest import Api
from tests.support.drift import reconcile
from tests.support.spoiling import LONG_AGO, PNG, PURGES, disk, update

__all__ = ["disk"]


def test_batches_leave_nothing_out(api: Api, disk: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    from images.upkeep import inventory, sweeps

    monkeypatch.setattr(inventory, "BATCH_SIZE", 2)
    monkeypatch.setattr(sweeps, "_BATCH_SIZE", 2)
    api.stored(PNG)
    kept = Image.objects.get()
    for _ in range(40):
        kept.pk = uuid7()
        kept.save(force_insert=True)
    Image.objects.filter(pk=kept.pk).update(state="deleted", deleted_at=timezone.now() - LONG_AGO)
    assert reconcile()[1] == {reconciliation.MISSING: (39, 39), PURGES: (1, 1)}
    update(state="purging", deleted_at=timezone.now())
    assert reconcile("--fix") == (0, {PURGES: (41, 0)})
