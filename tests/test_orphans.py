"""Orphans: objects that no row knows are removed, late."""

from typing import Any

import pytest

from images.ids import uuid7
from images.models import Orphan
from images.storage import ObjectStorage, originals
from images.upkeep import reconciliation
from tests.conftest import Api
from tests.support.drift import Drift, names_in, no_patience, put, reconcile
from tests.support.spoiling import PNG, disk

__all__ = ["disk"]


class TestOrphans:
    @pytest.fixture(autouse=True)
    def _orphan(self, disk: ObjectStorage, db: None) -> None:
        put(disk, f"originals/ab/{uuid7()}", PNG)

    @pytest.mark.parametrize(
        ("age", "apart", "second"),
        [
            pytest.param(3_600, 0, {}, id="young ones may be on their way"),
            pytest.param(0, 3_600, {reconciliation.ORPHANS: (1, 1)}, id="seen again too soon"),
            pytest.param(0, 0, {reconciliation.ORPHANS: (1, 0)}, id="seen twice"),
        ],
    )
    def test_are_removed_late(self, settings: Any, age: int, apart: int, second: Drift) -> None:
        """F-18."""
        settings.ORPHAN_MIN_AGE_S, settings.ORPHAN_SEEN_AGAIN_AFTER_S = age, apart
        reconcile("--fix")
        assert reconcile("--fix")[1] == second
        assert bool(names_in(originals())) == (second != {reconciliation.ORPHANS: (1, 0)})

    def test_that_were_not_seen_in_between_count_anew(self, settings: Any, disk: ObjectStorage) -> None:
        no_patience(settings)
        reconcile("--fix")
        (name,) = names_in(disk)
        disk.delete(name)
        assert reconcile("--fix") == (0, {})
        assert not Orphan.objects.exists()
        put(disk, name, PNG)
        assert reconcile("--fix") == (1, {reconciliation.ORPHANS: (1, 1)})

    def test_belong_to_no_account(self, settings: Any, api: Api) -> None:
        no_patience(settings)
        assert reconcile("--fix", "--account", "alice") == (0, {})
