"""Triggers in Postgres name what each change makes wrong, and a process forgets what it has changed itself."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import services
from accounts.models import Account, ApiKey
from images.delivery.invalidation import changes, of_account, of_image, of_key
from images.delivery.memory import Memory
from images.models import Image, Rendition, Visibility
from images.services import deleting, hit_counts
from tests.conftest import Api
from tests.support import images as made
from tests.support.listening import Heard, hearing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Iterator[Heard]:
    with hearing() as session:
        yield session


@pytest.fixture
def image(api: Api, heard: Heard) -> Image:
    """An image with a rendition, of whose making nobody was told."""
    path = api.stored(made.encoded("png"), query="?visibility=public")
    assert api.get(f"{path}.webp?w=5").status_code == 200
    assert heard.take() == []
    return Image.objects.get()


def key_of(api: Api) -> ApiKey:
    return ApiKey.objects.get(prefix=api.key.partition(".")[0])


IMAGE_CHANGES: dict[str, Callable[[Api, Image], object]] = {
    "visibility": lambda api, image: api.request(
        "PATCH", f"/images/{image.pk}", data='{"visibility": "private"}', content_type="application/json"
    ),
    "focal point": lambda api, image: api.request(
        "PATCH",
        f"/images/{image.pk}",
        data='{"focal_point": {"x": 0.5, "y": 0.5}}',
        content_type="application/json",
    ),
    "deletion": lambda api, image: api.request("DELETE", f"/images/{image.pk}"),
    "purge": lambda api, image: api.request("DELETE", f"/images/{image.pk}?purge=true"),
    "purge of renditions": lambda api, image: api.request("DELETE", f"/images/{image.pk}/renditions"),
    "successor": lambda api, image: api.upload(made.encoded("gif"), query=f"?replaces={image.pk}"),
    "QuerySet.update": lambda api, image: Image.objects.update(visibility=Visibility.PRIVATE),
    "SQL": lambda api, image: sql("UPDATE images_image SET state = 'deleted', deleted_at = now()"),
    "SQL on renditions": lambda api, image: sql("DELETE FROM images_rendition"),
    "SQL that changes a rendition": lambda api, image: sql("UPDATE images_rendition SET state = 'failed'"),
}


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("change", IMAGE_CHANGES.values(), ids=IMAGE_CHANGES)
def test_changes_of_an_image_name_it(
    api: Api, image: Image, heard: Heard, change: Callable[[Api, Image], object]
) -> None:
    change(api, image)
    assert set(heard.take()) == {of_image(image.pk)}


def test_a_successor_is_told_when_it_is_set_and_when_it_is_ready(
    api: Api, image: Image, heard: Heard
) -> None:
    successor_id = UUID(api.stored(made.encoded("gif"), query=f"?replaces={image.pk}").rpartition("/")[2])
    assert heard.take() == [of_image(image.pk)] * 2
    deleting.delete(successor_id, account=api.account)
    assert sorted(heard.take()) == sorted([of_image(image.pk), of_image(successor_id)])


def test_what_changes_no_answer_is_not_told(api: Api, image: Image, heard: Heard) -> None:
    hit_counts.flush()
    Rendition.objects.update(hits=7, last_accessed_at=timezone.now())
    ApiKey.objects.update(last_used_at=timezone.now(), name="another")
    Account.objects.filter(pk=api.account.pk).update(name="another")
    Image.objects.update(visibility=Visibility.PUBLIC)  # as it was
    services.create_api_key(api.account, name="new")
    services.create_account("new")
    Image.objects.update(overview_version=1, overview_bytes=9)
    Rendition.objects.update(asked_by=api.account, attempts=1, due_at=timezone.now(), lease=uuid4())
    body = '{"tags": ["a"], "metadata": {"a": 1}}'
    answer = api.request("PATCH", f"/images/{image.pk}", data=body, content_type="application/json")
    assert answer.status_code == 200
    assert heard.take() == []


def test_changes_of_rights_name_the_key_or_the_account(api: Api, heard: Heard) -> None:
    key = key_of(api)
    tomorrow = timezone.now() + timedelta(days=1)
    for change in (
        lambda: services.revoke(key),
        lambda: ApiKey.objects.update(expires_at=tomorrow),
        lambda: ApiKey.objects.update(scopes=["write"]),
        lambda: ApiKey.objects.update(secret_sha256="0" * 64),
        key.delete,
    ):
        change()
        assert heard.take() == [of_key(key.prefix)]
    Account.objects.update(is_active=False)
    assert heard.take() == [of_account(api.account.pk)]
    account_id = api.account.pk
    api.account.delete()
    assert heard.take() == [of_account(account_id)]


def test_an_overview_is_told_when_it_goes(image: Image, heard: Heard) -> None:
    """When it comes, the renditions that it supersedes are removed, and that is told."""
    images = Image.objects.filter(pk=image.pk)
    for version, is_told in ((0, False), (1, False), (2, True), (None, True)):
        images.update(overview_version=version)
        assert heard.take() == ([of_image(image.pk)] if is_told else [])


def test_a_change_that_is_rolled_back_is_not_told(image: Image, heard: Heard) -> None:
    with transaction.atomic():
        with transaction.atomic():
            Image.objects.update(visibility=Visibility.PRIVATE)
            transaction.set_rollback(True)
        assert Image.objects.filter(visibility=Visibility.PUBLIC).exists()
    assert heard.take() == []


def test_a_change_after_one_that_was_rolled_back_is_told(image: Image, heard: Heard) -> None:
    """The count of subjects is rolled back with them."""
    with transaction.atomic():
        with transaction.atomic():
            Image.objects.update(visibility=Visibility.PRIVATE)
            transaction.set_rollback(True)
        Image.objects.update(visibility=Visibility.PRIVATE)
    assert heard.take() == [of_image(image.pk)]


def test_many_changes_are_told_as_one_of_everything(api: Api, heard: Heard) -> None:
    services_keys = [services.create_api_key(api.account, name=str(number))[0] for number in range(130)]
    ApiKey.objects.filter(pk__in=[key.pk for key in services_keys]).update(scopes=["read"])
    told = heard.take()
    assert len(told) == 101
    assert told[-1] == "*"
    ApiKey.objects.filter(pk=services_keys[0].pk).update(scopes=["write"])
    assert heard.take() == [of_key(services_keys[0].prefix)]


def test_emptied_tables_are_told(api: Api, heard: Heard) -> None:
    sql("TRUNCATE images_rendition")
    assert heard.take() == ["*"]


@pytest.mark.parametrize("search_path", ["", "pg_catalog"])
def test_any_search_path(image: Image, heard: Heard, search_path: str) -> None:
    with transaction.atomic():
        sql(f"SET LOCAL search_path TO '{search_path}'")
        sql("UPDATE public.images_image SET visibility = 'private'")
    assert heard.take() == [of_image(image.pk)]


class TestOwnChanges:
    @pytest.fixture
    def kept(self) -> Iterator[Memory[str]]:
        """A memory of this process, which hears of its own changes alone."""
        kept: Memory[str] = Memory(max_bytes=10_000)
        changes.hear_until(time.monotonic() + 60)
        yield kept
        changes.lose()
        changes.memories.remove(kept)

    def keep(self, kept: Memory[str], *subjects: str) -> None:
        assert kept.keep("a", "value", subjects=subjects, stamp=kept.stamp(), size_bytes=1)

    def is_kept(self, kept: Memory[str]) -> bool:
        return kept.find("a", time.monotonic()) is not None

    @pytest.mark.parametrize("change", IMAGE_CHANGES.values(), ids=IMAGE_CHANGES)
    def test_hold_at_once(
        self, api: Api, image: Image, kept: Memory[str], change: Callable[[Api, Image], object]
    ) -> None:
        self.keep(kept, of_image(image.pk))
        change(api, image)
        assert not self.is_kept(kept)

    def test_hold_when_they_are_committed(self, api: Api, kept: Memory[str]) -> None:
        key = key_of(api)
        self.keep(kept, of_key(key.prefix))
        with transaction.atomic():
            services.revoke(key)
            assert self.is_kept(kept)
        assert not self.is_kept(kept)

    def test_a_read_of_another_thread_from_before_is_not_kept(self, api: Api, kept: Memory[str]) -> None:
        key = key_of(api)
        stamp = kept.stamp()
        services.revoke(key)
        assert not kept.keep("a", "old", subjects=[of_key(key.prefix)], stamp=stamp, size_bytes=1)

    def test_whatever_the_level_of_messages(self, api: Api, kept: Memory[str]) -> None:
        self.keep(kept, of_account(api.account.pk))
        with transaction.atomic():
            sql("SET LOCAL client_min_messages TO error")
            Account.objects.update(is_active=False)
        assert not self.is_kept(kept)

    def test_other_values_stay(self, api: Api, kept: Memory[str]) -> None:
        self.keep(kept, of_account(api.account.pk))
        services.revoke(key_of(api))
        assert self.is_kept(kept)


def test_a_forked_process_remembers_nothing() -> None:
    kept: Memory[str] = Memory(max_bytes=10_000)
    changes.hear_until(time.monotonic() + 60)
    kept.keep("a", "value", subjects=["x"], stamp=kept.stamp(), size_bytes=1)
    with changes.lock:  # as if another thread forgot something at this moment
        pid = os.fork()
        if pid == 0:
            is_forgotten = kept.find("a", 0) is None and changes.stamp() is None and not changes.lock.locked()
            os._exit(0 if is_forgotten else 1)
    _, status = os.waitpid(pid, 0)
    changes.lose()
    changes.memories.remove(kept)
    assert status == 0
