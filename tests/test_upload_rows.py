"""The statements of an upload: a pending row, then a ready one with its place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import Account
from accounts.services import create_account
from images.ids import time_of, uuid7
from images.models import Image, Tag
from images.services import storing, upload_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> Account:
    return create_account("uploads")


def new_image(account: Account, **fields: Any) -> Image:
    facts: dict[str, Any] = {
        "format": "jpeg",
        "width": 4,
        "height": 3,
        "frames": 1,
        "size_bytes": 10,
        "sha256": "ab" * 32,
        "has_alpha": False,
        "orientation": 6,
        "is_hdr": False,
        "color_space": {"transfer": "srgb", "primaries": None, "bit_depth": 8, "profile_name": None},
    }
    return Image(id=uuid7(), account=account, **facts | fields)


def test_an_inserted_row_has_every_field(account: Account) -> None:
    image = new_image(account, filename="a'%s.jpg", metadata={"n": [1.5, None]}, visibility="public")
    assert upload_rows.insert_pending(image)
    row = Image.objects.get(pk=image.pk)
    for field in Image._meta.concrete_fields:
        assert getattr(row, field.attname) == getattr(image, field.attname), field.name
    assert row.state == Image.State.PENDING


def test_a_row_with_the_same_id_stays_as_it_is(account: Account) -> None:
    image = new_image(account)
    assert upload_rows.insert_pending(image)
    again = new_image(account, filename="other")
    again.pk = image.pk
    assert not upload_rows.insert_pending(again)
    assert Image.objects.get(pk=image.pk).filename == ""


def test_a_ready_image_has_the_time_of_the_statement_to_the_millisecond(account: Account) -> None:
    begun = timezone.now() - timedelta(minutes=5)
    image = new_image(account, created_at=begun)
    upload_rows.insert_pending(image)
    before = timezone.now() - timedelta(milliseconds=1)
    assert upload_rows.make_ready(image)
    row = Image.objects.get(pk=image.pk)
    assert (row.state, row.ready_id, row.created_at) == ("ready", image.ready_id, image.created_at)
    assert row.ready_id is not None
    assert (row.ready_id.version, row.ready_id.variant) == (7, UUID(int=0x8 << 60).variant)
    assert time_of(row.ready_id) == row.created_at
    assert before <= row.created_at <= timezone.now()


def test_tags_get_the_place_of_their_image_alone(account: Account) -> None:
    image, other = new_image(account), new_image(account)
    for row in (image, other):
        upload_rows.insert_pending(row)
        Tag.objects.bulk_create(Tag.objects.of_image(row, ["a", "b"]))
    assert upload_rows.make_ready(image)
    assert set(image.tags.values_list("ready_id", flat=True)) == {image.ready_id}
    assert set(other.tags.values_list("ready_id", flat=True)) == {None}


@pytest.mark.parametrize("state", ["deleted", "purging", "purged", "ready"])
def test_only_a_pending_image_becomes_ready(account: Account, state: str) -> None:
    image = new_image(account)
    upload_rows.insert_pending(image)
    Image.objects.filter(pk=image.pk).update(state=state, ready_id=image.pk)
    assert not upload_rows.make_ready(image)
    row = Image.objects.get(pk=image.pk)
    assert (row.state, row.ready_id) == (state, image.pk)


def test_the_clock_is_read_after_the_accounts_lock_is_there(account: Account) -> None:
    """A list that was read while the lock was held must not miss an image with an earlier place."""
    image = new_image(account)
    upload_rows.insert_pending(image)

    def make_ready() -> None:
        try:
            upload_rows.make_ready(image)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            held_id = storing.new_ready_id(account.pk)
            waiting = threads.submit(make_ready)
            wait_until_one_waits()
            released_at = storing.new_ready_id(account.pk)
        waiting.result()
    assert image.ready_id is not None
    assert time_of(held_id) <= time_of(released_at) <= time_of(image.ready_id)


def wait_until_one_waits() -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(2_000):
        with connection.cursor() as cursor:
            cursor.execute(query)
            if cursor.fetchone()[0]:
                cursor.execute("SELECT pg_sleep(0.02)")  # the clock moves on by more than a millisecond
                return
            cursor.execute("SELECT pg_sleep(0.001)")
    pytest.fail("Expected a statement that waits for the account's lock")
