"""Words that an account gave to its images."""

import unicodedata
from collections.abc import Iterable

from django.db import models

from accounts.models import Account

from .images import Image


def normalize_tag(name: str) -> str:
    """Return the form in which a tag is stored and found: NFC.

    A letter with an accent is one code point there. Some keyboards and file systems send two."""
    return unicodedata.normalize("NFC", name)


class TagManager(models.Manager["Tag"]):
    def of_image(self, image: Image, names: Iterable[str]) -> list["Tag"]:
        """Return new rows, which are not saved, for the tags of an image: each name once."""
        distinct_names = dict.fromkeys(map(normalize_tag, names))
        return [
            Tag(account_id=image.account_id, image=image, name=name, ready_id=image.ready_id)
            for name in distinct_names
        ]


class Tag(models.Model):
    """A word that an account gave to an image.

    Tags are rows so that an index finds images by them. The index begins with the account, so a search reads
    no other account's tags. It goes on with the image's `ready_id`, which is the order of lists."""

    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=64)
    ready_id = models.UUIDField(null=True, editable=False, help_text="that of the image")

    objects = TagManager()

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=["account", "name", "ready_id"], include=["image"], name="tag_listed"),
        )
        constraints = (
            models.UniqueConstraint(fields=["account", "name", "image"], name="tag_once_per_image"),
        )

    def __str__(self) -> str:
        return self.name
