"""manage.py create_storage alone makes and marks a storage. All other code takes a storage without its marker for a wrong
one, or for one that is not mounted: it stores nothing there, and neither ends nor misses anything."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from config.http import health
from config.local.seaweedfs import create_bucket
from images.ids import uuid7
from images.models import Image, Installation, Rendition
from images.storage import ObjectStorage, originals
from images.storage.marker import MARKER
from images.tasks import sweep
from progimage.errors import Unavailable
from tests.conftest import Api, body, skip_or_fail, use_disk
from tests.support import images as made
from tests.support.drift import names_in, no_patience, put, reconcile
from tests.support.servers import S3_MISSING_REASON
from tests.support.storage_markers import marked, marker_is_restored, use_s3

PNG = made.encoded("png")
__all__ = ["marker_is_restored"]
pytestmark = pytest.mark.usefixtures("marker_is_restored")


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    use_disk(settings, tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture(params=["missing", "empty"])
def away(root: Path, api: Api, request: pytest.FixtureRequest) -> Path:
    """A root that is not there or not mounted, though an image and its rendition are known."""
    body(api.get(f"{api.stored(PNG)}.webp"))
    root.rename(root.with_name("elsewhere"))
    if request.param == "empty":
        root.mkdir()
    return root


def test_root_that_is_away_is_unavailable(away: Path) -> None:
    store, name = originals(), f"originals/ab/{uuid7()}"
    for attempt in (
        store.check,
        lambda: put(store, name, PNG),
        lambda: store.open_range(name),
        lambda: store.local_path(name).__enter__(),
        lambda: store.delete(name),
        lambda: store.find_object(name),
        lambda: list(store.list_objects("originals/a")),
    ):
        with pytest.raises(Unavailable):
            attempt()


def test_root_that_is_away_takes_and_loses_nothing(away: Path, api: Api) -> None:
    """F-20."""
    image, rendition = Image.objects.get(), Rendition.objects.get()
    path = f"/images/{image.pk}"
    assert api.upload(PNG).status_code == 503
    assert {api.get(path + suffix).status_code for suffix in ("", ".webp", ".gif")} == {503}
    assert [reconcile(*arguments)[0] for arguments in ([], ["--fix"])] == [2, 2]
    assert not away.exists() or list(away.iterdir()) == []
    away.with_name("elsewhere").rename(away)
    image.refresh_from_db()
    rendition.refresh_from_db()
    assert (image.state, image.missing_at, rendition.state) == ("ready", None, "ready")
    assert body(api.get(path)) == PNG


def test_root_with_originals_is_adopted(root: Path, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    path = api.stored(PNG)
    (root / MARKER).unlink()
    assert api.get(path).status_code == 200
    assert api.upload(PNG).status_code == 503
    for said in ("Created the folder", "There already is the folder"):
        call_command("create_storage")
        assert capsys.readouterr().out == f"{said} {root}.\n"
    assert api.upload(PNG).status_code == 201
    assert {name.partition("/")[0] for name in names_in(originals())} == {"originals"}


def test_empty_root_is_not_adopted_where_there_are_images(away: Path) -> None:
    """A start must not take a volume that comes late for a new one."""
    with pytest.raises(CommandError, match="mount it") as refused:
        call_command("create_storage")
    command = str(refused.value).split("`")[1]
    subprocess.run(command, shell=True, check=True)
    call_command("create_storage")
    originals().check()
    assert originals().find_marker()


def test_marker_of_an_earlier_version_gets_the_id(root: Path, db: None) -> None:
    assert originals().find_marker() == ""
    call_command("create_storage")
    assert originals().find_marker() == str(Installation.objects.get().storage_id)


def test_disk_without_links_is_refused(root: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(CommandError, match="Operation not supported"):
        call_command("create_storage")
    assert [path.name for path in root.iterdir()] == [MARKER]


def test_before_the_first_image_an_empty_root_is_made(root: Path, db: None) -> None:
    shutil.rmtree(root)
    call_command("create_storage")
    originals().check()


class TestForeignStorage:
    """F-20. The storage of another database: nothing is stored, removed or forgotten."""

    @pytest.fixture
    def path(self, storage: ObjectStorage, api: Api) -> Iterator[str]:
        path = api.stored(PNG)
        body(api.get(f"{path}.webp"))
        Installation.objects.get_or_create(pk=1)
        with marked(str(uuid4())):
            yield path

    def test_takes_and_loses_nothing(self, path: str, api: Api, settings: Any) -> None:
        no_patience(settings)
        image, rendition = Image.objects.get(), Rendition.objects.get()
        empty_but_the_marker()
        assert api.upload(PNG).status_code == 503
        assert {api.get(path + suffix).status_code for suffix in ("", ".webp", ".gif")} == {503}
        assert api.request("DELETE", f"{path}?purge=true").status_code == 204
        assert [reconcile(*arguments)[0] for arguments in ([], ["--fix"])] == [2, 2]
        sweep()
        states = dict(Image.objects.values_list("pk", "state"))
        assert states.pop(image.pk) == "purging"
        assert list(states.values()) == ["pending"]
        assert Rendition.objects.filter(pk=rendition.pk).exists()

    def test_is_refused_by_create_storage(self, path: str, storage: ObjectStorage) -> None:
        with pytest.raises(CommandError, match="belongs to another database"):
            call_command("create_storage")
        call_command("create_storage", "--force")
        storage.check()

    def test_is_not_ready(self, path: str, anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health._Memory, "storage_was_there_at", float("-inf"))
        answer = anonymous.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["storage"] == "The storage belongs to another installation"


class TestBucket:
    """F-20. A missing or empty bucket is no new one while the database has images."""

    @pytest.fixture
    def path(self, api: Api) -> str:
        if S3_MISSING_REASON:
            skip_or_fail(S3_MISSING_REASON)
        return api.stored(PNG)

    @pytest.fixture(params=["missing", "empty"])
    def typo(self, path: str, settings: Any, request: pytest.FixtureRequest) -> Iterator[str]:
        """The path of an image, while the settings name a bucket that is not ours."""
        name = f"typo-{uuid7()}"
        if request.param == "empty":
            create_bucket(os.environ | {"S3_BUCKET": name})
        use_s3(settings, bucket_name=name)
        yield path
        # SeaweedFS gives each bucket volumes of its own, of which it has a few dozen.
        use_s3(settings, bucket_name=os.environ["S3_BUCKET"])
        store: Any = originals()
        with suppress(store.client.exceptions.NoSuchBucket):
            store.client.delete_bucket(Bucket=name)

    def test_takes_and_loses_nothing(self, typo: str, api: Api, settings: Any) -> None:
        no_patience(settings)
        Image.objects.update(state="pending")
        assert api.upload(PNG).status_code == 503
        sweep()
        assert set(Image.objects.values_list("state", flat=True)) == {"pending"}
        assert [reconcile(*arguments)[0] for arguments in ([], ["--fix"])] == [2, 2]
        use_s3(settings, bucket_name=os.environ["S3_BUCKET"])
        sweep()
        assert body(api.get(typo)) == PNG

    def test_is_refused_by_create_storage(self, typo: str) -> None:
        with pytest.raises(
            CommandError, match=r"has none of them\. If S3_BUCKET or S3_ENDPOINT_URL is wrong"
        ):
            call_command("create_storage")
        call_command("create_storage", "--force")
        originals().check()

    def test_of_an_earlier_version_is_adopted(self, path: str, api: Api) -> None:
        """It has the images and no marker yet."""
        with marked(None):
            assert api.upload(PNG).status_code == 503
            assert api.get(path).status_code == 200
            call_command("create_storage")
            api.stored(PNG)
            assert originals().find_marker() == str(Installation.objects.get().storage_id)


def empty_but_the_marker() -> None:
    store: Any = originals()
    store._delete(*[found.name for found in store._list_objects("")])
