"""Sweeps end all that was left halfway, and one that fails stops no other."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import IdempotentRequest
from images import services, tasks
from images.ids import time_of
from images.models import Image, Orphan, UploadUrl
from images.receiving.uploads import Upload
from images.storage import ObjectStorage, originals
from progimage.errors import InProgress, Unavailable
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.deletion import LONG_AGO, PNG, delete, id_of, is_there, refuse, sweep
from tests.support.drift import names_in, reconcile, replace


class TestAbandonedUploads:
    def pending(self, api: Api, *, age: timedelta) -> Image:
        api.stored(PNG, query="?tags=a")
        Image.objects.update(state=Image.State.PENDING, created_at=timezone.now() - age)
        return Image.objects.get()

    def nothing(self, storage: ObjectStorage, name: str) -> None:
        storage.delete(name)

    def other_bytes(self, storage: ObjectStorage, name: str) -> None:
        replace(storage, name, PNG[::-1])

    def half(self, storage: ObjectStorage, name: str) -> None:
        replace(storage, name, PNG[:50])

    @pytest.mark.parametrize(
        ("spoil", "states"),
        [
            pytest.param(None, ["ready"], id="whose bytes arrived become ready"),
            pytest.param(nothing, [], id="of which nothing arrived are forgotten"),
            pytest.param(other_bytes, ["purged"], id="of other bytes are purged"),
            pytest.param(half, ["purged"], id="of half the bytes are purged"),
        ],
    )
    def test_uploads(
        self, api: Api, storage: ObjectStorage, spoil: Callable[..., None] | None, states: list[str]
    ) -> None:
        image = self.pending(api, age=timedelta(minutes=16))
        if spoil:
            spoil(self, storage, image.storage_name)
        assert sweep("abandoned uploads") == 1
        assert [image.state for image in Image.objects.all()] == states
        assert is_there(image.storage_name) == (states == ["ready"])
        if states == ["ready"]:
            assert Image.objects.get().created_at == time_of(image.pk)
            assert body(api.get(f"/images/{image.pk}")) == PNG

    def test_young_ones_are_left_alone(self, api: Api) -> None:
        self.pending(api, age=timedelta(minutes=14))
        assert sweep("abandoned uploads") == 0
        assert Image.objects.get().state == "pending"

    def test_upload_that_is_tried_again_is_young(
        self, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its id may be hours old: that of a one-time URL, or of an idempotent request."""
        image = self.pending(api, age=LONG_AGO)
        originals().delete(image.storage_name)
        (tmp_path / "again").write_bytes(PNG)
        upload = Upload(tmp_path / "again", size_bytes=len(PNG), sha256=image.sha256)
        swept, storage_put = [], type(originals()).put

        def meanwhile(*args: Any, **kwargs: Any) -> None:
            swept.append(sweep("abandoned uploads"))
            storage_put(*args, **kwargs)

        monkeypatch.setattr(type(originals()), "put", meanwhile)
        kept = services.store(
            upload, account=api.account, description=services.Description(), image_id=image.pk
        )
        assert (swept, kept.state, kept.created_at) == ([0], "ready", time_of(image.pk))
        assert Image.objects.get().created_at == kept.created_at

    def test_id_whose_bytes_are_on_their_way_out_is_refused(self, api: Api, tmp_path: Path) -> None:
        image = self.pending(api, age=LONG_AGO)
        (tmp_path / "other").write_bytes(made.encoded("gif"))
        upload = Upload(tmp_path / "other", size_bytes=9, sha256="0" * 64)
        with pytest.raises(InProgress):
            services.store(upload, account=api.account, description=services.Description(), image_id=image.pk)


def test_what_has_expired_is_swept(api: Api) -> None:
    now = timezone.now()
    for hours in (-1, 1):
        expires_at = now + timedelta(hours=hours)
        IdempotentRequest.objects.create(
            account=api.account, name=str(hours), ids=[], lease=uuid.uuid4(), locked_until=now, expires_at=expires_at
        )  # fmt: skip
        for locked_until in (None, now + timedelta(minutes=1)):
            UploadUrl.objects.create(
                account=api.account,
                api_key=api.account.api_keys.get(),
                max_bytes=1,
                media_types=[],
                description={},
                expires_at=expires_at,
                locked_until=locked_until,
            )
    ended = tasks.sweep()
    assert (ended["expired idempotency keys"], ended["expired upload URLs"]) == (1, 1)
    assert [request.name for request in IdempotentRequest.objects.all()] == ["1"]
    assert UploadUrl.objects.count() == 3


def test_sweep_that_fails_stops_no_other(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = api.stored(PNG)
    delete(api, path)
    Image.objects.update(deleted_at=timezone.now() - LONG_AGO)
    for asked in ("delete", "check"):
        monkeypatch.setattr(type(originals()), asked, refuse)
    ended = tasks.sweep()
    assert "images to purge" not in ended
    assert ended["expired upload URLs"] == 0
    assert not Orphan.objects.exists()
    assert names_in(originals()) >= {Image.objects.get().storage_name}


def test_row_that_storage_refuses_stops_no_sweep(
    api: Api, monkeypatch: pytest.MonkeyPatch, storage: ObjectStorage
) -> None:
    """It is passed over, and comes up again in the next run."""
    monkeypatch.setattr("images.upkeep.sweeps._BATCH_SIZE", 2)
    paths = [api.stored(PNG) for _ in range(5)]
    Image.objects.update(state="deleted", deleted_at=timezone.now() - LONG_AGO)
    bad = Image.objects.get(pk=id_of(paths[0])).storage_name
    really_delete = type(storage).delete

    def refuse_one(store: ObjectStorage, *names: str) -> None:
        if bad in names:
            raise Unavailable("The storage refused a request (AccessDenied)")
        really_delete(store, *names)

    with monkeypatch.context() as refusing:
        refusing.setattr(type(storage), "delete", refuse_one)
        assert sweep("images to purge") == 4
        assert reconcile("--fix") == (1, {"images to purge": (1, 1)})
    assert sweep("images to purge") == 1
    assert set(Image.objects.values_list("state", flat=True)) == {"purged"}


def test_storage_that_is_away_ends_a_sweep_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(_: ObjectStorage, *names: str) -> None:
        asked.extend(names)
        raise Unavailable("The storage does not answer")

    for _ in range(3):
        api.stored(PNG)
    Image.objects.update(state="deleted", deleted_at=timezone.now() - LONG_AGO)
    monkeypatch.setattr(type(originals()), "delete", refuse)
    monkeypatch.setattr(type(originals()), "check", refuse)
    assert "images to purge" not in tasks.sweep()
    assert len(asked) == 1
