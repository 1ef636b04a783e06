"""From an upload to an image that is ready: row first, object second, flip third."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Account
from images.database import release_connection
from images.ids import time_of, uuid7
from images.models import Image, Tag, Visibility
from images.receiving.uploads import Upload
from images.storage import originals
from progimage.errors import Conflict, InProgress, NotFound, Unavailable, UnsupportedFormat
from transforms.decoding.header import Header
from transforms.formats.table import ACCEPTED_MEDIA_TYPES
from transforms.workers.pool import pool

from .integrity import is_stored


@dataclass(frozen=True)
class Description:
    """What is said of an image. `replaces` is the id of the image whose successor it is, `parent` that of the
    one from which `transform` has made it."""

    filename: str = ""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    visibility: str = Visibility.PRIVATE
    replaces: UUID | None = None
    parent: UUID | None = None
    transform: Mapping[str, Any] | None = None


def store(
    upload: Upload,
    *,
    account: Account,
    description: Description,
    image_id: UUID | None = None,
    media_types: Collection[str] = ACCEPTED_MEDIA_TYPES,
) -> Image:
    """Keep `upload` and return its image, ready to be served.

    Called again with the same `image_id` and bytes it goes on where the first call ended, and makes nothing
    twice. Raises UnsupportedFormat, UnprocessableImage, ImageTooLarge, NotFound or Conflict for `replaces`,
    Unavailable. Whatever is raised, all that may be left is a pending row: never an image that is ready
    without its bytes."""
    header = pool().validate(upload.path, owner=account.pk)
    if header.media_type not in media_types:
        raise UnsupportedFormat(f"Expected one of {', '.join(media_types)} but received {header.media_type}")
    image = _begin(image_id or uuid7(), upload, header, account, description)
    release_connection()
    if image.state == Image.State.READY:
        return image
    try:
        with upload.path.open("rb") as content:
            originals().put(image.storage_name, content, sha256=upload.sha256)
    except FileExistsError:  # an earlier call put these bytes there, or what became of them on the way
        if not is_stored(image):
            raise Unavailable("The storage did not keep what it was sent", retry_after_s=5) from None
    return finish(image)


def _begin(
    image_id: UUID, upload: Upload, header: Header, account: Account, description: Description
) -> Image:
    """Commit a pending row, or return the one that an earlier call has left."""
    wanted = Image(
        id=image_id,
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
        parent_id=description.parent,
        transform=description.transform,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
    )
    tags = [Tag(account=account, image=wanted, name=name) for name in dict.fromkeys(description.tags)]
    with transaction.atomic():
        Image.objects.bulk_create([wanted], ignore_conflicts=True)
        Tag.objects.bulk_create(tags, ignore_conflicts=True)
        if description.replaces:
            _point(description.replaces, wanted)
        image = Image.objects.get(pk=image_id)
        if (image.account_id, image.sha256) != (account.pk, upload.sha256):
            if image.state != Image.State.PENDING:
                raise Conflict("There is another image with this id")
            wait_s = settings.UPLOAD_ABANDONED_AFTER_S
            raise InProgress("Another upload with this id is unfinished", retry_after_s=wait_s)
        if image.deleted_at is not None:
            raise Conflict("The image with this id has been deleted")
        if image.created_at != wanted.created_at:
            Image.objects.filter(pk=image_id, state=Image.State.PENDING).update(created_at=Now())
    return image


def _point(replaced: UUID, successor: Image) -> None:
    """Let `replaced` name its successor, which nobody is told until that one is ready. One that was deleted
    is in nobody's way."""
    own = Image.objects.filter(pk=replaced, account=successor.account, state=Image.State.READY)
    image = own.select_for_update(no_key=True).first()
    if image is None:
        raise NotFound("There is no image with this id to be replaced")
    live = Image.objects.filter(state__in=(Image.State.PENDING, Image.State.READY), replaces=image)
    if live.exclude(pk=successor.pk).exists():
        raise Conflict("Expected an image to replace that has no successor yet")
    own.update(replaced_by=successor)


def finish(image: Image) -> Image:
    """Show an image whose bytes are stored. Raises Unavailable where it has been given up."""
    stored = Image.objects.filter(pk=image.pk, state__in=(Image.State.PENDING, Image.State.READY))
    # While it is pending this is when its upload began, which may be long after its id was made.
    image.created_at = time_of(image.pk)
    if not stored.update(state=Image.State.READY, created_at=image.created_at):
        raise Unavailable("The upload took too long and was given up")
    image.state = Image.State.READY
    return image
