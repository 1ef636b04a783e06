"""Where bytes lie: S3 through django-storages where a bucket is set, files on disk otherwise.

Both add to Django's storages what both must do alike: a conditional put, so that a name is written once and
never again; an open that costs one request; a range. Names come from ids alone, never from a caller."""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, storages
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from progimage.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_EXISTS = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}


class ObjectStorage(Protocol):
    """What is asked of a storage here. Every method raises Unavailable where it does not answer."""

    def put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        """Write `content` from its start. Raises FileExistsError where `name` is taken."""

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        """Open at byte `start`, in one request. Whoever reads stops at `stop`, not included, which spares S3
        from sending more. Raises FileNotFoundError."""

    def local_path(self, name: str) -> Any:
        """Context manager: a path that holds the bytes while it lasts. Raises FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Remove the object; what is not there needs no removing."""

    def check(self) -> None:
        """Raise Unavailable where nothing could be stored now."""


def originals() -> ObjectStorage:
    return cast("ObjectStorage", storages["originals"])


def renditions() -> ObjectStorage:
    return cast("ObjectStorage", storages["renditions"])


class _WrittenOnce:
    """Django's side of a storage in which no name is ever reused: save() is the same conditional put."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: File) -> str:
        file: Any = content.file
        file.seek(0)
        cast("ObjectStorage", self).put(name, file, sha256=hashlib.file_digest(file, "sha256").hexdigest())
        return name


@deconstructible
class DiskObjectStorage(_WrittenOnce, FileSystemStorage):
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

    def delete(self, name: str) -> None:
        with _disk_errors(), suppress(FileNotFoundError):
            Path(self.path(name)).unlink()

    def check(self) -> None:
        with _disk_errors():
            _make_folder(Path(self.location))
            with tempfile.TemporaryFile(dir=self.location):
                pass


@deconstructible
class S3ObjectStorage(_WrittenOnce, S3Storage):
    """A bucket of S3, or of a server that speaks it. One client serves all threads of a process."""

    client_config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"total_max_attempts": 3, "mode": "standard"},
        max_pool_connections=64,
        s3={"addressing_style": "path"},
    )

    def get_default_settings(self) -> dict[str, Any]:
        defaults = {"file_overwrite": True, "client_config": self.client_config}
        return cast("dict[str, Any]", super().get_default_settings()) | defaults

    @cached_property
    def client(self) -> "S3Client":
        """Safe to share; django-storages makes a session for each thread, which costs 200 ms and 10 MB."""
        return cast(
            "S3Client",
            self._create_session().client(
                "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
            ),
        )

    def put(self, name: str, content: BinaryIO, *, sha256: str) -> None:
        content.seek(0)
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with _s3_errors(name):
            self.client.put_object(
                Bucket=self.bucket_name,
                Key=name,
                Body=content,
                IfNoneMatch="*",
                ChecksumSHA256=checksum,
                ContentType="application/octet-stream",
            )

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(self.open_range(name), name=name)

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        asked: Any = {} if start == 0 and stop is None else {"Range": _http_range(start, stop)}
        with _s3_errors(name):
            answer = self.client.get_object(Bucket=self.bucket_name, Key=name, **asked)
        return cast("IO[bytes]", answer["Body"])

    @contextmanager
    def local_path(self, name: str) -> Iterator[Path]:
        with tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix="original-") as local:
            with self.open_range(name) as body, _s3_errors(name):
                while chunk := body.read(File.DEFAULT_CHUNK_SIZE):
                    local.write(chunk)
            local.flush()
            yield Path(local.name)

    def delete(self, name: str) -> None:
        with _s3_errors(name), suppress(FileNotFoundError):
            self.client.delete_object(Bucket=self.bucket_name, Key=name)

    def exists(self, name: str) -> bool:
        try:
            with _s3_errors(name):
                self.client.head_object(Bucket=self.bucket_name, Key=name)
        except FileNotFoundError:
            return False
        return True

    def check(self) -> None:
        try:
            with _s3_errors(self.bucket_name):
                self.client.head_bucket(Bucket=self.bucket_name)
        except FileNotFoundError as error:
            raise Unavailable(f"There is no bucket {self.bucket_name}", retry_after_s=5) from error


@contextmanager
def _s3_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXISTS:
            raise FileExistsError(name) from error
        if code in _ABSENT:
            raise FileNotFoundError(name) from error
        raise Unavailable(f"The storage refused a request ({code})", retry_after_s=5) from error
    except BotoCoreError as error:
        raise Unavailable("The storage does not answer", retry_after_s=5) from error


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError as error:
        raise Unavailable(f"The storage cannot be used ({error.strerror})", retry_after_s=5) from error


def _http_range(start: int, stop: int | None) -> str:
    return f"bytes={start}-{'' if stop is None else stop - 1}"


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
