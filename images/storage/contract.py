"""The methods that both storages have, and the rules that both keep."""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, ClassVar
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import Storage

from images import temporary_files
from images.database import release_connection
from progimage.errors import Unavailable

from .marker import installation_id


@dataclass(frozen=True)
class StoredObject:
    """Facts about an object, learned without reading it. Not every storage keeps a sha256."""

    name: str
    size_bytes: int
    modified_at: datetime
    sha256: str | None = None


@dataclass(frozen=True)
class ExpectedBytes:
    """The bytes that a reader expects under a name."""

    size_bytes: int
    sha256: str


class ObjectStorage(ABC, Storage):
    """A storage in which no name is ever used again.

    Every public method returns this thread's database connection to the pool and then calls the method with
    an underscore. A storage can take seconds, and other requests need the connection.
    Every method raises Unavailable if the storage does not answer. A method that changes the storage, or that
    does not find an object, raises it too if the storage is not the one of this installation."""

    marker_max_age_s: ClassVar[float]
    """Puts and deletions do not look for the marker again for this time."""
    _marker_was_there_at = float("-inf")

    def new_draft(self, name: str) -> IO[bytes]:
        """Return an empty file for content that `put` is to store under `name`. Closing it removes it.

        Another process may write the content, by the file's `name`. A draft is for content that can be made
        again: it may be lost after `put` if the machine loses power. `open_range` finds that out."""
        return self._new_draft(name)

    def put(self, name: str, content: IO[bytes], *, sha256: str) -> None:
        """Write `content` from its start. Raise FileExistsError if `name` is taken.

        A draft is not copied if the storage can avoid it."""
        self.check_marker(max_age_s=self.marker_max_age_s)
        self._put(name, content, sha256=sha256)

    def open_range(
        self, name: str, start: int = 0, stop: int | None = None, *, expected: ExpectedBytes | None = None
    ) -> IO[bytes]:
        """Open the object at byte `start`, in one request. Raise FileNotFoundError if there is none.

        The caller must not read past `stop`, which is exclusive. S3 sends no more than that, but a file goes
        on to its end. An object that is known to have other bytes than `expected` counts as missing: its
        length is compared each time, its sha256 if a power cut may have damaged it."""
        release_connection()
        try:
            return self._open_range(name, start, stop, expected)
        except FileNotFoundError:
            self.check_marker()
            raise

    @contextmanager
    def local_path(self, name: str) -> Iterator[Path]:
        """Yield a path that holds the bytes during the context. Raise FileNotFoundError if there is none."""
        release_connection()
        with ExitStack() as stack:
            try:
                path = stack.enter_context(self._local_path(name))
            except FileNotFoundError:
                self.check_marker()
                raise
            yield path

    def delete(self, *names: str) -> None:
        """Remove the objects. Names without an object are no error."""
        self.check_marker(max_age_s=self.marker_max_age_s)
        self._delete(*names)

    def find_object(self, name: str) -> StoredObject | None:
        """Return facts about the object, with its sha256 if that takes no reading."""
        release_connection()
        stored_object = self._find_object(name)
        if stored_object is None:
            self.check_marker()
        return stored_object

    def has_object(self, name: str) -> bool:
        """Return whether there is such an object, also in a storage that is not known to be the right one."""
        release_connection()
        return self._find_object(name) is not None

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yield all objects whose names start with `prefix`, also those that a killed put has left."""
        self.check_marker()
        for stored_object in self._list_objects(prefix):
            yield stored_object
            # The caller may have queried the database, and the next object may take another request.
            release_connection()

    def check(self) -> None:
        """Raise Unavailable if nothing could be stored now."""
        self.check_marker()
        self._check()

    def check_marker(self, *, max_age_s: float = 0) -> None:
        """Raise Unavailable if the storage is not the one of this installation, by its marker.

        A marker that was there in the last `max_age_s` seconds is not looked for again."""
        release_connection()
        if time.monotonic() - self._marker_was_there_at < max_age_s:
            return
        owner = self._find_marker()
        if owner is None:
            raise Unavailable(self._absence(), retry_after_s=5)
        if owner and owner != str(_own_id()):
            raise Unavailable("The storage belongs to another installation", retry_after_s=5)
        self._marker_was_there_at = time.monotonic()

    def find_marker(self) -> str | None:
        """Return the content of the marker, an id or an empty text. Return None if there is no marker."""
        release_connection()
        return self._find_marker()

    def create(self) -> None:
        """Make the bucket or the folder if there is none, and mark it as this installation's.

        Raise Unavailable if the storage lacks an ability that the other methods need. No other method makes a
        storage: otherwise one that is away would be taken for a new one."""
        owner = str(_own_id())
        self._make_place()
        self._probe()
        if self._find_marker() != owner:
            self._mark(owner)

    def explain(self, error: Unavailable) -> str:
        """Return a sentence for operators about an error of this storage. Clients are told less."""
        return error.message

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

    @property
    @abstractmethod
    def advice(self) -> str:
        """The advice to an operator whose storage is not this installation's."""

    @abstractmethod
    def _put(self, name: str, content: IO[bytes], *, sha256: str) -> None: ...

    def _new_draft(self, name: str) -> IO[bytes]:
        return temporary_files.new_file()

    @abstractmethod
    def _open_range(
        self, name: str, start: int, stop: int | None, expected: ExpectedBytes | None
    ) -> IO[bytes]: ...

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
    def _find_marker(self) -> str | None: ...

    @abstractmethod
    def _absence(self) -> str:
        """Return the message of the error for a storage without a marker."""

    @abstractmethod
    def _make_place(self) -> None:
        """Make the bucket or the folder if there is none."""

    @abstractmethod
    def _probe(self) -> None:
        """Raise Unavailable with the name of an ability that the storage lacks."""

    @abstractmethod
    def _mark(self, owner: str) -> None: ...


def _own_id() -> UUID:
    own_id = installation_id()
    release_connection()
    return own_id
