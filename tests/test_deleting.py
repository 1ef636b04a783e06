"""Deleting: an image is not found at once, can be restored for a while, then is gone for good. A sweep ends deletions
that a crash or a storage that is away has interrupted."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from images import tasks
from images.ids import uuid7
from images.models import Image, Rendition, Tag
from images.receiving.uploads import Upload
from images.renditions import rendering
from images.renditions.sources import OpenSource
from images.services import deleting, storing
from images.services.storing import Description
from images.storage import ObjectStorage, renditions
from progimage.errors import Conflict
from tests.conftest import Api, body, make_api
from tests.support import images as made
from tests.support.deletion import LONG_AGO, PNG, delete, id_of, is_there, refuse, statuses, sweep
from tests.support.waiting import wait_until


class TestDelete:
    def test_takes_renditions_and_keeps_the_original(self, api: Api, storage: ObjectStorage) -> None:
        """P-3: every address is 404 at once; the bytes stay for the grace period."""
        path = api.stored(PNG)
        for suffix in (".png", ".webp?w=9", ".jpg"):
            body(api.get(path + suffix))
        derived = [row.storage_name for row in Rendition.objects.all()]
        assert delete(api, path) == 204
        image = Image.objects.get()
        assert (image.state, statuses(api, path)) == ("deleted", {404})
        assert image.deleted_at is not None
        assert not Rendition.objects.exists()
        assert [name for name in derived if is_there(name)] == []
        assert is_there(image.storage_name)
        sweep("images to purge")
        assert is_there(image.storage_name)

    def test_of_a_public_image_ends_its_public_addresses(self, api: Api, anonymous: Api) -> None:
        path = api.stored(PNG, query="?visibility=public")
        assert anonymous.get(f"{path}.png").status_code == 200
        delete(api, path)
        assert {anonymous.get(path + suffix).status_code for suffix in ("", ".png", ".json")} == {401}

    @pytest.mark.parametrize(
        ("first", "second", "answers"),
        [
            pytest.param("", "", (204, 404), id="deleted twice"),
            pytest.param("", "?purge=true", (204, 204), id="purged in its grace period"),
            pytest.param("?purge=true", "", (204, 404), id="deleted after a purge"),
            pytest.param("?purge=true", "?purge=true", (204, 404), id="purged twice"),
            pytest.param("?purge=false", "?purge=true", (204, 204), id="purge=false is no purge"),
        ],
    )
    def test_again(self, api: Api, first: str, second: str, answers: tuple[int, int]) -> None:
        path = api.stored(PNG)
        assert (delete(api, path, first), delete(api, path, second)) == answers

    def test_belongs_to_the_account(self, api: Api, other_api: Api, anonymous: Api) -> None:
        path = api.stored(PNG, query="?visibility=public")
        reader = make_api("reader", scopes=["read"])
        assert [delete(who, path) for who in (other_api, anonymous, reader)] == [404, 401, 403]
        assert delete(other_api, path, "?purge=true") == 404
        assert delete(api, f"/images/{uuid7()}") == 404
        assert api.get(path).status_code == 200


class TestPurge:
    def test_leaves_a_tombstone(self, api: Api, storage: ObjectStorage) -> None:
        path = api.stored(PNG, query="?filename=secret.png&tags=a,b&metadata=%7B%22who%22:1%7D")
        body(api.get(f"{path}.webp"))
        Image.objects.update(focal_x=0.5, focal_y=0.5)
        before = {image.storage_name for image in Image.objects.all()} | {
            row.storage_name for row in Rendition.objects.all()
        }
        assert delete(api, path, "?purge=true") == 204
        image = Image.objects.get()
        told = (image.filename, image.metadata, image.focal_x, image.focal_y, image.tags.count())
        assert (image.state, told) == ("purged", ("", {}, None, None, 0))
        assert [name for name in before if is_there(name)] == []
        assert not Rendition.objects.exists()

    def test_comes_by_itself_after_the_grace_period(self, api: Api, storage: ObjectStorage) -> None:
        due, other = api.stored(PNG), api.stored(made.encoded("gif"))
        for path in (due, other):
            delete(api, path)
        Image.objects.filter(pk=id_of(due)).update(deleted_at=timezone.now() - LONG_AGO)
        assert sweep("images to purge") == 1
        assert sweep("images to purge") == 0
        states = {image.pk: (image.state, is_there(image.storage_name)) for image in Image.objects.all()}
        assert states == {id_of(due): ("purged", False), id_of(other): ("deleted", True)}

    def test_frees_what_it_replaced(self, api: Api) -> None:
        old = api.stored(PNG)
        new = api.stored(PNG, query=f"?replaces={id_of(old)}")
        assert api.upload(PNG, query=f"?replaces={id_of(old)}").status_code == 409
        delete(api, new, "?purge=true")
        assert api.upload(PNG, query=f"?replaces={id_of(old)}").status_code == 201

    def test_id_is_never_used_again(self, api: Api, tmp_path: Path) -> None:
        path = api.stored(PNG)
        image = Image.objects.get()
        (tmp_path / "again").write_bytes(PNG)
        upload = Upload(tmp_path / "again", size_bytes=len(PNG), sha256=image.sha256)
        description = Description(tags=["back"])
        for query in ("", "?purge=true"):
            delete(api, path, query)
            with pytest.raises(Conflict):
                storing.store(upload, account=api.account, description=description, image_id=image.pk)
        image.refresh_from_db()
        assert (image.state, is_there(image.storage_name), Tag.objects.count()) == ("purged", False, 0)


class TestStorageThatIsAway:
    @pytest.mark.parametrize(("query", "state"), [("", "deleted"), ("?purge=true", "purging")])
    def test_answer_is_the_same_and_the_sweep_ends_it(
        self, api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch, query: str, state: str
    ) -> None:
        """F-4."""
        path = api.stored(PNG)
        body(api.get(f"{path}.webp"))
        with monkeypatch.context() as patch:
            patch.setattr(type(renditions()), "delete", refuse)
            patch.setattr(type(renditions()), "check", refuse)
            assert delete(api, path, query) == 204
            assert tasks.sweep().keys().isdisjoint({"renditions of deleted images"})
        assert (Image.objects.get().state, statuses(api, path)) == (state, {404})
        names = [Image.objects.get().storage_name, Rendition.objects.get().storage_name]
        assert sweep("renditions of deleted images") == 1
        assert [is_there(name) for name in names] == [state == "deleted", False]
        assert not Rendition.objects.exists()

    def test_purge_of_renditions_says_so(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        path = api.stored(PNG)
        body(api.get(f"{path}.webp"))
        with monkeypatch.context() as patch:
            patch.setattr(type(renditions()), "delete", refuse)
            assert api.request("DELETE", f"{path}/renditions").status_code == 503
        assert api.request("DELETE", f"{path}/renditions").status_code == 204
        assert not Rendition.objects.exists()


class TestRendersInFlight:
    @pytest.mark.parametrize("purge", [False, True])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_end_as_not_found_and_leave_nothing(
        self, api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch, purge: bool, when: str
    ) -> None:
        """Also if the row of the render was written after the deletion had looked for rows."""
        path, names, render = api.stored(PNG), [], rendering.render

        def meanwhile(source: OpenSource, recipe: Any, *rest: Any) -> rendering.RenderedFile:
            assert source.image
            names.append(Rendition.objects.get().storage_name)
            rows = [] if when == "before" else list(Rendition.objects.all())
            result = render(source, recipe, *rest) if not purge else None
            deleting.delete(source.image.pk, account=api.account, purge=purge)
            Rendition.objects.bulk_create(rows)
            return result or render(source, recipe, *rest)

        monkeypatch.setattr(rendering, "render", meanwhile)
        assert api.get(f"{path}.gif").status_code == 404
        assert [name for name in names if is_there(name)] == []
        assert not Rendition.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", ["", "?purge=true"])
def test_deleted_twice_at_once_is_deleted_once(query: str) -> None:
    """Q-3."""
    api = make_api("alice")
    path = api.stored(PNG)
    start = threading.Barrier(2)

    def one(_: int) -> int:
        caller = Api(api.account, api.key)
        start.wait()
        try:
            return delete(caller, path, query)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, range(2))) == [204, 404]


@pytest.mark.django_db(transaction=True)
def test_purge_locks_rows_in_the_order_of_their_ids() -> None:
    """Writers of hits do so, too. In the order of the table, where a changed row moves to the end, they deadlock."""
    api = make_api("alice")
    path = api.stored(PNG)
    for suffix in (".png", ".gif"):
        api.get(path + suffix)
    first, second = Rendition.objects.order_by("pk").values_list("pk", flat=True)
    for _ in range(3):
        Rendition.objects.filter(pk=first).update(hits=1)

    def purge() -> None:
        try:
            with connection.cursor() as cursor:  # as the planner may choose
                cursor.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
            deleting.remove_renditions(Rendition.objects.all())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            Rendition.objects.select_for_update().get(pk=first)
            purged = threads.submit(purge)
            wait_until(_is_a_lock_waited_for)
            Rendition.objects.select_for_update(nowait=True).get(pk=second)
        purged.result(timeout=5)
    connection.close_pool()  # type: ignore[attr-defined]  # with it the planner's settings end
    assert not Rendition.objects.exists()


def _is_a_lock_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
