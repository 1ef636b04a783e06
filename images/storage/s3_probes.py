"""Probes of an S3 server: can it do everything that the storage relies on?

Servers that call themselves compatible differ. One that overwrites objects, or that ends a listing after its
first page, would lose images long after the first start."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import ClientError

from progimage.errors import Unavailable

from .marker import PROBES
from .s3_errors import EXISTS_CODES, NOT_FOUND_CODES, Place, code_of, s3_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONTENT = b"a probe of ProgImage"
_DENIED_CODES = {"403", "AccessDenied"}


def probe(client: "S3Client", place: Place) -> None:
    """Raise Unavailable with the first ability that the server lacks. Nothing stays in the bucket."""
    bucket = _Probes(client, place.bucket)
    try:
        with s3_errors(place, PROBES):
            bucket.put("plain")
        for ability, has_ability in _ABILITIES.items():
            refusal = _find_refusal(bucket, has_ability)
            if refusal in _DENIED_CODES:
                raise Unavailable(f"{place} does not allow this access key to {ability}: allow it")
            if refusal is not None:
                raise Unavailable(
                    f"{place} cannot {ability}{refusal}, which ProgImage needs: name another server"
                )
    finally:
        bucket.clear()


class _Probes:
    """A folder of the bucket, with a name of its own, for objects that a probe makes."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self.client = client
        self.name = name
        self.folder = f"{PROBES}/{uuid4()}"

    def key(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def put(self, name: str) -> None:
        self.client.put_object(Bucket=self.name, Key=self.key(name), Body=_CONTENT)

    def put_new(self, name: str, content: bytes, *, checksum_of: bytes) -> None:
        """Send the object in the way of the storage. Raise ClientError if the server refuses it."""
        digest = hashlib.sha256(checksum_of).digest()
        self.client.put_object(
            Bucket=self.name,
            Key=self.key(name),
            Body=content,
            IfNoneMatch="*",
            ChecksumSHA256=base64.b64encode(digest).decode(),
        )

    def read(self, name: str, *, byte_range: str = "bytes=0-") -> bytes:
        response = self.client.get_object(Bucket=self.name, Key=self.key(name), Range=byte_range)
        return response["Body"].read()

    def has(self, name: str) -> bool:
        try:
            self.client.head_object(Bucket=self.name, Key=self.key(name))
        except ClientError as error:
            if code_of(error) in NOT_FOUND_CODES:
                return False
            raise
        return True

    def names(self) -> Iterable[str]:
        """Yield the names of all objects. With one object a page, it takes the steps of a long listing."""
        paginator = self.client.get_paginator("list_objects_v2")
        pages = paginator.paginate(
            Bucket=self.name,
            Prefix=f"{self.folder}/",
            PaginationConfig={"PageSize": 1, "MaxItems": 10},
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                yield entry["Key"].rpartition("/")[2]

    def clear(self) -> None:
        for name in ("plain", "second", "third", "damaged"):
            with suppress(ClientError):
                self.client.delete_object(Bucket=self.name, Key=self.key(name))


def _keeps_what_is_there(bucket: _Probes) -> bool:
    bucket.put_new("second", _CONTENT, checksum_of=_CONTENT)
    try:
        bucket.put_new("second", b"other bytes", checksum_of=b"other bytes")
    except ClientError as error:
        if code_of(error) not in EXISTS_CODES:
            raise
    return bucket.read("second") == _CONTENT


def _refuses_damaged_bytes(bucket: _Probes) -> bool:
    with suppress(ClientError):
        bucket.put_new("damaged", _CONTENT, checksum_of=b"other bytes")
    return not bucket.has("damaged")


def _sends_ranges(bucket: _Probes) -> bool:
    return bucket.read("plain", byte_range="bytes=2-6") == _CONTENT[2:7]


def _lists_all(bucket: _Probes) -> bool:
    bucket.put("third")
    return list(bucket.names()) == ["plain", "second", "third"]


def _removes_one(bucket: _Probes) -> bool:
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.key("plain"))
    return not bucket.has("plain")


def _removes_many(bucket: _Probes) -> bool:
    names = ("second", "third", "never")
    response = bucket.client.delete_objects(
        Bucket=bucket.name,
        Delete={"Objects": [{"Key": bucket.key(name)} for name in names], "Quiet": True},
    )
    return not response.get("Errors") and not any(bucket.has(name) for name in names)


_ABILITIES: dict[str, Callable[[_Probes], bool]] = {
    "refuse to overwrite an object (If-None-Match)": _keeps_what_is_there,
    "refuse bytes with another checksum (x-amz-checksum-sha256)": _refuses_damaged_bytes,
    "send a range of an object's bytes (Range)": _sends_ranges,
    "list more objects than fit into one response (ListObjectsV2)": _lists_all,
    "remove an object (DeleteObject)": _removes_one,
    "remove several objects at once (DeleteObjects)": _removes_many,
}


def _find_refusal(bucket: _Probes, has_ability: Callable[[_Probes], bool]) -> str | None:
    """Return None if the server has the ability, or else its error code, which may be empty."""
    try:
        return None if has_ability(bucket) else ""
    except ClientError as error:
        code = code_of(error)
        return code if code in _DENIED_CODES else f" ({code})"
