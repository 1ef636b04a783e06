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


@deconstructible
class DiskObjectStorage(WrittenOnce, FileSystemStorage):
    """Files below a folder. A file appears under its name whole or not at all, and is synced to the disk."""

    def put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        target = Path(self.path(name))
        with _disk_errors():
            _make_folder(target.parent)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".put-") as written:
                content.seek(0)
                while chunk := content.read(File.DEFAULT_CHUNK_SIZE):
                    written.write(chunk)
                written.flush()
                os.fsync(written.fileno())
                os.link(written.name, target)  # unlike a rename it never replaces
            _sync_folder(target.parent)

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        with _disk_errors():
            opened = Path(self.path(name)).open("rb")  # noqa: SIM115 - the caller closes it
        opened.seek(start)
        return opened

    @contextmanager
    def local_path(self, name: str) -> Iterator[Path]:
        path = Path(self.path(name))
        if not path.is_file():
            raise FileNotFoundError(name)
        yield path

    def delete(self, *names: str) -> None:
        for name in names:
            with _disk_errors(), suppress(FileNotFoundError):
                Path(self.path(name)).unlink()

    def find_object(self, name: str) -> StoredObject | None:
        with _disk_errors(), suppress(FileNotFoundError):
            return _stored_object(name, Path(self.path(name)).stat())
        return None

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        folder, _, start = prefix.rpartition("/")
        with _disk_errors(), suppress(FileNotFoundError), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.name.startswith(start) or entry.is_symlink():
                    continue
                if entry.is_dir():
                    yield from self.list_objects(f"{name}/")
                    continue
                with suppress(FileNotFoundError):  # removed since the folder was read
                    yield _stored_object(name, entry.stat())

    def check(self) -> None:
        with _disk_errors():
            _make_folder(Path(self.location))
            with tempfile.TemporaryFile(dir=self.location):
                pass


def _stored_object(name: str, facts: os.stat_result) -> StoredObject:
    return StoredObject(name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError as error:
        raise Unavailable(f"The storage cannot be used ({error.strerror})", retry_after_s=5) from error


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
