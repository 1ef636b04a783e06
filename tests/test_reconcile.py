"""manage.py reconcile: dry it finds what is there and changes nothing, with --fix it mends it, then all is well."""

import io
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import IdempotentRequest
from images.ids import uuid7
from images.models import Image, Orphan, Rendition
from images.storage import DiskObjectStorage, ObjectStorage, originals
from images.upkeep import reconciliation
from progimage.errors import Unavailable
from tests.conftest import Api, body, use_disk
from tests.support import images as made
from tests.support.drift import Drift, empty, names_in, no_patience, put, reconcile, replace

PNG = made.encoded("png")
LONG_AGO = timedelta(days=30)
Spoil = Callable[[], None]


@pytest.fixture
def disk(settings: Any, tmp_path: Path) -> ObjectStorage:
    use_disk(settings, tmp_path / "objects")
    return originals()


@pytest.fixture
def alone(storage: ObjectStorage) -> ObjectStorage:
    """Both storages, without what other tests have left."""
    empty(storage)
    return storage


@pytest.fixture
def image(api: Api, disk: ObjectStorage) -> None:
    """One image with one rendition, both whole."""
    body(api.get(f"{api.stored(PNG)}.webp"))


def _update(**values: Any) -> None:
    Image.objects.update(**values)


def _lose_original() -> None:
    originals().delete(Image.objects.get().storage_name)


def _pending() -> None:
    _update(state="pending", created_at=timezone.now() - LONG_AGO)
    Rendition.objects.all().delete()
    originals().delete(*[name for name in names_in(originals()) if name.startswith("renditions/")])


def _pending_and_empty() -> None:
    _pending()
    _lose_original()


def _pending_and_wrong() -> None:
    _pending()
    replace(originals(), Image.objects.get().storage_name, b"other")


def _grace_is_over() -> None:
    _update(state="deleted", deleted_at=timezone.now() - LONG_AGO)


def _purging() -> None:
    _update(state="purging", deleted_at=timezone.now())


def _deleted_with_renditions() -> None:
    _update(state="deleted", deleted_at=timezone.now())


def _lose_rendition() -> None:
    originals().delete(Rendition.objects.get().storage_name)


def _cut_rendition() -> None:
    replace(originals(), Rendition.objects.get().storage_name, b"cut")


def _kill_render() -> None:
    Rendition.objects.update(state="rendering", lease=uuid.uuid4(), lease_until=timezone.now() - LONG_AGO)


def _expire_request() -> None:
    account = Image.objects.get().account
    long_ago = timezone.now() - LONG_AGO
    IdempotentRequest.objects.create(
        account=account, name="x", ids=[], lease=uuid.uuid4(), locked_until=long_ago, expires_at=long_ago
    )


def _forget_image() -> None:
    Image.objects.all().delete()


def _forget_rendition() -> None:
    Rendition.objects.all().delete()


def _forget_purged() -> None:
    """As an upload that was late does: its bytes came after the tombstone."""
    Rendition.objects.all().delete()
    originals().delete(*[name for name in names_in(originals()) if name.startswith("renditions/")])
    _update(state="purged")


def _leave_put() -> None:
    put(originals(), "originals/ab/.put-x1", b"half of an upload")


def _foreign_object() -> None:
    put(originals(), "renditions/ab/notes.txt", b"whose is this?")


PURGES = "images to purge"
RENDITIONS = "renditions of deleted images"
CASES = [
    pytest.param(_pending, {"abandoned uploads": (1, 0)}, id="upload without its last step"),
    pytest.param(_pending_and_empty, {"abandoned uploads": (1, 0)}, id="upload without bytes"),
    pytest.param(
        _pending_and_wrong, {"abandoned uploads": (1, 0), PURGES: (1, 0)}, id="upload of other bytes"
    ),
    pytest.param(_grace_is_over, {RENDITIONS: (1, 0), PURGES: (1, 0)}, id="grace period is over"),
    pytest.param(_purging, {RENDITIONS: (1, 0), PURGES: (1, 0)}, id="purge ended halfway"),
    pytest.param(_deleted_with_renditions, {RENDITIONS: (1, 0)}, id="deletion ended halfway"),
    pytest.param(_kill_render, {"renders that ended halfway": (1, 0)}, id="render ended halfway"),
    pytest.param(_lose_rendition, {reconciliation.LOST: (1, 0)}, id="rendition without object"),
    pytest.param(_cut_rendition, {reconciliation.LOST: (1, 0)}, id="rendition of another size"),
    pytest.param(_expire_request, {"expired idempotency keys": (1, 0)}, id="idempotency key"),
    pytest.param(_forget_image, {reconciliation.ORPHANS: (2, 2)}, id="objects without an image"),
    pytest.param(_forget_rendition, {reconciliation.ORPHANS: (1, 1)}, id="object without a rendition"),
    pytest.param(_forget_purged, {reconciliation.ORPHANS: (1, 1)}, id="object of a tombstone"),
    pytest.param(_leave_put, {reconciliation.ORPHANS: (1, 1)}, id="put ended halfway"),
    pytest.param(_foreign_object, {reconciliation.ORPHANS: (1, 1)}, id="object with a strange name"),
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
    """Everything at once, on S3 too; what is whole stays."""
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
        _lose_original()
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


def test_scopes(api: Api, other_api: Api, disk: ObjectStorage) -> None:
    for caller in (api, other_api):
        body(caller.get(caller.stored(PNG) + ".gif"))
    disk.delete(*names_in(disk))
    both = (1, {reconciliation.MISSING: (2, 2), reconciliation.LOST: (2, 2)})
    one = (1, {reconciliation.MISSING: (1, 1), reconciliation.LOST: (1, 1)})
    now = timezone.now()
    assert reconcile() == both
    assert reconcile("--account", "alice") == one
    assert reconcile("--since", (now - timedelta(minutes=1)).isoformat()) == both
    assert reconcile("--since", (now + timedelta(minutes=1)).isoformat()) == (0, {})
    assert reconcile("--account", "nobody")[0] == 2


def test_storage_that_is_away(disk: ObjectStorage, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(DiskObjectStorage, "list_objects", away)
    assert reconcile()[0] == 2


def test_batches_leave_nothing_out(api: Api, disk: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    from images.upkeep import inventory, sweeps

    monkeypatch.setattr(inventory, "BATCH", 2)
    monkeypatch.setattr(sweeps, "_BATCH", 2)
    api.stored(PNG)
    kept = Image.objects.get()
    for _ in range(40):
        kept.pk = uuid7()
        kept.save(force_insert=True)
    Image.objects.filter(pk=kept.pk).update(state="deleted", deleted_at=timezone.now() - LONG_AGO)
    assert reconcile()[1] == {reconciliation.MISSING: (39, 39), PURGES: (1, 1)}
    _update(state="purging", deleted_at=timezone.now())
    assert reconcile("--fix") == (0, {PURGES: (41, 0)})


def test_output(api: Api, disk: ObjectStorage, capsys: pytest.CaptureFixture[str]) -> None:
    api.stored(PNG)
    call_command("reconcile")
    table = capsys.readouterr()
    assert table.out.splitlines()[0].split() == ["found", "left"]
    assert [line.split()[-2:] for line in table.out.splitlines()[1:]] == [["0", "0"]] * 12
    assert table.err == "", "a progress bar where there is no terminal"
    _lose_original()
    printed = io.StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile", "--json", stdout=printed)
    said = json.loads(printed.getvalue())
    finding = {"found": 1, "left": 1, "examples": [str(Image.objects.get().pk)]}
    assert (said["fix"], said["checks"][reconciliation.MISSING]) == (False, finding)


@pytest.mark.parametrize("arguments", [["--sample", "2"], ["--since", "yesterday"]])
def test_wrong_arguments(db: None, arguments: list[str]) -> None:
    assert reconcile(*arguments) == (1, {})
