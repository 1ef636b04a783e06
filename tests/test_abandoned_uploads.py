"""Uploads that never ended: the sweep finishes them, or gives them up."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from images.ids import time_of
from images.models import Image
from images.receiving.uploads import Upload
from images.services import storing
from images.services.storing import Description
from images.storage import ObjectStorage, originals
from progimage.errors import InProgress
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.deletion import LONG_AGO, PNG, is_there, sweep
from tests.support.drift import replace


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
            ready = Image.objects.get()
            assert ready.created_at == time_of(ready.ready_id or image.pk) > time_of(image.pk)
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
        kept = storing.store(upload, account=api.account, description=Description(), image_id=image.pk)
        assert (swept, kept.state) == ([0], "ready")
        ready = Image.objects.get()
        assert kept.created_at == ready.created_at == time_of(ready.ready_id or image.pk) > time_of(image.pk)

    def test_id_whose_bytes_are_on_their_way_out_is_refused(self, api: Api, tmp_path: Path) -> None:
        image = self.pending(api, age=LONG_AGO)
        (tmp_path / "other").write_bytes(made.encoded("gif"))
        upload = Upload(tmp_path / "other", size_bytes=9, sha256="0" * 64)
        with pytest.raises(InProgress):
            storing.store(upload, account=api.account, description=Description(), image_id=image.pk)
