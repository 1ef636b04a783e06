"""Which image an account means, and whether it may."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Account
from images.models import Image, Visibility
from progimage.errors import NotFound


def find_image(image_id: UUID, *, account: Account | None) -> Image:
    """Return the ready image whose pixels `account`, or anybody where it is None, may see.

    Raises NotFound, with the same words for what is missing and for what is another's."""
    is_public = Q(visibility=Visibility.PUBLIC)
    is_visible = is_public | Q(account=account) if account else is_public
    return _find(is_visible, image_id, Image.objects.all())


def find_own_image(image_id: UUID, *, account: Account, is_locked: bool = False) -> Image:
    """Return the ready image of `account`, of which it may know and change all. Raises NotFound."""
    # Renditions of an image that is locked may still come and go: its key does not change.
    rows = Image.objects.select_for_update(no_key=True) if is_locked else Image.objects.all()
    return _find(Q(account=account), image_id, rows)


def find_successor(image: Image) -> Image | None:
    """Return the ready image that an upload named as the one to replace `image`."""
    return Image.objects.filter(replaces=image, state=Image.State.READY).first()


def _find(is_visible: Q, image_id: UUID, rows: QuerySet[Image]) -> Image:
    image = rows.filter(is_visible, pk=image_id, state=Image.State.READY).first()
    if image is None:
        raise NotFound("There is no image with this id")
    return image
