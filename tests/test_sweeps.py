"""Sweeps end all that was left halfway, and one that fails stops no other."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import IdempotentRequest
from images import tasks
from images.models import Image, Orphan, UploadUrl
from images.storage import ObjectStorage, originals
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support.deletion import LONG_AGO, PNG, delete, id_of, refuse, sweep
from tests.support.drift import names_in, reconcile


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
