"""What an account says of its image may change; the bytes never do."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from images.models import Image, Tag

from .finding import get_own_image


def change(image_id: UUID, *, account: Account, changes: Mapping[str, Any]) -> Image:
    """Set what `changes` names, as a ChangeSerializer has checked it, and return the image.

    All at once or nothing: of two at a time the later one sees what the earlier one has changed. Tags are
    replaced as a whole. Raises NotFound."""
    values = dict(changes)
    tags = values.pop("tags", None)
    if "focal_point" in values:
        point = values.pop("focal_point") or {"x": None, "y": None}
        values |= {"focal_x": point["x"], "focal_y": point["y"]}
    with transaction.atomic():
        image = get_own_image(image_id, account=account, is_locked=True)
        for name, value in values.items():
            setattr(image, name, value)
        image.save(update_fields=values.keys())
        if tags is not None:
            image.tags.all().delete()
            names = dict.fromkeys(tags)
            Tag.objects.bulk_create(Tag(account=account, image=image, name=name) for name in names)
    return image
