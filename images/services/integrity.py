"""Comparison of an image's row with the stored bytes."""

import hashlib
import logging

from django.db.models.functions import Now

from images.models import Image
from images.storage import originals

log = logging.getLogger("progimage.integrity")


def is_stored(image: Image) -> bool:
    """Return whether storage has the image's bytes: an object of the right size and sha256.

    The bytes are read unless the storage itself reports that sha256."""
    stored_object = originals().find_object(image.storage_name)
    if stored_object is None or stored_object.size_bytes != image.size_bytes:
        return False
    if stored_object.sha256 == image.sha256:
        return True
    return is_intact(image)


def is_intact(image: Image) -> bool:
    """Read the stored bytes to their end, and return whether their sha256 is that of the upload."""
    try:
        with originals().local_path(image.storage_name) as path, path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256")
    except FileNotFoundError:
        return False
    return digest.hexdigest() == image.sha256


def mark_missing(image: Image) -> None:
    """Set `missing_at` of a ready image whose bytes are not in storage. A date that is set stays."""
    rows = Image.objects.ready().filter(pk=image.pk, missing_at=None)
    if rows.update(missing_at=Now()):
        log.error("an original is missing from storage", extra={"image_id": str(image.pk)})


def mark_back(image: Image) -> bool:
    """Clear `missing_at` of an image whose bytes are in storage again. Return whether it was set."""
    rows = Image.objects.filter(pk=image.pk, missing_at__isnull=False)
    return rows.update(missing_at=None) > 0
