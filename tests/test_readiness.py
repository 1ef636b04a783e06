"""The moment when an image becomes ready decides its place in lists, whenever its id was made."""

import hashlib
import importlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account
from images.ids import time_of, uuid7_at
from images.models import Image, Tag
from images.receiving.uploads import Upload
from images.services import deleting, storing
from images.services.storing import Description
from tests.conftest import Api
from tests.support import images as made
from tests.support.changes import patch
from tests.support.listing import add, listed, read_all

PNG = made.encoded("png")
Store = Callable[..., Image]


@pytest.fixture
def store(api: Api, tmp_path: Path) -> Store:
    """Stores an image whose id was made some hours ago, as that of a one-time URL."""

    def run(*, hours_ago: float, content: bytes = PNG, **description: Any) -> Image:
        path = tmp_path / "upload"
        path.write_bytes(content)
        upload = Upload(path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        image_id = uuid7_at(datetime.now(UTC) - timedelta(hours=hours_ago))
        return storing.store(
            upload, account=api.account, description=Description(**description), image_id=image_id
        )

    return run


def ids_of(page: dict[str, Any]) -> list[UUID]:
    return [UUID(image["id"]) for image in page["images"]]


def test_an_image_with_an_old_id_is_found_since_the_last_image_that_was_seen(api: Api, store: Store) -> None:
    """A client that remembers the newest `created_at` misses nothing."""
    store(hours_ago=0)
    last_seen = listed(api)["images"][0]["created_at"]
    late = store(hours_ago=6)
    found = listed(api, created_after=last_seen)
    assert ids_of(found)[0] == late.pk
    assert found["images"][0]["created_at"] >= last_seen
    assert late.pk not in ids_of(listed(api, created_before=last_seen))


@pytest.mark.parametrize(
    "filters",
    [{}, {"format": "png"}, {"visibility": "private"}, {"tag": "a"}, {"tag": ["a", "b"]}, {"min_width": 1}],
    ids=str,
)
def test_every_list_is_in_the_order_of_readiness(api: Api, store: Store, filters: dict[str, Any]) -> None:
    images = [store(hours_ago=hours, tags=["a", "b"]) for hours in (1, 5, 0, 3)]
    expected = [str(image.pk) for image in reversed(images)]
    assert read_all(api, **filters) == read_all(api, **filters, limit=1) == expected
    assert read_all(api, **filters, created_after=images[2].created_at) == expected[:2]


def test_time_of_creation_is_that_of_the_place(api: Api, store: Store) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    image = store(hours_ago=2, tags=["a"])
    assert before <= image.created_at <= datetime.now(UTC)
    row = Image.objects.get()
    assert row.created_at == image.created_at == time_of(row.ready_id or image.pk)
    assert Tag.objects.get().ready_id == row.ready_id


def test_a_restored_image_is_the_newest(api: Api, store: Store) -> None:
    restored = store(hours_ago=1, tags=["a"])
    newer = store(hours_ago=0, tags=["a"])
    deleting.delete(restored.pk, account=api.account)
    deleting.restore(restored.pk)
    assert ids_of(listed(api)) == ids_of(listed(api, tag="a")) == [restored.pk, newer.pk]
    assert ids_of(listed(api, created_after=newer.created_at + timedelta(milliseconds=1))) == [restored.pk]


def test_new_tags_have_the_place(api: Api, store: Store) -> None:
    image = store(hours_ago=2)
    assert patch(api, f"/images/{image.pk}", {"tags": ["new"]}).status_code == 200
    assert ids_of(listed(api, tag="new", created_after=image.created_at)) == [image.pk]


def test_a_repeated_upload_changes_neither_place_nor_tags(api: Api, tmp_path: Path, store: Store) -> None:
    image = store(hours_ago=0, tags=["old"])
    patch(api, f"/images/{image.pk}", {"tags": ["new"]})
    before = api.get(f"/images/{image.pk}.json").content
    upload = Upload(tmp_path / "upload", size_bytes=len(PNG), sha256=image.sha256)
    again = storing.store(
        upload, account=api.account, description=Description(tags=["old"]), image_id=image.pk
    )
    assert again.ready_id == image.ready_id
    assert api.get(f"/images/{image.pk}.json").content == before


def test_a_ready_image_has_a_place(api: Api, store: Store) -> None:
    """The database itself refuses one without, which no list would show."""
    store(hours_ago=0)
    with pytest.raises(IntegrityError, match="image_ready_has_place"), transaction.atomic():
        Image.objects.update(ready_id=None)


@pytest.mark.django_db(transaction=True)
def test_an_earlier_place_is_visible_earlier(api: Api, store: Store) -> None:
    """While an image becomes ready, no other image of the account gets a later place and is seen before it."""
    first, second = (store(hours_ago=0) for _ in range(2))
    Image.objects.update(state=Image.State.PENDING, ready_id=None)
    ended = threading.Event()

    def finish_second() -> None:
        try:
            storing.finish(second)
        finally:
            connection.close()
            ended.set()

    other = threading.Thread(target=finish_second)
    with transaction.atomic():
        storing.finish(first)
        other.start()
        assert not ended.wait(0.3)
        committed_at = datetime.now(UTC)
    other.join(10)
    places = {image.pk: image.ready_id or image.pk for image in Image.objects.all()}
    assert places[first.pk] < places[second.pk]
    assert time_of(places[second.pk]) >= committed_at - timedelta(milliseconds=1)


@pytest.mark.django_db(transaction=True)
def test_another_account_does_not_wait(api: Api, other_api: Api, store: Store) -> None:
    image = store(hours_ago=0)
    Image.objects.update(state=Image.State.PENDING, ready_id=None)
    ended = threading.Event()

    def hold_other_account() -> None:
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(pk=other_api.account.pk)
            ended.wait(10)
        connection.close()

    holding = threading.Thread(target=hold_other_account)
    holding.start()
    try:
        assert storing.finish(image).state == Image.State.READY
    finally:
        ended.set()
        holding.join(10)


def test_the_migration_takes_the_ids(api: Api) -> None:
    """Images that nobody can see may be restored. A pending one has no place yet."""
    deleted = add(api.account, tags=("a",), state="deleted", ready_id=None)
    pending = add(api.account, minute=1, tags=("a",), state="pending", ready_id=None)
    migration = importlib.import_module("images.migrations.0007_ready_id")
    with connection.cursor() as cursor:
        cursor.execute(migration.FILL)
    assert dict(Image.objects.values_list("pk", "ready_id")) == {deleted.pk: deleted.pk, pending.pk: None}
    assert dict(Tag.objects.values_list("image", "ready_id")) == {deleted.pk: deleted.pk, pending.pk: None}
