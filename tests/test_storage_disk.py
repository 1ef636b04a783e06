"""Storage on disk: files are whole or absent, and nothing outside of its folder is listed."""

import hashlib
import io
from pathlib import Path

import pytest

from images.ids import uuid7
from images.storage import DiskObjectStorage, ObjectStorage
from progimage.errors import Unavailable
from tests.support.servers import make_storage_root

CONTENT = bytes(range(256)) * 1_000


@pytest.fixture
def name() -> str:
    return f"originals/ab/{uuid7()}"


def put(store: ObjectStorage, name: str, content: bytes = CONTENT) -> None:
    store.put(name, io.BytesIO(content), sha256=hashlib.sha256(content).hexdigest())


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
