"""Files on this machine."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from progimage.errors import Unavailable

from .contract import ObjectStorage, StoredObject

MARKER = ".progimage-storage"
"""The name of a file in the root. If a folder has no such file, nothing has been mounted over it yet."""


@deconstructible
class DiskObjectStorage(ObjectStorage, FileSystemStorage):
    """Files below a folder. A file appears under its name whole or not at all, and is synced to the disk."""

    def __str__(self) -> str:
        return f"the folder {self.location}"

    @property
    def is_new(self) -> bool:
        """Whether the folder shows no sign that originals were ever kept here."""
        root = Path(self.location)
        return not any((root / name).exists() for name in (MARKER, "originals"))

    def _put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        target = Path(self.path(name))
        with self._below_root():
            self._check_root()
            _make_folder(target.parent)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".put-") as partial:
                content.seek(0)
                while chunk := content.read(File.DEFAULT_CHUNK_SIZE):
                    partial.write(chunk)
                partial.flush()
                os.fsync(partial.fileno())
                os.link(partial.name, target)  # unlike a rename, a link never replaces a file
            _sync_folder(target.parent)
            # If the root went away meanwhile, the folder may have been made anew on another disk.
            self._check_root()

    def _open_range(self, name: str, start: int, stop: int | None) -> IO[bytes]:
        with self._below_root():
            file = Path(self.path(name)).open("rb")  # noqa: SIM115 - the caller closes it
        file.seek(start)
        return file

    @contextmanager
    def _local_path(self, name: str) -> Iterator[Path]:
        path = Path(self.path(name))
        with self._below_root():
            path.stat()
        yield path

    def _delete(self, *names: str) -> None:
        for name in names:
            with suppress(FileNotFoundError), self._below_root():
                Path(self.path(name)).unlink()

    def _find_object(self, name: str) -> StoredObject | None:
        path = Path(self.path(name))
        with suppress(FileNotFoundError), self._below_root():
            return _stored_object(name, path.stat())
        return None

    def _list_objects(self, prefix: str) -> Iterator[StoredObject]:
        folder, _, name_start = prefix.rpartition("/")
        with suppress(FileNotFoundError), self._below_root(), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.name.startswith(name_start) or entry.is_symlink() or name == MARKER:
                    continue
                if entry.is_dir():
                    yield from self._list_objects(f"{name}/")
                    continue
                with suppress(FileNotFoundError):  # removed since the folder was read
                    yield _stored_object(name, entry.stat())

    def _check(self) -> None:
        with self._below_root():
            self._check_root()
            with tempfile.TemporaryFile(dir=self.location):
                pass

    def _create(self) -> bool:
        with suppress(Unavailable):
            self._check_root()
            return False
        root = Path(self.location)
        with self._below_root():
            _make_folder(root)
            (root / MARKER).touch()
            _sync_folder(root)
        return True

    def _check_root(self) -> None:
        """Raise Unavailable if the root has no marker."""
        try:
            Path(self.location, MARKER).stat()
        except OSError as error:
            raise Unavailable(
                f"The storage is not mounted, or manage.py create_storage never made it ({error.strerror})",
                retry_after_s=5,
            ) from error

    @contextmanager
    def _below_root(self) -> Iterator[None]:
        """Raise Unavailable for errors of the disk, and for a missing file if the root itself is away."""
        try:
            yield
        except (FileExistsError, FileNotFoundError):
            self._check_root()
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
