"""Both storages do alike: a name is written once, opened in one request, read by range, removed for good."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages

from images.ids import uuid7
from images.storage import ObjectStorage

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


def test_both_aliases_share_a_backend(settings: Any) -> None:
    assert type(storages["originals"]) is type(storages["renditions"])


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
