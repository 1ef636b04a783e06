"""A bucket of S3 or of a compatible server, through django-storages and boto3."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from images import temporary_files
from progimage.errors import Unavailable

from .contract import ExpectedBytes, ObjectStorage, StoredObject
from .marker import MARKER, PROBES
from .s3_errors import NO_BUCKET, Place, code_of, explain, s3_errors
from .s3_probes import probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_MARKER_BYTES = 100
_MAX_DELETIONS = 1_000
"""S3's limit for one DeleteObjects request."""
_TOO_SHORT_CODES = {"416", "InvalidRange"}
_SHA256_LENGTH = len(base64.b64encode(bytes(32)))


@deconstructible
class S3ObjectStorage(ObjectStorage, S3Storage):
    """A bucket of S3 or of a compatible server. One client serves all threads of a process."""

    marker_max_age_s = 10
    client_config = Config(
        connect_timeout=2,
        read_timeout=4,
        # Two attempts of 4 s: clients get their 503 within 10 s, and a render keeps its lease.
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=64,
        s3={"addressing_style": "path"},
    )

    def __str__(self) -> str:
        return f"the bucket {self.bucket_name}"

    @property
    def advice(self) -> str:
        return (
            "If S3_BUCKET or S3_ENDPOINT_URL is wrong, correct it and try again. To use this bucket all the "
            "same, run `manage.py create_storage --force`."
        )

    def get_default_settings(self) -> dict[str, Any]:
        defaults = cast("dict[str, Any]", super().get_default_settings())
        return defaults | {"file_overwrite": True, "client_config": self.client_config}

    @cached_property
    def client(self) -> "S3Client":
        """A client that threads may share. django-storages makes a session for each thread, which costs
        200 ms and 10 MB."""
        client = self._create_session().client(
            "s3",
            region_name=self.region_name,
            endpoint_url=self.endpoint_url,
            config=self.client_config,
        )
        return cast("S3Client", client)

    def _put(self, name: str, content: IO[bytes], *, sha256: str) -> None:
        content.seek(0)
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self._errors(name):
            response = self.client.put_object(
                Bucket=self.bucket_name,
                Key=name,
                Body=content,
                IfNoneMatch="*",
                ChecksumSHA256=checksum,
                ContentType="application/octet-stream",
            )
        # Every server that has stored an object sends its ETag. Not every one sends the checksum.
        is_stored = bool(response.get("ETag"))
        stored_checksum = response.get("ChecksumSHA256", checksum)
        if not is_stored or stored_checksum != checksum:
            raise Unavailable("The storage did not confirm the bytes of the upload", retry_after_s=5)

    def _open_range(
        self, name: str, start: int, stop: int | None, expected: ExpectedBytes | None
    ) -> IO[bytes]:
        options: Any = {}
        if start != 0 or stop is not None:
            options["Range"] = _http_range(start, stop)
        try:
            with self._errors(name):
                response = self.client.get_object(Bucket=self.bucket_name, Key=name, **options)
        except Unavailable as error:
            if expected is not None and _is_too_short(error):
                raise FileNotFoundError(name) from error
            raise
        body = cast("IO[bytes]", response["Body"])
        if expected is not None and _size_of(response) != expected.size_bytes:
            body.close()
            raise FileNotFoundError(name)
        return body

    @contextmanager
    def _local_path(self, name: str) -> Iterator[Path]:
        with temporary_files.new_file() as file:
            # `with body` would give the stream below it, which checks neither length nor checksum.
            with closing(self._open_range(name, 0, None, None)) as body, self._errors(name):
                while chunk := body.read(File.DEFAULT_CHUNK_SIZE):
                    file.write(chunk)
            file.flush()
            yield Path(file.name)

    def _delete(self, *names: str) -> None:
        if len(names) == 1:  # some compatible servers have no DeleteObjects
            with self._errors(names[0]), suppress(FileNotFoundError):
                self.client.delete_object(Bucket=self.bucket_name, Key=names[0])
            return
        for start in range(0, len(names), _MAX_DELETIONS):
            batch = names[start : start + _MAX_DELETIONS]
            deletion: Any = {
                "Objects": [{"Key": name} for name in batch],
                "Quiet": True,
            }
            with self._errors(batch[0]):
                response = self.client.delete_objects(Bucket=self.bucket_name, Delete=deletion)
            if response.get("Errors"):
                raise Unavailable("The storage did not remove every object", retry_after_s=5)

    def _find_object(self, name: str) -> StoredObject | None:
        try:
            with self._errors(name):
                head = self.client.head_object(Bucket=self.bucket_name, Key=name, ChecksumMode="ENABLED")
        except FileNotFoundError:
            return None
        sha256 = _whole_sha256(head.get("ChecksumSHA256", ""))
        return StoredObject(name, head["ContentLength"], head["LastModified"], sha256)

    def _list_objects(self, prefix: str) -> Iterator[StoredObject]:
        paginator = self.client.get_paginator("list_objects_v2")
        with self._errors(prefix):
            for page in paginator.paginate(Bucket=self.bucket_name, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    if entry["Key"].startswith((MARKER, PROBES)):
                        continue
                    yield StoredObject(entry["Key"], entry["Size"], entry["LastModified"])

    def _check(self) -> None:
        """Do nothing: the marker has been read, which shows that the bucket is there."""

    def _find_marker(self) -> str | None:
        try:
            with self._errors(MARKER):
                response = self.client.get_object(Bucket=self.bucket_name, Key=MARKER)
                return response["Body"].read(_MAX_MARKER_BYTES).decode(errors="replace").strip()
        except FileNotFoundError:
            return None
        except Unavailable as error:
            if _is_without_bucket(error):
                return None
            raise

    def _absence(self) -> str:
        if self._has_bucket():
            return f"The bucket {self.bucket_name} is another's, or manage.py create_storage never marked it"
        return f"There is no bucket {self.bucket_name}"

    def _make_place(self) -> None:
        if self._has_bucket():
            return
        options: Any = {}
        # S3 puts a bucket without a constraint into us-east-1, and refuses that name as a constraint.
        if self.region_name not in (None, "us-east-1"):
            options["CreateBucketConfiguration"] = {"LocationConstraint": self.region_name}
        # A concurrent start may have made it.
        with self._errors(self.bucket_name), suppress(self.client.exceptions.BucketAlreadyOwnedByYou):
            self.client.create_bucket(Bucket=self.bucket_name, **options)

    def _probe(self) -> None:
        with self._errors(PROBES):
            probe(self.client, self._place)

    def _mark(self, owner: str) -> None:
        with self._errors(MARKER):
            self.client.put_object(Bucket=self.bucket_name, Key=MARKER, Body=owner.encode())

    def explain(self, error: Unavailable) -> str:
        if isinstance(error.__cause__, ClientError | BotoCoreError):
            return explain(self._place, error.__cause__)
        return error.message

    @property
    def _place(self) -> Place:
        return Place(self.bucket_name, self.endpoint_url)

    def _errors(self, name: str) -> AbstractContextManager[None]:
        return s3_errors(self._place, name)

    def _has_bucket(self) -> bool:
        try:
            with self._errors(self.bucket_name):
                self.client.head_bucket(Bucket=self.bucket_name)
        except FileNotFoundError:
            return False
        return True


def _is_without_bucket(error: Unavailable) -> bool:
    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) == NO_BUCKET


def _is_too_short(error: Unavailable) -> bool:
    """Whether the object ends before the range begins."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) in _TOO_SHORT_CODES


def _size_of(response: Mapping[str, Any]) -> int:
    """Return the size of the whole object, of which the response may have a part."""
    whole = str(response.get("ContentRange", "")).rpartition("/")[2]
    return int(whole) if whole.isdigit() else int(response["ContentLength"])


def _whole_sha256(checksum: str) -> str | None:
    """Return the object's sha256 in hex, or None if S3 has none of the whole object.

    An object that was uploaded in parts has a checksum of checksums, with the number of parts at its end."""
    if len(checksum) != _SHA256_LENGTH:
        return None
    return base64.b64decode(checksum).hex()


def _http_range(start: int, stop: int | None) -> str:
    last = "" if stop is None else stop - 1
    return f"bytes={start}-{last}"
