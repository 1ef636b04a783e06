"""The only writers of images: views, admin, commands and tasks call these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import Account
from progimage.errors import NotFound, Unavailable
from transforms.pool import pool

from .database import release_connection
from .models import Image, Tag, Visibility
from .storage import originals
from .uploads import Upload


@dataclass(frozen=True)
class Description:
    """What an account says of an image."""

    filename: str = ""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    visibility: str = Visibility.PRIVATE


def store(upload: Upload, *, account: Account, description: Description) -> Image:
    """Keep `upload` and return its image, ready to be served.

    Raises UnsupportedFormat, UnprocessableImage, ImageTooLarge or Unavailable. Whatever is raised, all
    that may be left is a pending row: never an image that is ready without its bytes."""
    release_connection()
    header = pool().validate(upload.path)
    with transaction.atomic():
        image = Image.objects.create(
            account=account,
            visibility=description.visibility,
            filename=description.filename,
            metadata=dict(description.metadata),
            format=header.format,
            width=header.width,
            height=header.height,
            frames=header.frames,
            has_alpha=header.has_alpha,
            orientation=header.orientation,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
        )
        Tag.objects.bulk_create(Tag(image=image, name=name) for name in dict.fromkeys(description.tags))
    release_connection()
    with upload.path.open("rb") as content:
        originals().put(image.storage_name, content, sha256=upload.sha256)
    if not Image.objects.filter(pk=image.pk, state=Image.State.PENDING).update(state=Image.State.READY):
        raise Unavailable("The upload took too long and was given up")
    image.state = Image.State.READY
    return image


def find_image(image_id: UUID, *, account: Account | None) -> Image:
    """Return the ready image whose pixels `account`, or anybody where it is None, may see.

    Raises NotFound, with the same words for what is missing and for what is another's."""
    is_public = Q(visibility=Visibility.PUBLIC)
    return _find(is_public | Q(account=account) if account else is_public, image_id)


def find_own_image(image_id: UUID, *, account: Account) -> Image:
    """Return the ready image of `account`, of which it may know and change all. Raises NotFound."""
    return _find(Q(account=account), image_id)


def _find(is_visible: Q, image_id: UUID) -> Image:
    image = Image.objects.filter(is_visible, pk=image_id, state=Image.State.READY).first()
    if image is None:
        raise NotFound("There is no image with this id")
    return image
