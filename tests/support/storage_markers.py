"""The marker of the tests' storage, which tests of create_storage change."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from images.storage import S3ObjectStorage, originals
from images.storage.marker import MARKER, installation_id


@pytest.fixture
def marker_is_restored() -> Iterator[None]:
    """Let the test mark the storage. The row of the installation ends with the test, the bucket does not."""
    store = originals()
    installation_id.cache_clear()
    yield
    installation_id.cache_clear()
    set_marker(store, "")


@contextmanager
def marked(owner: str | None) -> Iterator[None]:
    """Exchange the marker of the storage, or remove it for None, during the context."""
    set_marker(originals(), owner)
    yield
    set_marker(originals(), "")


def set_marker(store: Any, owner: str | None) -> None:
    if owner is not None:
        store._mark(owner)
    elif isinstance(store, S3ObjectStorage):
        store.client.delete_object(Bucket=store.bucket_name, Key=MARKER)
    else:
        Path(store.location, MARKER).unlink()
    for name in ("originals", "renditions"):
        forgetful: Any = storages[name]
        forgetful._marker_was_there_at = float("-inf")


def use_s3(settings: Any, **options: str) -> None:
    """Name another bucket, or another server."""
    known = {"access_key": "a", "secret_key": "b", "region_name": "us-east-1"}
    if settings.S3_BUCKET:
        known = settings.STORAGES["originals"]["OPTIONS"]
    s3 = {"BACKEND": "images.storage.S3ObjectStorage", "OPTIONS": known | options}
    settings.STORAGES = settings.STORAGES | {"originals": s3, "renditions": s3}
