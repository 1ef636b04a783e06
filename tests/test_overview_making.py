"""Overviews are made in the background: once, one at a time, and again after a worker was killed."""

from typing import Any

import pytest
from django.utils import timezone

from images import tasks
from images.models import Overview
from images.services import overviews
from images.storage import ObjectStorage, originals
from images.upkeep import overview_making
from images.upkeep.overview_making import make_waiting
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support.deletion import delete, refuse
from tests.support.drift import replace
from tests.support.overviews import (
    IMMUTABLE,
    image_of,
    key_and_caching,
    large_jpeg,
    names_of_overviews,
    overview_of,
    stored,
)


class TestMaking:
    def test_an_upload_waits_for_its_overview(self, api: Api, storage: ObjectStorage) -> None:
        path = stored(api)
        row = overview_of(path)
        assert (row.state, image_of(path).overview_version) == (Overview.State.WAITING, None)
        assert make_waiting() == 1
        row.refresh_from_db()
        image = image_of(path)
        assert (row.state, row.width, row.height) == (Overview.State.READY, 998, 768)
        assert (image.overview_version, image.overview_bytes) == (row.version, row.size_bytes)
        assert names_of_overviews(path) == [row.storage_name]
        assert make_waiting() == 0

    def test_an_older_image_waits_after_its_first_render(self, api: Api) -> None:
        path = stored(api)
        Overview.objects.all().delete()
        assert key_and_caching(api, path, "w=2000")[1] == IMMUTABLE
        assert not Overview.objects.exists(), "no overview would serve this request"
        key_and_caching(api, path)
        assert overview_of(path).state == Overview.State.WAITING

    def test_too_many_bytes_are_refused_once(self, api: Api) -> None:
        """The overview of an original with few bytes would take more than 30 % of them."""
        path = stored(api, large_jpeg(quality=5))
        assert make_waiting() == 1
        row = overview_of(path)
        assert (row.state, row.reason) == (Overview.State.REFUSED, "too_many_bytes")
        assert image_of(path).overview_version == overviews.HAS_NONE
        assert key_and_caching(api, path)[1] == IMMUTABLE
        assert names_of_overviews(path) == []
        assert make_waiting() == 0

    def test_an_original_without_its_bytes_is_refused(self, api: Api) -> None:
        path = stored(api)
        originals().delete(image_of(path).storage_name)
        make_waiting()
        assert overview_of(path).reason == "object_missing"

    def test_storage_that_is_away_lets_it_wait(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        path = stored(api)
        with monkeypatch.context() as patch:
            patch.setattr(overview_making, "original_path", refuse)
            with pytest.raises(Unavailable):
                make_waiting()
            assert tasks.make_overviews() == 0
        row = overview_of(path)
        assert row.state == Overview.State.WAITING
        assert make_waiting() == 0, "others come first for a minute"
        Overview.objects.update(lease_until=timezone.now())
        assert tasks.make_overviews() == 1

    def test_a_worker_that_was_killed_is_followed_by_another(self, api: Api, storage: ObjectStorage) -> None:
        path = stored(api)
        row = overview_of(path)
        assert overviews.claim(row) is not None
        assert overviews.claim(row) is None
        assert make_waiting() == 0
        replace(storage, row.storage_name, b"half of it")
        Overview.objects.update(lease_until=timezone.now())
        assert make_waiting() == 1
        assert overview_of(path).state == Overview.State.READY
        assert key_and_caching(api, path)[1] == IMMUTABLE

    def test_an_image_that_is_deleted_meanwhile(
        self, api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = stored(api)
        store = overview_making._store

        def store_then_delete(*arguments: Any) -> bool:
            is_stored = store(*arguments)
            assert delete(api, path) == 204
            return is_stored

        monkeypatch.setattr(overview_making, "_store", store_then_delete)
        assert make_waiting() == 1
        assert names_of_overviews(path) == []
        assert not Overview.objects.exists()
        assert image_of(path).overview_version is None

    def test_one_at_a_time(self, api: Api) -> None:
        stored(api)
        with overview_making._making:
            assert make_waiting() == 0
        assert make_waiting(budget_s=0) == 0
        assert make_waiting() == 1
