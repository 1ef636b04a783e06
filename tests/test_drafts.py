"""Drafts: files that get a name in the storage without a copy, and that go if they get none."""

import hashlib
import io
from pathlib import Path

import pytest

from images.storage import DiskObjectStorage, ObjectStorage
from images.storage.drafts import Draft
from tests.support.servers import make_storage_root

NAME = "renditions/ab/an-image/a-key.gif"


def test_content_of_another_process_is_kept_without_a_copy(tmp_path: Path) -> None:
    store = DiskObjectStorage(location=make_storage_root(tmp_path))
    with store.new_draft(NAME) as draft:
        Path(draft.name).write_bytes(b"pixels")
        number = Path(draft.name).stat().st_ino
        store.put(NAME, draft, sha256="")
        assert draft.read() == b"pixels", "it can be read after it has got its name"
    assert Path(store.path(NAME)).stat().st_ino == number
    assert [found.name for found in store.list_objects("")] == [NAME]


def test_draft_without_a_name_goes(storage: ObjectStorage) -> None:
    draft = storage.new_draft(NAME)
    path = Path(draft.name)
    assert path.exists()
    draft.close()
    draft.close()
    assert not path.exists()
    assert storage.find_object(NAME) is None


def test_name_that_is_taken_stays_and_the_draft_may_try_again(storage: ObjectStorage) -> None:
    storage.put(NAME, io.BytesIO(b"first"), sha256=_sha256(b"first"))
    with storage.new_draft(NAME) as draft:
        Path(draft.name).write_bytes(b"second")
        with pytest.raises(FileExistsError):
            storage.put(NAME, draft, sha256=_sha256(b"second"))
        with storage.open_range(NAME) as content:
            assert content.read() == b"first"
        storage.delete(NAME)
        storage.put(NAME, draft, sha256=_sha256(b"second"))
    with storage.open_range(NAME) as content:
        assert content.read() == b"second"
    storage.delete(NAME)


def test_draft_that_is_closed_later_removes_no_file_of_another(tmp_path: Path) -> None:
    """After it has got its name, the file belongs to the storage."""
    draft = Draft(tmp_path)
    draft.give_name(tmp_path / "kept")
    draft.close()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
