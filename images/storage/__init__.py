"""Storages of originals and renditions: S3 through django-storages if a bucket is set, else files on disk.

Both storages write a name once and never again, open an object in one request, and read ranges. Names come
from ids alone, never from a client."""

from typing import cast

from django.core.files.storage import storages

from .contract import Content, ObjectStorage, StoredObject
from .disk import DiskObjectStorage
from .s3 import S3ObjectStorage

__all__ = [
    "Content",
    "DiskObjectStorage",
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
