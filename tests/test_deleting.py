"""Deleting: not found at once, restorable for a while, then gone for good; a crash or a storage that is away
leaves what a sweep ends."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from accounts.models import IdempotentRequest
from images import services, tasks
from images.ids import time_of, uuid7
from images.models import Image, Orphan, Rendition, Tag, UploadUrl
from images.receiving.uploads import Upload
from images.renditions import rendering
from images.storage import ObjectStorage, originals, renditions
from progimage.errors import Conflict, InProgress, NotFound, Unavailable
from tests.conftest import Api, body, make_api
from tests.support import images as made
from tests.support.drift import names_in, put, reconcile, replace

PNG = made.encoded("png")
LONG_AGO = timedelta(days=30)


def delete(api: Api, path: str, query: str = "") -> int:
    status: int = api.request("DELETE", f"{path}{query}").status_code
    return status


def statuses(api: Api, path: str) -> set[int]:
    """What its own account is answered at every address of an image."""
    addresses = (path, f"{path}.json", f"{path}.png", f"{path}.webp?w=9", f"{path}/renditions")
    return {api.get(address).status_code for address in addresses}


def is_there(name: str) -> bool:
    return originals().find_object(name) is not None


def id_of(path: str) -> uuid.UUID:
    return uuid.UUID(path.rpartition("/")[2])


def sweep(name: str) -> int:
    return tasks.sweep().get(name, 0)


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

    @pytest.mark.parametrize("query", ["?purge=maybe", "?purge=true&purge=true", "?forever=true", "?purge="])
    def test_bad_query(self, api: Api, query: str) -> None:
        path = api.stored(PNG)
        assert delete(api, path, query) == 400
        assert api.get(path).status_code == 200

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
        description = services.Description(tags=["back"])
        for query in ("", "?purge=true"):
            delete(api, path, query)
            with pytest.raises(Conflict):
                services.store(upload, account=api.account, description=description, image_id=image.pk)
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
            patch.setattr(type(renditions()), "delete", _refuse)
            patch.setattr(type(renditions()), "check", _refuse)
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
            patch.setattr(type(renditions()), "delete", _refuse)
            assert api.request("DELETE", f"{path}/renditions").status_code == 503
        assert api.request("DELETE", f"{path}/renditions").status_code == 204
        assert not Rendition.objects.exists()


def _refuse(*_: Any) -> None:
    raise Unavailable("away")


class TestRestore:
    def test_brings_the_image_back(self, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
        path = api.stored(PNG, query="?tags=kept")
        delete(api, path)
        call_command("restore_image", str(id_of(path)))
        assert (body(api.get(path)), statuses(api, path)) == (PNG, {200})
        assert api.get(f"{path}.json").json()["tags"] == ["kept"]
        assert Image.objects.get().deleted_at is None
        assert delete(api, path) == 204

    @pytest.mark.parametrize("query", [None, "?purge=true"], ids=["not deleted", "purged"])
    def test_is_refused(self, api: Api, query: str | None) -> None:
        path = api.stored(PNG)
        if query:
            delete(api, path, query)
        with pytest.raises(CommandError, match="no deleted image"):
            call_command("restore_image", str(id_of(path)))
        with pytest.raises(NotFound):
            services.restore(id_of(path))


class TestRendersInFlight:
    @pytest.mark.parametrize("purge", [False, True])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_end_as_not_found_and_leave_nothing(
        self, api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch, purge: bool, when: str
    ) -> None:
        """Also where the row of the render came after the deletion had looked for rows."""
        path, names, render = api.stored(PNG), [], rendering.render

        def meanwhile(image: Image, transform: Any) -> rendering.RenderedFile:
            names.append(Rendition.objects.get().storage_name)
            rows = [] if when == "before" else list(Rendition.objects.all())
            result = render(image, transform) if not purge else None
            services.delete(image.pk, account=api.account, purge=purge)
            Rendition.objects.bulk_create(rows)
            return result or render(image, transform)

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


class TestOriginalThatIsLost:
    def test_is_our_fault_and_flagged_until_it_is_back(
        self, api: Api, storage: ObjectStorage, caplog: pytest.LogCaptureFixture
    ) -> None:
        """F-5."""
        path = api.stored(PNG)
        image = Image.objects.get()
        storage.delete(image.storage_name)
        for suffix in ("", ".webp"):
            answer = api.get(path + suffix)
            assert (answer.status_code, answer.json()["code"]) == (502, "object_missing")
            assert answer["Cache-Control"] == "no-store"
        image.refresh_from_db()
        assert (image.state, image.missing_at is not None) == ("ready", True)
        alarms = [record for record in caplog.records if record.levelname == "ERROR"]
        assert [record.getMessage() for record in alarms] == ["an original is missing from storage"]
        put(storage, image.storage_name, PNG)
        assert (body(api.get(path)), api.get(f"{path}.webp").status_code) == (PNG, 200)


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
        monkeypatch.setattr(type(originals()), asked, _refuse)
    ended = tasks.sweep()
    assert "images to purge" not in ended
    assert ended["expired upload URLs"] == 0
    assert not Orphan.objects.exists()
    assert names_in(originals()) >= {Image.objects.get().storage_name}


def test_row_that_storage_refuses_stops_no_sweep(
    api: Api, monkeypatch: pytest.MonkeyPatch, storage: ObjectStorage
) -> None:
    """It is passed over, and comes up again in the next run."""
    monkeypatch.setattr("images.upkeep.sweeps._BATCH", 2)
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
