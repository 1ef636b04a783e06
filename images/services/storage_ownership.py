"""The bond between this database and its storage: the row of the installation, and the storage's marker."""

from django.db.models import QuerySet

from images.models import Image, Installation
from images.storage import ObjectStorage

_SAMPLES = 5
"""The newest and the oldest images, of each this many, stand for all."""


class ForeignStorage(Exception):
    """The storage is not the one of this database. The message says why."""


def claim_storage(storage: ObjectStorage, *, force: bool = False) -> bool:
    """Make the storage if there is none, and mark it as this database's. Return whether it was marked now.

    Raise ForeignStorage for the storage of another database, and for one that lacks the images of this one.
    `force` marks it all the same. Raise Unavailable if the storage does not answer or lacks an ability."""
    installation, _ = Installation.objects.get_or_create(pk=1)
    owner = storage.find_marker()
    is_ours = owner == str(installation.storage_id)
    if not is_ours and not force:
        _check_claim(storage, owner)
    storage.create()
    return not is_ours


def _check_claim(storage: ObjectStorage, owner: str | None) -> None:
    """Raise ForeignStorage if another database has marked it, or if it has none of our images."""
    if owner:
        raise ForeignStorage(f"There is {storage}, but it belongs to another database.")
    if owner is None and has_stored_images() and not _has_known_object(storage):
        raise ForeignStorage(f"The database has images, but {storage} has none of them.")


def has_stored_images() -> bool:
    """Return whether there are images whose bytes must be in storage."""
    return _stored_images().exists()


def _stored_images() -> QuerySet[Image]:
    return Image.objects.filter(state__in=(Image.State.READY, Image.State.DELETED))


def _has_known_object(storage: ObjectStorage) -> bool:
    """Return whether at least one of some known images is there. Single originals may have been lost."""
    images = _stored_images().order_by("-pk")
    samples = [*images[:_SAMPLES], *images.reverse()[:_SAMPLES]]
    return any(storage.has_object(image.storage_name) for image in samples)
