"""A bucket, through django-storages and boto3."""

import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from images import temporary_files
from progimage.errors import Unavailable

from .contract import StoredObject, WrittenOnce

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_MOST_AT_ONCE = 1_000
_SHA256_LENGTH = len(base64.b64encode(bytes(32)))
_EXISTS = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}


@deconstructible
class S3ObjectStorage(WrittenOnce, S3Storage):
    """A bucket of S3, or of a server that speaks it. One client serves all threads of a process."""

    client_config = Config(
        connect_timeout=2,
        read_timeout=4,
        # Twice 4 s, so that callers have their 503 within 10 s and a render keeps its lease.
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=64,
        s3={"addressing_style": "path"},
    )

    def __str__(self) -> str:
        return f"the bucket {self.bucket_name}"

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
            answer = self.client.put_object(
                Bucket=self.bucket_name,
                Key=name,
                Body=content,
                IfNoneMatch="*",
                ChecksumSHA256=checksum,
                ContentType="application/octet-stream",
            )
        # Not every server that speaks S3 answers with the checksum, but all that store have an ETag.
        if not answer.get("ETag") or answer.get("ChecksumSHA256", checksum) != checksum:
            raise Unavailable("The storage did not confirm what it was sent", retry_after_s=5)

    def open_range(self, name: str, start: int = 0, stop: int | None = None) -> IO[bytes]:
        asked: Any = {} if start == 0 and stop is None else {"Range": _http_range(start, stop)}
        with _s3_errors(name):
            answer = self.client.get_object(Bucket=self.bucket_name, Key=name, **asked)
        return cast("IO[bytes]", answer["Body"])

    @contextmanager
    def local_path(self, name: str) -> Iterator[Path]:
        with temporary_files.new_file() as local:
            # `with` a StreamingBody gives the stream below it, which verifies neither length nor checksum
            with closing(self.open_range(name)) as body, _s3_errors(name):
                while chunk := body.read(File.DEFAULT_CHUNK_SIZE):
                    local.write(chunk)
            local.flush()
            yield Path(local.name)

    def delete(self, *names: str) -> None:
        if len(names) == 1:  # some servers that speak S3 know no other way
            with _s3_errors(names[0]), suppress(FileNotFoundError):
                self.client.delete_object(Bucket=self.bucket_name, Key=names[0])
            return
        for start in range(0, len(names), _MOST_AT_ONCE):
            wanted: Any = [{"Key": name} for name in names[start : start + _MOST_AT_ONCE]]
            with _s3_errors(names[start]):
                answer = self.client.delete_objects(
                    Bucket=self.bucket_name, Delete={"Objects": wanted, "Quiet": True}
                )
            if answer.get("Errors"):
                raise Unavailable("The storage did not remove every object", retry_after_s=5)

    def find_object(self, name: str) -> StoredObject | None:
        try:
            with _s3_errors(name):
                head = self.client.head_object(Bucket=self.bucket_name, Key=name, ChecksumMode="ENABLED")
        except FileNotFoundError:
            return None
        checksum = head.get("ChecksumSHA256", "")
        # Of an object that came in parts it is a checksum of checksums, and has their number at its end.
        sha256 = base64.b64decode(checksum).hex() if len(checksum) == _SHA256_LENGTH else None
        return StoredObject(name, head["ContentLength"], head["LastModified"], sha256)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix)
        with _s3_errors(prefix):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield StoredObject(found["Key"], found["Size"], found["LastModified"])

    def check(self) -> None:
        if not self._has_bucket():
            raise Unavailable(f"There is no bucket {self.bucket_name}", retry_after_s=5)

    def create(self) -> bool:
        if self._has_bucket():
            return False
        # us-east-1 is where buckets are without a constraint, and may not be named as one.
        elsewhere: Any = {"CreateBucketConfiguration": {"LocationConstraint": self.region_name}}
        with _s3_errors(self.bucket_name):
            self.client.create_bucket(
                Bucket=self.bucket_name, **({} if self.region_name in (None, "us-east-1") else elsewhere)
            )
        return True

    def _has_bucket(self) -> bool:
        try:
            with _s3_errors(self.bucket_name):
                self.client.head_bucket(Bucket=self.bucket_name)
        except FileNotFoundError:
            return False
        return True


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


def _http_range(start: int, stop: int | None) -> str:
    return f"bytes={start}-{'' if stop is None else stop - 1}"
