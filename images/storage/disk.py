"""Files on this machine."""

import hashlib
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from progimage.errors import Unavailable

from .contract import ExpectedBytes, ObjectStorage, StoredObject
from .drafts import Draft
from .marker import MARKER, PROBES
from .unsynced import RECORDS, UnsyncedFiles

_MAX_VERIFIED = 100_000
_NO_OBJECTS = (MARKER, PROBES, RECORDS)


@deconstructible
class DiskObjectStorage(ObjectStorage, FileSystemStorage):
    """Files below a folder. A file appears under its name whole or not at all.

    It is synced to the disk, unless it was a draft."""

    marker_max_age_s = 0

    def __str__(self) -> str:
        return f"the folder {self.location}"

    @property
    def advice(self) -> str:
        marker = shlex.quote(str(Path(self.location, MARKER)))
        folder = shlex.quote(str(self.location))
        return (
            "If its volume is not mounted, mount it. If STORAGE_ROOT is wrong, correct it. Then try again. "
            f"To use this folder all the same, run `mkdir -p {folder} && : > {marker}` first."
        )

    @cached_property
    def _unsynced(self) -> UnsyncedFiles:
        return UnsyncedFiles(Path(self.location), _sync_folder)

    @cached_property
    def _verified(self) -> set[str]:
        """The names of doubtful files that have turned out to be right."""
        return set()

    def _new_draft(self, name: str) -> IO[bytes]:
        folder = Path(self.path(name)).parent
        with _disk_errors():
            try:
                return Draft(folder)
            except FileNotFoundError:
                self.check_marker()  # otherwise the folder would be made where no disk is mounted
                _make_folder(folder)
                return Draft(folder)

    def _put(self, name: str, content: IO[bytes], *, sha256: str) -> None:
        target = Path(self.path(name))
        with _disk_errors():
            if isinstance(content, Draft):
                self._keep(content, target)
            else:
                _write(content, target)
        # If the root went away meanwhile, its folder may have been made anew on another disk.
        if self._find_marker() is None:
            raise Unavailable(self._absence(), retry_after_s=5)

    def _keep(self, draft: Draft, target: Path) -> None:
        if self._unsynced.record():
            draft.give_name(target)
            return
        os.fsync(draft.fileno())
        draft.give_name(target)
        _sync_folder(target.parent)

    def _open_range(
        self, name: str, start: int, stop: int | None, expected: ExpectedBytes | None
    ) -> IO[bytes]:
        with _disk_errors():
            file = open(self.path(name), "rb")  # noqa: PTH123, SIM115 - the caller closes it
            if expected is not None and not self._has_content(name, file, expected):
                file.close()
                raise FileNotFoundError(name)
            file.seek(start)
        return file

    def _has_content(self, name: str, file: BufferedReader, expected: ExpectedBytes) -> bool:
        status = os.fstat(file.fileno())
        if status.st_size != expected.size_bytes:
            return False
        if not self._unsynced.is_doubtful(status.st_mtime) or name in self._verified:
            return True
        if hashlib.file_digest(file, "sha256").hexdigest() != expected.sha256:
            return False
        if len(self._verified) >= _MAX_VERIFIED:
            self._verified.clear()
        self._verified.add(name)
        return True

    @contextmanager
    def _local_path(self, name: str) -> Iterator[Path]:
        path = Path(self.path(name))
        with _disk_errors():
            path.stat()
        yield path

    def _delete(self, *names: str) -> None:
        for name in names:
            with suppress(FileNotFoundError), _disk_errors():
                Path(self.path(name)).unlink()

    def _find_object(self, name: str) -> StoredObject | None:
        path = Path(self.path(name))
        with suppress(FileNotFoundError), _disk_errors():
            return _stored_object(name, path.stat())
        return None

    def _list_objects(self, prefix: str) -> Iterator[StoredObject]:
        folder, _, name_start = prefix.rpartition("/")
        with suppress(FileNotFoundError), _disk_errors(), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.name.startswith(name_start) or entry.is_symlink():
                    continue
                if name.startswith(_NO_OBJECTS):
                    continue
                if entry.is_dir():
                    yield from self._list_objects(f"{name}/")
                    continue
                with suppress(FileNotFoundError):  # removed since the folder was read
                    yield _stored_object(name, entry.stat())

    def _check(self) -> None:
        with _disk_errors(), tempfile.TemporaryFile(dir=self.location):
            pass

    def _find_marker(self) -> str | None:
        with _disk_errors():
            try:
                return Path(self.location, MARKER).read_text(errors="replace").strip()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def _absence(self) -> str:
        return "The storage is not mounted, or manage.py create_storage never made it"

    def _make_place(self) -> None:
        root = Path(self.location)
        with _disk_errors():
            _make_folder(root)

    def _probe(self) -> None:
        """Write and link a file. Some network file systems lack links."""
        with _disk_errors(), tempfile.TemporaryDirectory(dir=self.location, prefix=PROBES) as folder:
            probe = Path(folder, "probe")
            probe.touch()
            os.link(probe, Path(folder, "link"))
            _sync_folder(Path(folder))

    def _mark(self, owner: str) -> None:
        """Write the marker. A crash leaves the old marker or the new one, never a part."""
        root = Path(self.location)
        new_marker = root / f"{MARKER}.new"
        with _disk_errors():
            with new_marker.open("w") as file:
                file.write(f"{owner}\n")
                file.flush()
                os.fsync(file.fileno())
            new_marker.replace(root / MARKER)
            _sync_folder(root)


def _write(content: IO[bytes], target: Path) -> None:
    """Write a copy of the content under its name, and return when both are on the disk."""
    _make_folder(target.parent)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".put-") as partial:
        content.seek(0)
        while chunk := content.read(File.DEFAULT_CHUNK_SIZE):
            partial.write(chunk)
        partial.flush()
        os.fsync(partial.fileno())
        os.link(partial.name, target)  # unlike a rename, a link never replaces a file
    _sync_folder(target.parent)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Raise Unavailable for errors of the disk. Missing and existing files are no such errors."""
    try:
        yield
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError as error:
        raise Unavailable(f"The storage cannot be used ({error.strerror})", retry_after_s=5) from error


def _stored_object(name: str, status: os.stat_result) -> StoredObject:
    modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return StoredObject(name, status.st_size, modified_at)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file stands where the folder should be
        raise Unavailable("The storage cannot be used (not a folder)", retry_after_s=5) from error


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a loss of power. Syncing a file does not sync the entry of its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
