"""Changes of an image's description. The bytes of an image never change."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from images.models import Image, Tag

from .finding import get_own_image

Check = Callable[[Image], None]
"""Raise PreconditionFailed for an image that the client does not expect. The image's row is locked."""


def change(
    image_id: UUID,
    *,
    account: Account,
    changes: Mapping[str, Any],
    check: Check = lambda image: None,
) -> Image:
    """Set the fields that `changes` names and return the image. `changes` comes from a ChangeSerializer.

    All changes take effect together or not at all. If two requests change an image at once, the later one
    starts from the result of the earlier one, and `check` sees that result. Tags are replaced as a whole.
    Raise NotFound if the account has no such image, and the errors of `check`."""
    values = dict(changes)
    tag_names = values.pop("tags", None)
    if "focal_point" in values:
        focal_point = values.pop("focal_point") or {"x": None, "y": None}
        values["focal_x"] = focal_point["x"]
        values["focal_y"] = focal_point["y"]
    with transaction.atomic():
        image = get_own_image(image_id, account=account, is_locked=True)
        check(image)
        for name, value in values.items():
            setattr(image, name, value)
        image.save(update_fields=values.keys())
        if tag_names is not None:
            _replace_tags(image, tag_names)
        # As the database has it: jsonb keeps numbers and the order of members in a form of its own.
        return get_own_image(image_id, account=account)


def _replace_tags(image: Image, names: list[str]) -> None:
    image.tags.all().delete()
    Tag.objects.bulk_create(Tag.objects.of_image(image, names))
