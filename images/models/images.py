"""Originals and their tags. Rows are the truth; bytes lie in storage, named by ids."""

from functools import cached_property

from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone

from accounts.models import Account
from images.ids import uuid7
from transforms.formats.table import FORMATS

MAX_FILENAME = 255


class Visibility(models.TextChoices):
    """Private: only with a key of its account. Public: anybody who knows its id."""

    PRIVATE = "private", "private"
    PUBLIC = "public", "public"


UPRIGHT_WIDTH = Case(When(orientation__gte=5, then=F("height")), default=F("width"))
UPRIGHT_HEIGHT = Case(When(orientation__gte=5, then=F("width")), default=F("height"))


def _of_ready(name: str, *by: str | Case) -> models.Index:
    """Ids come ascending, and lists are read backwards: so new ids go to a page's end and fill it."""
    return models.Index("account", *by, name=name, condition=Q(state="ready"))


class Image(models.Model):
    """An original, as it was uploaded. Its bytes and its id never change."""

    class State(models.TextChoices):
        """Pending: its bytes are on their way to storage. Deleted: not served, and may be restored.
        Purging: its bytes are on their way out. Purged: a tombstone, which keeps its id from being used."""

        PENDING = "pending", "pending"
        READY = "ready", "ready"
        DELETED = "deleted", "deleted"
        PURGING = "purging", "purging"
        PURGED = "purged", "purged"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="images")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.PRIVATE)
    filename = models.CharField(max_length=MAX_FILENAME, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField(help_text="px, as stored; orientation 5-8 swaps it with the height")
    height = models.PositiveIntegerField(help_text="px, as stored")
    frames = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    has_alpha = models.BooleanField()
    orientation = models.PositiveSmallIntegerField(help_text="EXIF 1-8")
    focal_x = models.FloatField(
        null=True, blank=True, help_text="0 is the left edge, 1 the right one, upright"
    )
    focal_y = models.FloatField(null=True, blank=True, help_text="0 is the top, 1 the bottom, upright")
    replaced_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaces"
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="the image that `transform` made this one of, where that was stored",
    )
    transform = models.JSONField(
        null=True, editable=False, help_text="with all defaults; empty for an upload"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    missing_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when its bytes were found missing from storage"
    )

    class Meta:
        ordering = ("-id",)
        indexes = (
            _of_ready("image_listed", "id"),
            _of_ready("image_by_format", "format", "id"),
            _of_ready("image_by_visibility", "visibility", "id"),
            _of_ready("image_by_sha256", "sha256", "id"),
            _of_ready("image_bytes", "size_bytes"),
            _of_ready("image_width", UPRIGHT_WIDTH),
            _of_ready("image_height", UPRIGHT_HEIGHT),
            models.Index(fields=["created_at"], name="image_pending", condition=Q(state="pending")),
            models.Index(
                fields=["deleted_at"], name="image_to_purge", condition=Q(state__in=("deleted", "purging"))
            ),
            models.Index(fields=["missing_at"], name="image_missing", condition=Q(missing_at__isnull=False)),
            models.Index(fields=["parent"], name="image_parent", condition=Q(parent__isnull=False)),
            HashIndex(fields=["sha256"], name="image_sha256"),
            GinIndex(
                fields=["metadata"],
                name="image_metadata",
                opclasses=["jsonb_path_ops"],
                # The list of what is not yet in the index would be read whole by every search.
                fastupdate=False,
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def storage_name(self) -> str:
        """The last two hex digits are random in a UUID of version 7, and spread the names over folders."""
        return f"originals/{self.id.hex[-2:]}/{self.id}"

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def focal(self) -> tuple[float, float] | None:
        return None if self.focal_x is None or self.focal_y is None else (self.focal_x, self.focal_y)

    @cached_property
    def tag_names(self) -> list[str]:
        """Where many images are read, their query brings this along."""
        return [tag.name for tag in self.tags.all()]


class Tag(models.Model):
    """A word that an account gave to an image. Rows, so that an index finds images by them: it begins with
    the account, so that nobody's search passes through another's."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=64)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["account", "name", "image"], name="tag_once_per_image"),
        )

    def __str__(self) -> str:
        return self.name
