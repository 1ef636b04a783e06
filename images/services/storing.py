"""From an upload to a ready image: commit a pending row, store the object, then set the row to ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import Account
from images.ids import time_of, uuid7, uuid7_at
from images.models import Image, Rendition, Tag, Visibility, can_have_overview, facts_of
from images.receiving.uploads import Upload
from images.storage import originals
from progimage.errors import Conflict, InProgress, NotFound, Unavailable
from transforms.decoding.header import Header
from transforms.workers.pool import pool

from . import overviews, waiting_renditions
from .integrity import is_stored


@dataclass(frozen=True)
class Description:
    """The facts about a new image that its bytes do not hold.

    `replaces` is the id of the image that the new one succeeds. `parent` is the id of the image from which
    `transform` made the new one."""

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
    admit: Callable[[Image], Sequence[Rendition]] = lambda image: (),
) -> Image:
    """Store `upload` and return its ready image.

    `admit` sees the new image before anything is stored, and may refuse it by an error. It returns the
    unsaved rows of the renditions to be made ahead of their first visitor.

    A retry with the same `image_id` and the same bytes continues after the last finished step and makes
    nothing twice. A failure leaves at most a pending row, never a ready image without its bytes.

    Raise UnsupportedFormat, UnprocessableImage or ImageTooLarge if the bytes are refused. Raise NotFound or
    Conflict if `replaces` or `image_id` cannot be used, InProgress if another upload holds the id. Raise
    Unavailable if the pool is full or storage does not answer."""
    header = pool().validate(upload.path, owner=account.pk)
    new_image = _make_image(image_id or uuid7(), upload, header, account, description)
    renditions = admit(new_image)
    image = _commit_pending(new_image, description, renditions)
    if image.state == Image.State.READY:
        return image
    _put_original(image, upload)
    finish(image)
    if renditions:
        waiting_renditions.tell_workers(image)
    return image


def finish(image: Image) -> Image:
    """Make an image ready: its bytes are stored. Raise Unavailable if the sweep has given the upload up."""
    with transaction.atomic():
        ready_id = new_ready_id(image.account_id)
        row = Image.objects.select_for_update(no_key=True).filter(pk=image.pk).first()
        if row is None or row.state not in (Image.State.PENDING, Image.State.READY):
            raise Unavailable("The upload took too long and was given up")
        if row.state == Image.State.PENDING:
            row.state = Image.State.READY
            row.ready_id = ready_id
            # A pending row has the time when its upload began. Its id may have been made long before.
            row.created_at = time_of(ready_id)
            if can_have_overview(row):
                overviews.request(row)
            else:
                row.overview_version = overviews.HAS_NONE
            row.save(update_fields=["state", "ready_id", "created_at", "overview_version"])
            place_tags(row)
    image.state = row.state
    image.ready_id = row.ready_id
    image.created_at = row.created_at
    return image


def new_ready_id(account_id: int) -> UUID:
    """Return the place of an image that becomes ready in this transaction.

    The account's row is locked until the transaction is committed, and only then the clock is read. So of two
    images of an account the one with the earlier time is visible first. A client that remembers the latest
    time that it has seen misses none. The locks of other changes of the account's images do not conflict."""
    Account.objects.select_for_update(no_key=True).get(pk=account_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")  # all processes share this clock
        return uuid7_at(cursor.fetchone()[0])


def place_tags(image: Image) -> None:
    """Give the tags of an image its place, by which an index finds them in the order of lists."""
    Tag.objects.filter(image=image).update(ready_id=image.ready_id)


def _make_image(
    image_id: UUID, upload: Upload, header: Header, account: Account, description: Description
) -> Image:
    return Image(
        id=image_id,
        account=account,
        visibility=description.visibility,
        filename=description.filename,
        metadata=dict(description.metadata),
        parent_id=description.parent,
        transform=description.transform,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        **facts_of(header),
    )


def _commit_pending(new_image: Image, description: Description, renditions: Sequence[Rendition]) -> Image:
    """Commit the pending row and return it, or return the row of an earlier attempt.

    Its renditions wait from now on. No worker begins them before the image is ready.

    Raise Conflict or InProgress if the id belongs to another image, NotFound or Conflict for `replaces`."""
    with transaction.atomic():
        Image.objects.bulk_create([new_image], ignore_conflicts=True)
        if description.replaces:
            _set_successor(description.replaces, new_image)
        # The sweep or a concurrent attempt may finish the same upload.
        image = Image.objects.select_for_update(no_key=True).get(pk=new_image.pk)
        _check_same_upload(image, new_image)
        if image.state == Image.State.PENDING:  # a ready image has its tags, and they may have been changed
            Tag.objects.bulk_create(Tag.objects.of_image(image, description.tags), ignore_conflicts=True)
            if renditions:
                waiting_renditions.ask(renditions, account_id=image.account_id)
        if image.created_at != new_image.created_at:
            _renew_pending(image)
    return image


def _check_same_upload(image: Image, new_image: Image) -> None:
    """Raise Conflict or InProgress unless `image`, the row with the id, is of the same upload."""
    is_own = image.account_id == new_image.account_id
    if not is_own or image.sha256 != new_image.sha256:
        if image.state != Image.State.PENDING:
            raise Conflict("There is another image with this id")
        wait_s = settings.UPLOAD_ABANDONED_AFTER_S
        raise InProgress("Another upload with this id is unfinished", retry_after_s=wait_s)
    if image.deleted_at is not None:
        raise Conflict("The image with this id has been deleted")


def _renew_pending(image: Image) -> None:
    """Start the time of a retried upload anew, so that the sweep does not take it for an abandoned one."""
    rows = Image.objects.filter(pk=image.pk, state=Image.State.PENDING)
    rows.update(created_at=Now())


def _set_successor(replaced_id: UUID, successor: Image) -> None:
    """Note `successor` in the image that it replaces. Readers learn of it once the successor is ready.

    A deleted successor does not block a new one. Raise NotFound if the account has no image to be replaced,
    Conflict if that image has another successor."""
    rows = Image.objects.ready().filter(pk=replaced_id, account=successor.account)
    replaced = rows.select_for_update(no_key=True).first()
    if replaced is None:
        raise NotFound("There is no image with this id to be replaced", pointer="/replaces")
    successors = Image.objects.filter(
        state__in=(Image.State.PENDING, Image.State.READY),
        replaces=replaced,
    )
    if successors.exclude(pk=successor.pk).exists():
        raise Conflict("Expected an image to replace that has no successor yet")
    rows.update(replaced_by=successor)


def _put_original(image: Image, upload: Upload) -> None:
    """Store the bytes. Raise Unavailable if storage does not answer or keeps other bytes."""
    try:
        with upload.path.open("rb") as content:
            originals().put(image.storage_name, content, sha256=upload.sha256)
    except FileExistsError:
        # An earlier attempt stored this object. Its bytes may have been damaged on the way.
        if not is_stored(image):
            raise Unavailable("The storage did not keep the bytes of the upload", retry_after_s=5) from None
