"""What both storages are asked for alike."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, BinaryIO, Protocol, cast

from django.core.files.base import File


@dataclass(frozen=True)
class StoredObject:
    """What a storage knows of an object without sending it. Not every storage keeps a sha256."""

    name: str
    size_bytes: int
    modified_at: datetime
    sha256: str | None = None


class ObjectStorage(Protocol):
    """What is asked of a storage here. Every method raises Unavailable where it does not answer."""

    def put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        """Write `content` from its start. Raises FileExistsError where `name` is taken."""

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        """Open at byte `start`, in one request. Whoever reads stops at `stop`, not included, which spares S3
        from sending more. Raises FileNotFoundError."""

    def local_path(self, name: str) -> Any:
        """Context manager: a path that holds the bytes while it lasts. Raises FileNotFoundError."""

    def delete(self, *names: str) -> None:
        """Remove the objects; what is not there needs no removing."""

    def find_object(self, name: str) -> StoredObject | None:
        """Return what is known of the object, its sha256 where that costs no reading."""

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Go through all objects whose names start with `prefix`, also those that a killed put has left."""

    def check(self) -> None:
        """Raise Unavailable where nothing could be stored now."""

    def create(self) -> bool:
        """Make the bucket or folder where there is none, and return whether there was none. Nothing else
        does: a storage that is away must not be taken for a new one."""


class WrittenOnce:
    """Django's side of a storage in which no name is ever reused: save() is the same conditional put."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def exists(self, name: str) -> bool:
        return cast("ObjectStorage", self).find_object(name) is not None

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(cast("ObjectStorage", self).open_range(name), name=name)

    def _save(self, name: str, content: File) -> str:
        file: Any = content.file
        file.seek(0)
        cast("ObjectStorage", self).put(name, file, sha256=hashlib.file_digest(file, "sha256").hexdigest())
        return name
