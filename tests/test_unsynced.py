"""Files that were not synced: their length is compared at each read, and after a power cut their content, too."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from images.models import Rendition
from images.storage import DiskObjectStorage, renditions, unsynced
from images.storage.unsynced import RECORDS, UnsyncedFiles
from tests.conftest import Api, body, use_disk
from tests.support import images as made

PNG = made.encoded("png")
Damage = Callable[[Path], object]


def fill_with_zeros(path: Path) -> None:
    written = path.stat()
    path.write_bytes(bytes(written.st_size))
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))


def cut(path: Path) -> None:
    written = path.stat()
    os.truncate(path, written.st_size // 2)
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    use_disk(settings, tmp_path)
    return tmp_path


def _leave(folder: Path) -> None:
    """Sync no folder."""


def path_of_rendition() -> Path:
    store = renditions()
    assert isinstance(store, DiskObjectStorage)
    return Path(store.path(Rendition.objects.get().storage_name))


def boot_again(monkeypatch: pytest.MonkeyPatch, settings: Any, root: Path) -> None:
    """Let this process be one of a later boot, which knows nothing of the storage yet."""
    monkeypatch.setattr(unsynced, "find_boot", lambda: "a later boot")
    use_disk(settings, root)


@pytest.mark.parametrize("damage", [Path.unlink, empty, cut, fill_with_zeros])
def test_no_damaged_rendition_is_served_after_a_power_cut(
    api: Api, root: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, damage: Damage
) -> None:
    """F-21"""
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    file = path_of_rendition()
    damage(file)
    boot_again(monkeypatch, settings, root)
    answers = [api.get(f"{path}.gif", **headers) for headers in ({}, {"Range": "bytes=3-9"})]
    assert [body(answer) for answer in answers] == [whole, whole[3:10]]
    assert file.read_bytes() == whole


@pytest.mark.parametrize("damage", [empty, cut])
def test_length_is_compared_without_a_power_cut(api: Api, root: Path, damage: Damage) -> None:
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    damage(path_of_rendition())
    assert body(api.get(f"{path}.gif")) == whole


def test_part_of_a_damaged_rendition_is_not_sent(
    api: Api, root: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-21: the first read after the power cut asks for a range. Its bytes would be zeros."""
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    file = path_of_rendition()
    fill_with_zeros(file)
    boot_again(monkeypatch, settings, root)
    assert body(api.get(f"{path}.gif", Range="bytes=0-9")) == whole[:10]
    assert file.read_bytes() == whole


def test_right_file_is_hashed_once_and_not_rendered_again(
    api: Api, root: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    row = Rendition.objects.get()
    boot_again(monkeypatch, settings, root)
    assert [body(api.get(f"{path}.gif")) for _ in range(2)] == [whole, whole]
    assert Rendition.objects.get().pk == row.pk
    store = renditions()
    assert isinstance(store, DiskObjectStorage)
    assert store._verified == {row.storage_name}


class TestRecords:
    @pytest.mark.parametrize(
        ("age_s", "is_doubtful"), [(-200, False), (-30, True), (0, True), (500, True), (700, False)]
    )
    def test_files_of_the_last_minutes_of_another_boot_are_doubtful(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, is_doubtful: bool
    ) -> None:
        assert UnsyncedFiles(tmp_path, _leave).record()
        ended_at_s = next((tmp_path / RECORDS).iterdir()).stat().st_mtime
        assert not UnsyncedFiles(tmp_path, _leave).is_doubtful(ended_at_s - age_s), "of this boot"
        monkeypatch.setattr(unsynced, "find_boot", lambda: "a later boot")
        assert UnsyncedFiles(tmp_path, _leave).is_doubtful(ended_at_s - age_s) == is_doubtful

    def test_record_is_renewed_every_30_s(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        files = UnsyncedFiles(tmp_path, _leave)
        files.record()
        (record,) = (tmp_path / RECORDS).iterdir()
        long_ago = time.time() - 1_000
        os.utime(record, (long_ago, long_ago))
        files.record()
        assert record.stat().st_mtime == pytest.approx(long_ago)
        now_s = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now_s + 31)
        files.record()
        assert record.stat().st_mtime == pytest.approx(time.time(), abs=60)

    def test_are_no_objects(self, api: Api, root: Path) -> None:
        api.get(f"{api.stored(PNG)}.gif")
        assert (root / RECORDS).is_dir()
        assert {found.name.partition("/")[0] for found in renditions().list_objects("")} == {
            "originals",
            "renditions",
        }

    def test_without_the_id_of_a_boot_files_are_synced(
        self, api: Api, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = api.stored(PNG)
        monkeypatch.setattr(unsynced, "find_boot", lambda: None)
        synced: list[int] = []
        fsync = os.fsync

        def watched(descriptor: int) -> None:
            synced.append(descriptor)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", watched)
        assert api.get(f"{path}.gif").status_code == 200
        assert len(synced) == 2
        assert not (root / RECORDS).exists()
