"""Which images a caller may see, and which are its own."""

from collections.abc import Sequence
from uuid import UUID

from accounts.access.caller import Caller
from accounts.models import Account, Scope
from accounts.models.sql_rows import SqlRows
from images.models import Image
from progimage.errors import NotFound

_IMAGES = SqlRows(Image, alias="image")
_FIND_VISIBLE = f"""
    SELECT {_IMAGES.columns} FROM images_image AS image
    WHERE image.id = %s AND image.state = 'ready' AND (image.visibility = 'public' OR image.account_id = %s)
"""  # noqa: S608


def get_visible_image(image_id: UUID, *, caller: Caller) -> Image:
    """Return a ready image whose pixels the caller may see.

    Callers without the scope `read` see public images only. Raise NotFound if there is no such image; for
    callers without that scope raise NotAuthenticated or PermissionDenied instead, so that private and missing
    images look alike."""
    refusal = caller.find_refusal(Scope.READ)
    account_id = None if refusal else caller.account.pk
    image = _IMAGES.find(_FIND_VISIBLE, [image_id, account_id])
    if image is None:
        raise refusal or NotFound("There is no image with this id")
    return image


def get_own_image(image_id: UUID, *, account: Account, is_locked: bool = False) -> Image:
    """Return a ready image of the account, which may know and change all of it. Raise NotFound."""
    rows = Image.objects.all()
    if is_locked:
        # Renditions of a locked image may still come and go, because its key does not change.
        rows = rows.select_for_update(no_key=True)
    image = rows.filter(account=account, pk=image_id, state=Image.State.READY).first()
    if image is None:
        raise NotFound("There is no image with this id")
    return image


def find_own_image(image_id: UUID, *, account: Account) -> Image | None:
    """Return a ready image of the account, or None."""
    return Image.objects.filter(account=account, pk=image_id, state=Image.State.READY).first()


def find_own_images(image_ids: Sequence[UUID], *, account: Account) -> dict[UUID, Image]:
    """Return the ready images of the account among those with these ids."""
    rows = Image.objects.filter(account=account, state=Image.State.READY)
    return rows.in_bulk(image_ids)


def check_own_images(image_ids: Sequence[UUID], *, account: Account) -> None:
    """Raise NotFound for the first id that is not the id of a ready image of the account."""
    own_images = Image.objects.filter(account=account, state=Image.State.READY, pk__in=image_ids)
    own_ids = set(own_images.values_list("pk", flat=True))
    for image_id in image_ids:
        if image_id not in own_ids:
            raise NotFound(f"There is no image with the id {image_id}", pointer="/ids")


def find_successor(image: Image) -> Image | None:
    """Return the ready image that an upload named as the successor of `image`."""
    return Image.objects.filter(replaces=image, state=Image.State.READY).first()
