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

from .contract import StoredObject, WrittenOnce

MARKER = ".progimage-storage"
"""The name of a file in the root. A folder without it is one over which nothing has been mounted yet."""


@deconstructible
class DiskObjectStorage(WrittenOnce, FileSystemStorage):
    """Files below a folder. A file appears under its name whole or not at all, and is synced to the disk."""

    def __str__(self) -> str:
        return f"the folder {self.location}"

    @property
    def is_new(self) -> bool:
        """Whether nothing tells that originals were ever kept here."""
        return not any(Path(self.location, name).exists() for name in (MARKER, "originals"))

    def put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        target = Path(self.path(name))
        with self._below_root():
            self._check_root()
            _make_folder(target.parent)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".put-") as written:
                content.seek(0)
                while chunk := content.read(File.DEFAULT_CHUNK_SIZE):
                    written.write(chunk)
                written.flush()
                os.fsync(written.fileno())
                os.link(written.name, target)  # unlike a rename it never replaces
            _sync_folder(target.parent)
            self._check_root()  # or the folder may have been made anew after the root went

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        with self._below_root():
            opened = Path(self.path(name)).open("rb")  # noqa: SIM115 - the caller closes it
        opened.seek(start)
        return opened

    @contextmanager
    def local_path(self, name: str) -> Iterator[Path]:
        path = Path(self.path(name))
        with self._below_root():
            path.stat()
        yield path

    def delete(self, *names: str) -> None:
        for name in names:
            with suppress(FileNotFoundError), self._below_root():
                Path(self.path(name)).unlink()

    def find_object(self, name: str) -> StoredObject | None:
        with suppress(FileNotFoundError), self._below_root():
            return _stored_object(name, Path(self.path(name)).stat())
        return None

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        folder, _, start = prefix.rpartition("/")
        with suppress(FileNotFoundError), self._below_root(), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.name.startswith(start) or entry.is_symlink() or name == MARKER:
                    continue
                if entry.is_dir():
                    yield from self.list_objects(f"{name}/")
                    continue
                with suppress(FileNotFoundError):  # removed since the folder was read
                    yield _stored_object(name, entry.stat())

    def check(self) -> None:
        with self._below_root():
            self._check_root()
            with tempfile.TemporaryFile(dir=self.location):
                pass

    def create(self) -> bool:
        with suppress(Unavailable):
            self._check_root()
            return False
        with self._below_root():
            _make_folder(Path(self.location))
            Path(self.location, MARKER).touch()
            _sync_folder(Path(self.location))
        return True

    def _check_root(self) -> None:
        try:
            Path(self.location, MARKER).stat()
        except OSError as error:
            raise Unavailable(
                f"The storage is not mounted, or manage.py create_storage never made it ({error.strerror})",
                retry_after_s=5,
            ) from error

    @contextmanager
    def _below_root(self) -> Iterator[None]:
        """Where the root is away, what is not found below it may be there all the same."""
        try:
            yield
        except (FileExistsError, FileNotFoundError):
            self._check_root()
            raise
        except OSError as error:
            raise Unavailable(f"The storage cannot be used ({error.strerror})", retry_after_s=5) from error


def _stored_object(name: str, facts: os.stat_result) -> StoredObject:
    return StoredObject(name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file stands where the folder should
        raise Unavailable("The storage cannot be used (not a folder)", retry_after_s=5) from error


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a loss of power: the file's own sync does not cover its folder's entry."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
