"""Renditions of earlier versions of the renderer: swept when nobody has read them for a day."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from images.models import Rendition
from images.services import old_renditions
from images.storage import ObjectStorage
from images.upkeep import sweeps
from progimage.errors import Unavailable
from tests.conftest import Api, body, make_api
from tests.support.deletion import PNG, is_there, sweep
from tests.support.drift import reconcile
from tests.support.listing import ledger
from transforms.planning import resolve

EARLIER_VERSIONS = "renditions of earlier versions"
LONG = timedelta(hours=25)
SHORT = timedelta(hours=23)


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def raise_version(by: int = 1) -> None:
        monkeypatch.setattr(resolve, "RENDER_VERSION", resolve.RENDER_VERSION + by)

    return raise_version


def made(api: Api, *queries: str) -> list[Rendition]:
    """Return the rows of new renditions of a new image."""
    path = api.stored(PNG)
    for query in queries:
        body(api.get(f"{path}.png?{query}"))
    return list(Rendition.objects.order_by("pk"))


def age(*, made_ago: timedelta, read_ago: timedelta | None) -> None:
    now = timezone.now()
    Rendition.objects.update(
        created_at=now - made_ago, last_accessed_at=None if read_ago is None else now - read_ago
    )


def test_a_rendition_knows_its_version(api: Api, upgrade: Any) -> None:
    upgrade(5)
    (row,) = made(api, "w=5")
    assert row.render_version == resolve.RENDER_VERSION


@pytest.mark.parametrize(
    ("made_ago", "read_ago", "is_swept"),
    [
        pytest.param(LONG, LONG, True, id="read long ago"),
        pytest.param(LONG, None, True, id="never read"),
        pytest.param(LONG, SHORT, False, id="read within a day"),
        pytest.param(SHORT, None, False, id="made within a day"),
    ],
)
def test_earlier_version_goes_when_nobody_has_read_it_for_a_day(
    api: Api,
    storage: ObjectStorage,
    upgrade: Any,
    made_ago: timedelta,
    read_ago: timedelta | None,
    is_swept: bool,
) -> None:
    (row,) = made(api, "w=5")
    age(made_ago=made_ago, read_ago=read_ago)
    assert sweep(EARLIER_VERSIONS) == 0, "it is of the present version"
    upgrade()
    assert sweep(EARLIER_VERSIONS) == int(is_swept)
    assert Rendition.objects.exists() is not is_swept
    assert is_there(row.storage_name) is not is_swept


def test_rows_from_before_versions_were_recorded_are_earlier(api: Api) -> None:
    """A server of the last release inserts rows without the new column, while both run."""
    (row,) = made(api, "w=5")
    columns = (
        "image_id, cache_key, transform, others, format, state, failure_code, failure_message, sha256, hits"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO images_rendition ({columns}, created_at) "
            f"SELECT {columns.replace('cache_key', 'md5(cache_key)')}, created_at FROM images_rendition"
        )
    age(made_ago=LONG, read_ago=None)
    assert sweep(EARLIER_VERSIONS) == 1
    assert list(Rendition.objects.all()) == [row]


def test_later_version_stays(api: Api, upgrade: Any) -> None:
    """Servers of two releases run side by side during an upgrade."""
    upgrade()
    made(api, "w=5")
    age(made_ago=LONG, read_ago=LONG)
    upgrade(-1)
    assert sweep(EARLIER_VERSIONS) == 0


@pytest.mark.parametrize("state", ["rendering", "failed"])
def test_only_ready_ones_are_swept(api: Api, upgrade: Any, state: str) -> None:
    """The sweep of lapsed renders ends the others."""
    made(api, "w=5")
    age(made_ago=LONG, read_ago=None)
    Rendition.objects.update(state=state, lease_until=timezone.now() + LONG)
    upgrade()
    assert sweep(EARLIER_VERSIONS) == 0


def test_many_are_swept_in_windows(api: Api, upgrade: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_renditions, "_WINDOW_ROWS", 2)
    monkeypatch.setattr(sweeps, "_BATCH_SIZE", 1)
    rows = made(api, *[f"w={width}" for width in range(1, 6)])
    age(made_ago=LONG, read_ago=LONG)
    read_row = rows[2]
    Rendition.objects.filter(pk=read_row.pk).update(last_accessed_at=timezone.now())
    Rendition.objects.filter(pk=rows[4].pk).update(render_version=0)
    upgrade()
    assert sweep(EARLIER_VERSIONS) == 4
    assert list(Rendition.objects.all()) == [read_row]


def test_an_index_finds_the_windows(api: Api, upgrade: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made(api, "w=5")
    upgrade()
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(context["cursor"].mogrify(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        windows = list(old_renditions.windows_of(old_renditions.old_renditions()))
    assert len(windows) == 1
    with connection.cursor() as cursor:
        # Of few rows the planner may take any index that has the order.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE images_rendition DROP CONSTRAINT images_rendition_pkey CASCADE")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "rendition_by_version" in plan
            assert "Sort" not in plan


def test_object_that_storage_refuses_stops_no_other(
    api: Api, upgrade: Any, monkeypatch: pytest.MonkeyPatch, storage: ObjectStorage
) -> None:
    rows = made(api, "w=5", "w=6", "w=7")
    age(made_ago=LONG, read_ago=LONG)
    upgrade()
    really_delete = type(storage).delete

    def refuse_one(store: ObjectStorage, *names: str) -> None:
        if rows[1].storage_name in names:
            raise Unavailable("The storage refused a request (AccessDenied)")
        really_delete(store, *names)

    with monkeypatch.context() as refusing:
        refusing.setattr(type(storage), "delete", refuse_one)
        assert sweep(EARLIER_VERSIONS) == 2
    assert list(Rendition.objects.all()) == [rows[1]]
    assert sweep(EARLIER_VERSIONS) == 1


def test_reader_on_an_old_server_gets_its_image_while_the_sweep_removes_it(
    api: Api, storage: ObjectStorage, upgrade: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object is gone when it opens it: it renders anew, and that row stays."""
    path = api.stored(PNG)
    delivered = body(api.get(f"{path}.png?w=5"))
    (row,) = Rendition.objects.all()
    age(made_ago=LONG, read_ago=LONG)
    really_delete = type(storage).delete
    answers: list[bytes] = []

    def read_between(store: ObjectStorage, *names: str) -> None:
        really_delete(store, *names)
        monkeypatch.setattr(type(storage), "delete", really_delete)
        upgrade(-1)
        answers.append(body(api.get(f"{path}.png?w=5")))
        upgrade()

    upgrade()
    monkeypatch.setattr(type(storage), "delete", read_between)
    assert sweep(EARLIER_VERSIONS) == 1
    assert answers == [delivered]
    remaining = Rendition.objects.get()
    assert remaining.pk != row.pk
    assert is_there(remaining.storage_name)


def test_list_has_the_present_version_alone(api: Api, upgrade: Any) -> None:
    """The URL of an earlier one would lead to a new render, which stands in the list itself."""
    path = api.stored(PNG)
    body(api.get(f"{path}.png?w=5"))
    upgrade()
    assert ledger(api, path)["renditions"] == []
    body(api.get(f"{path}.png?w=5"))
    (kept,) = ledger(api, path)["renditions"]
    assert (kept["hits"], Rendition.objects.count()) == (1, 2)
    assert api.request("DELETE", f"{path}/renditions").status_code == 204
    assert not Rendition.objects.exists()


def test_reconcile_counts_them(api: Api, upgrade: Any) -> None:
    made(api, "w=5")
    age(made_ago=LONG, read_ago=LONG)
    upgrade()
    assert reconcile() == (1, {EARLIER_VERSIONS: (1, 1)})
    assert reconcile("--fix", "--account", "alice") == (0, {EARLIER_VERSIONS: (1, 0)})
    assert reconcile() == (0, {})


@pytest.mark.django_db(transaction=True)
def test_two_workers_sweep_at_once(upgrade: Any) -> None:
    rows = made(make_api("alice"), *[f"w={width}" for width in range(1, 9)])
    age(made_ago=LONG, read_ago=LONG)
    upgrade()

    def run() -> int:
        try:
            return sweep(EARLIER_VERSIONS)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        counts = list(threads.map(lambda _: run(), range(2)))
    assert sum(counts) >= 8
    assert not Rendition.objects.exists()
    assert not any(is_there(row.storage_name) for row in rows)
