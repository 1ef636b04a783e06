"""Storages of originals and renditions: S3 through django-storages if a bucket is set, else files on disk.

Both storages write a name once and never again, open an object in one request, and read ranges. Names come
from ids alone, never from a client."""

from typing import TYPE_CHECKING, Any, cast

from django.core.files.storage import storages

from .contract import ExpectedBytes, ObjectStorage, StoredObject
from .disk import DiskObjectStorage

if TYPE_CHECKING:
    from .s3 import S3ObjectStorage

__all__ = [
    "DiskObjectStorage",
    "ExpectedBytes",
    "ObjectStorage",
    "S3ObjectStorage",
    "StoredObject",
    "originals",
    "renditions",
]


def originals() -> ObjectStorage:
    return cast("ObjectStorage", storages["originals"])


def renditions() -> ObjectStorage:
    return cast("ObjectStorage", storages["renditions"])


def __getattr__(name: str) -> Any:
    """Import the class of S3, and boto3 with it, when a setting or a test names it. They take 10 MB."""
    if name == "S3ObjectStorage":
        from .s3 import S3ObjectStorage

        return S3ObjectStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
