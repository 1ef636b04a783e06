"""Both storages do alike: a name is written once, opened in one request, read by range, removed for good."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.core.management import call_command

from images.ids import uuid7
from images.storage import DiskObjectStorage, ObjectStorage, S3ObjectStorage, originals
from progimage.errors import Unavailable
from tests.conftest import skip_or_fail
from tests.support.servers import S3_MISSING_REASON, make_storage_root

CONTENT = bytes(range(256)) * 1_000


@pytest.fixture
def name() -> str:
    return f"originals/ab/{uuid7()}"


def put(store: ObjectStorage, name: str, content: bytes = CONTENT) -> None:
    store.put(name, io.BytesIO(content), sha256=hashlib.sha256(content).hexdigest())


def read(store: ObjectStorage, name: str, start: int = 0, stop: int | None = None) -> bytes:
    with store.open_range(name, start, stop) as opened:
        return opened.read() if stop is None else opened.read(stop - start)


def test_put_and_read(storage: ObjectStorage, name: str) -> None:
    put(storage, name)
    assert read(storage, name) == CONTENT
    assert read(storage, name, 5) == CONTENT[5:]
    assert read(storage, name, 5, 9) == CONTENT[5:9]
    with storage.local_path(name) as path:
        assert path.read_bytes() == CONTENT


def test_a_name_is_written_once(storage: ObjectStorage, name: str) -> None:
    put(storage, name)
    with pytest.raises(FileExistsError):
        put(storage, name, b"other")
    assert read(storage, name) == CONTENT


def test_djangos_save_is_the_same_put(storage: Any, name: str) -> None:
    assert storage.save(name, File(io.BytesIO(CONTENT))) == name
    assert read(storage, name) == CONTENT
    assert storage.exists(name)
    with pytest.raises(FileExistsError):
        storage.save(name, ContentFile(b"other"))
    with storage.open(name) as opened:
        assert opened.read() == CONTENT


def test_missing_objects(storage: ObjectStorage, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        storage.open_range(name)
    with pytest.raises(FileNotFoundError), storage.local_path(name):
        pass
    storage.delete(name)
    put(storage, name)
    storage.delete(name)
    storage.delete(name)
    with pytest.raises(FileNotFoundError):
        storage.open_range(name)


def test_names_stay_inside(storage: ObjectStorage) -> None:
    from django.core.exceptions import SuspiciousOperation

    store: Any = storage
    with pytest.raises(SuspiciousOperation):
        store.save("../../outside", ContentFile(b"x"))


def test_s3_checks_what_arrives(name: str) -> None:
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    with pytest.raises(Unavailable):
        originals().put(name, io.BytesIO(CONTENT), sha256=hashlib.sha256(b"other").hexdigest())


def test_bucket_is_created_once(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    options = settings.STORAGES["originals"]["OPTIONS"] | {"bucket_name": f"made-{uuid7()}"}
    s3 = {"BACKEND": "images.storage.S3ObjectStorage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"originals": s3}
    for said in ("Created the bucket", "There already is the bucket"):
        call_command("create_bucket")
        assert capsys.readouterr().out.startswith(said)
    originals().check()


def test_s3_that_is_away(name: str) -> None:
    store = S3ObjectStorage(
        bucket_name="x", endpoint_url="http://127.0.0.1:1", access_key="a", secret_key="b"
    )
    for attempt in (lambda: store.open_range(name), store.check, lambda: put(store, name)):
        with pytest.raises(Unavailable) as caught:
            attempt()
        assert isinstance(caught.value.__cause__, EndpointConnectionError)


def test_disk_that_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    store = DiskObjectStorage(location=tmp_path / "file")
    for attempt in (store.check, lambda: put(store, name)):
        with pytest.raises(Unavailable):
            attempt()


def test_disk_shows_a_file_whole_or_not_at_all(tmp_path: Path, name: str) -> None:
    store = DiskObjectStorage(location=make_storage_root(tmp_path / "files"))

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise RuntimeError("the sender is gone")
            return super().read(10)

    with pytest.raises(RuntimeError):
        store.put(name, Failing(CONTENT), sha256="")
    assert list(store.list_objects("")) == []


def test_both_aliases_share_a_backend(settings: Any) -> None:
    assert type(storages["originals"]) is type(storages["renditions"])


def test_ids_are_uuids_of_version_7_in_the_order_of_time() -> None:
    import time

    first = uuid7()
    time.sleep(0.002)
    second = uuid7()
    assert {first.version, second.version} == {7}
    assert {first.variant, second.variant} == {"specified in RFC 4122"}
    assert first < second
    assert abs((first.int >> 80) / 1000 - time.time()) < 5


def test_objects_are_found_with_their_facts(storage: ObjectStorage, name: str) -> None:
    import time

    assert storage.find_object(name) is None
    put(storage, name)
    found = storage.find_object(name)
    assert found is not None
    assert (found.name, found.size_bytes) == (name, len(CONTENT))
    assert abs(found.modified_at.timestamp() - time.time()) < 60
    assert found.sha256 in (None, hashlib.sha256(CONTENT).hexdigest())


def test_objects_are_listed_by_how_their_names_start(storage: ObjectStorage) -> None:
    folder = f"listed-{uuid7()}"
    names = {f"{folder}/{tail}" for tail in ("a0/one", "a0/two", "ab/deep/three", "b0/four", "abc")}
    for index, one in enumerate(sorted(names)):
        put(storage, one, CONTENT[:index])
    assert {found.name for found in storage.list_objects(f"{folder}/")} == names
    tails = {"a0/one", "a0/two", "ab/deep/three", "abc"}
    listed = {found.name: found for found in storage.list_objects(f"{folder}/a")}
    assert listed.keys() == {f"{folder}/{tail}" for tail in tails}
    assert {found.name for found in storage.list_objects(f"{folder}/ab/")} == {f"{folder}/ab/deep/three"}
    assert list(storage.list_objects(f"{folder}/nothing")) == []
    sizes = [listed[one].size_bytes for one in sorted(listed)]
    assert sizes == [0, 1, 2, 3]


def test_many_are_listed_and_removed(storage: ObjectStorage) -> None:
    """S3 lists by pages of 1,000."""
    folder = f"many-{uuid7()}"
    names = {f"{folder}/{number}" for number in range(1_001)}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: put(storage, one, b"x"), names))
    assert {found.name for found in storage.list_objects(f"{folder}/")} == names
    first, *rest = sorted(names)
    storage.delete(*rest, f"{folder}/never there")
    assert [found.name for found in storage.list_objects(f"{folder}/")] == [first]
    storage.delete()


def test_disk_lists_what_a_killed_put_left_and_follows_no_links(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    store = DiskObjectStorage(location=make_storage_root(tmp_path / "inside"))
    put(store, "a/whole")
    (tmp_path / "inside" / "a" / ".put-left").touch()
    (tmp_path / "inside" / "a" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "inside" / "a" / "link").symlink_to(tmp_path / "outside" / "file")
    assert sorted(found.name for found in store.list_objects("a")) == ["a/.put-left", "a/whole"]
    assert sorted(found.name for found in store.list_objects("")) == ["a/.put-left", "a/whole"]
