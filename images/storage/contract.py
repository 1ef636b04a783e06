"""The methods that both storages have, and the rules that both keep."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.core.files.base import File
from django.core.files.storage import Storage

from images.database import release_connection


@dataclass(frozen=True)
class StoredObject:
    """Facts about an object, learned without reading it. Not every storage keeps a sha256."""

    name: str
    size_bytes: int
    modified_at: datetime
    sha256: str | None = None


class ObjectStorage(ABC, Storage):
    """A storage in which no name is ever used again.

    Every public method returns this thread's database connection to the pool and then calls the method with
    an underscore. A storage can take seconds, and other requests need the connection.
    Every method raises Unavailable if the storage does not answer."""

    def put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        """Write `content` from its start. Raise FileExistsError if `name` is taken."""
        release_connection()
        self._put(name, content, sha256=sha256)

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        """Open the object at byte `start`, in one request. Raise FileNotFoundError if there is none.

        The caller must not read past `stop`, which is exclusive. S3 sends no more than that, but a file goes
        on to its end."""
        release_connection()
        return self._open_range(name, start, stop)

    @contextmanager
    def local_path(self, name: str) -> Iterator[Path]:
        """Yield a path that holds the bytes during the context. Raise FileNotFoundError if there is none."""
        release_connection()
        with self._local_path(name) as path:
            yield path

    def delete(self, *names: str) -> None:
        """Remove the objects. Names without an object are no error."""
        release_connection()
        self._delete(*names)

    def find_object(self, name: str) -> StoredObject | None:
        """Return facts about the object, with its sha256 if that takes no reading."""
        release_connection()
        return self._find_object(name)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yield all objects whose names start with `prefix`, also those that a killed put has left."""
        release_connection()
        for stored_object in self._list_objects(prefix):
            yield stored_object
            # The caller may have queried the database, and the next object may take another request.
            release_connection()

    def check(self) -> None:
        """Raise Unavailable if nothing could be stored now."""
        release_connection()
        self._check()

    def create(self) -> bool:
        """Make the bucket or the folder if there is none, and return whether it was made.

        No other method makes one: otherwise a storage that is away would be taken for a new one."""
        release_connection()
        return self._create()

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return `name` as it is: Django's save() must fail if the name is taken."""
        return name

    def exists(self, name: str) -> bool:
        return self.find_object(name) is not None

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(self.open_range(name), name=name)

    def _save(self, name: str, content: File) -> str:
        file: Any = content.file
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.put(name, file, sha256=sha256)
        return name

    @abstractmethod
    def _put(self, name: str, content: BinaryIO, *, sha256: str) -> None: ...

    @abstractmethod
    def _open_range(self, name: str, start: int, stop: int | None) -> IO[bytes]: ...

    @abstractmethod
    def _local_path(self, name: str) -> AbstractContextManager[Path]: ...

    @abstractmethod
    def _delete(self, *names: str) -> None: ...

    @abstractmethod
    def _find_object(self, name: str) -> StoredObject | None: ...

    @abstractmethod
    def _list_objects(self, prefix: str) -> Iterator[StoredObject]: ...

    @abstractmethod
    def _check(self) -> None: ...

    @abstractmethod
    def _create(self) -> bool: ...
