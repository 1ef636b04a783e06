"""Drift between rows and storage, made by hand."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import IdempotentRequest
from images.models import Image, Rendition
from images.storage import ObjectStorage, originals
from tests.conftest import use_disk
from tests.support import images as made
from tests.support.drift import names_in, put, replace

PNG = made.encoded("png")
LONG_AGO = timedelta(days=30)
Spoil = Callable[[], None]


def update(**values: Any) -> None:
    Image.objects.update(**values)


def lose_original() -> None:
    originals().delete(Image.objects.get().storage_name)


def pending() -> None:
    update(state="pending", created_at=timezone.now() - LONG_AGO)
    Rendition.objects.all().delete()
    originals().delete(*[name for name in names_in(originals()) if name.startswith("renditions/")])


def pending_and_empty() -> None:
    pending()
    lose_original()


def pending_and_wrong() -> None:
    pending()
    replace(originals(), Image.objects.get().storage_name, b"other")


def grace_is_over() -> None:
    update(state="deleted", deleted_at=timezone.now() - LONG_AGO)


def purging() -> None:
    update(state="purging", deleted_at=timezone.now())


def deleted_with_renditions() -> None:
    update(state="deleted", deleted_at=timezone.now())


def lose_rendition() -> None:
    originals().delete(Rendition.objects.get().storage_name)


def cut_rendition() -> None:
    replace(originals(), Rendition.objects.get().storage_name, b"cut")


def kill_render() -> None:
    Rendition.objects.update(state="rendering", lease=uuid.uuid4(), lease_until=timezone.now() - LONG_AGO)


def expire_request() -> None:
    account = Image.objects.get().account
    long_ago = timezone.now() - LONG_AGO
    IdempotentRequest.objects.create(
        account=account, name="x", ids=[], lease=uuid.uuid4(), locked_until=long_ago, expires_at=long_ago
    )


def forget_image() -> None:
    Image.objects.all().delete()


def forget_rendition() -> None:
    Rendition.objects.all().delete()


def forget_purged() -> None:
    """As an upload that was late does: its bytes came after the tombstone."""
    Rendition.objects.all().delete()
    originals().delete(*[name for name in names_in(originals()) if name.startswith("renditions/")])
    update(state="purged")


def leave_put() -> None:
    put(originals(), "originals/ab/.put-x1", b"half of an upload")


def foreign_object() -> None:
    put(originals(), "renditions/ab/notes.txt", b"whose is this?")


PURGES = "images to purge"
RENDITIONS = "renditions of deleted images"


@pytest.fixture
def disk(settings: Any, tmp_path: Path) -> ObjectStorage:
    use_disk(settings, tmp_path / "objects")
    return originals()
