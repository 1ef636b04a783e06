"""Whether the bytes behind a row are there, and are the right ones."""

import hashlib
import logging

from django.db.models.functions import Now

from images.models import Image
from images.storage import originals

log = logging.getLogger("progimage.integrity")


def is_stored(image: Image) -> bool:
    """Return whether storage has an object of the right size and sha256, which is read where it must be."""
    found = originals().find_object(image.storage_name)
    if found is None or found.size_bytes != image.size_bytes:
        return False
    return image.sha256 == found.sha256 or is_intact(image)


def is_intact(image: Image) -> bool:
    """Return whether the stored bytes, read to their end, are those that were uploaded."""
    try:
        with originals().local_path(image.storage_name) as path, path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == image.sha256
    except FileNotFoundError:
        return False


def mark_missing(image: Image) -> None:
    """Flag a ready image whose bytes are not in storage."""
    unflagged = Image.objects.filter(pk=image.pk, state=Image.State.READY, missing_at=None)
    if unflagged.update(missing_at=Now()):
        log.error("an original is missing from storage", extra={"image_id": str(image.pk)})


def report_back(image: Image) -> bool:
    """Take the flag away from an image whose bytes are in storage again."""
    return bool(Image.objects.filter(pk=image.pk, missing_at__isnull=False).update(missing_at=None))
