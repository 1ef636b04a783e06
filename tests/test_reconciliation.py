"""Reconciliation: a dry run finds drift and changes nothing; --fix mends it."""

from typing import Any

import pytest
from django.utils import timezone

from images.models import Image, Orphan, Rendition
from images.storage import ObjectStorage, originals
from images.upkeep import reconciliation
from tests.conftest import Api, body
from tests.support.drift import Drift, empty, names_in, no_patience, put, reconcile, replace
from tests.support.spoiling import (
    LONG_AGO,
    PNG,
    PURGES,
    RENDITIONS,
    Spoil,
    cut_rendition,
    deleted_with_renditions,
    disk,
    expire_request,
    foreign_object,
    forget_image,
    forget_purged,
    forget_rendition,
    grace_is_over,
    kill_render,
    leave_put,
    lose_original,
    lose_rendition,
    pending,
    pending_and_empty,
    pending_and_wrong,
    purging,
)

__all__ = ["disk"]


@pytest.fixture
def alone(storage: ObjectStorage) -> ObjectStorage:
    """Both storages, without objects of other tests."""
    empty(storage)
    return storage


@pytest.fixture
def image(api: Api, disk: ObjectStorage) -> None:
    """One image with one rendition, both whole."""
    body(api.get(f"{api.stored(PNG)}.webp"))


CASES = [
    pytest.param(pending, {"abandoned uploads": (1, 0)}, id="upload without its last step"),
    pytest.param(pending_and_empty, {"abandoned uploads": (1, 0)}, id="upload without bytes"),
    pytest.param(
        pending_and_wrong, {"abandoned uploads": (1, 0), PURGES: (1, 0)}, id="upload of other bytes"
    ),
    pytest.param(grace_is_over, {RENDITIONS: (1, 0), PURGES: (1, 0)}, id="grace period is over"),
    pytest.param(purging, {RENDITIONS: (1, 0), PURGES: (1, 0)}, id="purge ended halfway"),
    pytest.param(deleted_with_renditions, {RENDITIONS: (1, 0)}, id="deletion ended halfway"),
    pytest.param(kill_render, {"renders that ended halfway": (1, 0)}, id="render ended halfway"),
    pytest.param(lose_rendition, {reconciliation.LOST: (1, 0)}, id="rendition without object"),
    pytest.param(cut_rendition, {reconciliation.LOST: (1, 0)}, id="rendition of another size"),
    pytest.param(expire_request, {"expired idempotency keys": (1, 0)}, id="idempotency key"),
    pytest.param(forget_image, {reconciliation.ORPHANS: (2, 2)}, id="objects without an image"),
    pytest.param(forget_rendition, {reconciliation.ORPHANS: (1, 1)}, id="object without a rendition"),
    pytest.param(forget_purged, {reconciliation.ORPHANS: (1, 1)}, id="object of a tombstone"),
    pytest.param(leave_put, {reconciliation.ORPHANS: (1, 1)}, id="put ended halfway"),
    pytest.param(foreign_object, {reconciliation.ORPHANS: (1, 1)}, id="object with a strange name"),
]


@pytest.mark.parametrize(("spoil", "fixed"), CASES)
def test_drift_is_found_and_mended(image: None, settings: Any, spoil: Spoil, fixed: Drift) -> None:
    no_patience(settings)
    assert reconcile() == (0, {})
    spoil()
    rows, names = _rows(), names_in(originals())
    code, found = reconcile()
    assert (code, found.keys() <= fixed.keys(), bool(found)) == (1, True, True)
    assert (_rows(), names_in(originals())) == (rows, names), "a dry run changed something"
    left = any(left for _, left in fixed.values())
    assert reconcile("--fix") == (int(left), fixed)
    if left:
        assert reconcile("--fix") == (0, {name: (count, 0) for name, (count, _) in fixed.items()})
    assert reconcile() == (0, {})
    assert not Orphan.objects.exists()


def _rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Image, Rendition, Orphan)]


def test_both_storages(api: Api, alone: ObjectStorage, settings: Any) -> None:
    """All kinds of drift at once, on S3 too. Whole images stay as they are."""
    no_patience(settings)
    paths = [api.stored(PNG) for _ in range(6)]
    for path in paths:
        body(api.get(f"{path}.gif"))
    ids = [path.rpartition("/")[2] for path in paths]
    whole, lost, cut, gone, deleted, forgotten = (Image.objects.get(pk=one) for one in ids)
    alone.delete(lost.storage_name, cut.renditions.get().storage_name)
    replace(alone, gone.renditions.get().storage_name, b"cut")
    api.request("DELETE", paths[4])
    Image.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now() - LONG_AGO)
    Image.objects.filter(pk=forgotten.pk).delete()
    expected = {reconciliation.MISSING: 1, reconciliation.LOST: 2, reconciliation.ORPHANS: 2, PURGES: 1}
    assert reconcile() == (1, {name: (count, count) for name, count in expected.items()})
    reconcile("--fix")
    reconcile("--fix")
    assert reconcile() == (1, {reconciliation.MISSING: (1, 1)})
    put(alone, lost.storage_name, PNG)
    assert reconcile("--fix", "--sample", "1") == (0, {reconciliation.BACK: (1, 0)})
    kept = {one.storage_name for one in (whole, lost, cut, gone)}
    assert names_in(alone) == kept | {row.storage_name for row in Rendition.objects.all()}
    assert Rendition.objects.count() == 2


class TestOriginals:
    def test_that_are_missing_are_flagged_and_never_deleted(
        self, api: Api, disk: ObjectStorage, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = api.stored(PNG)
        lose_original()
        assert reconcile() == (1, {reconciliation.MISSING: (1, 1)})
        assert Image.objects.get().missing_at is None
        for _ in range(2):
            assert reconcile("--fix") == (1, {reconciliation.MISSING: (1, 1)})
        image = Image.objects.get()
        assert (image.state, image.missing_at is not None) == ("ready", True)
        assert [record.levelname for record in caplog.records if "missing" in record.msg] == ["ERROR"]
        put(disk, image.storage_name, PNG)
        assert reconcile() == (1, {reconciliation.BACK: (1, 1)})
        assert reconcile("--fix") == (0, {reconciliation.BACK: (1, 0)})
        assert (reconcile(), body(api.get(path))) == ((0, {}), PNG)

    @pytest.mark.parametrize("content", [PNG[::-1], PNG[:9]], ids=["same size", "another size"])
    def test_that_are_not_what_was_uploaded_are_reported(
        self, api: Api, disk: ObjectStorage, caplog: pytest.LogCaptureFixture, content: bytes
    ) -> None:
        api.stored(PNG)
        replace(disk, Image.objects.get().storage_name, content)
        assert reconcile("--fix", "--sample", "1") == (1, {reconciliation.DAMAGED: (1, 1)})
        assert [record.levelname for record in caplog.records if "not what" in record.msg] == ["ERROR"]
        assert reconcile("--sample", "0")[0] == (len(content) != len(PNG))
