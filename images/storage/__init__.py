"""Where bytes lie: S3 through django-storages where a bucket is set, files on disk otherwise.

Both add to Django's storages what both must do alike: a conditional put, so that a name is written once and
never again; an open that costs one request; a range. Names come from ids alone, never from a caller."""

from typing import cast

from django.core.files.storage import storages

from .contract import ObjectStorage, StoredObject
from .disk import DiskObjectStorage
from .s3 import S3ObjectStorage

__all__ = ["DiskObjectStorage", "ObjectStorage", "S3ObjectStorage", "StoredObject", "originals", "renditions"]


def originals() -> ObjectStorage:
    return cast("ObjectStorage", storages["originals"])


def renditions() -> ObjectStorage:
    return cast("ObjectStorage", storages["renditions"])
