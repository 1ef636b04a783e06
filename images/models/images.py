"""Originals. The rows are the truth. The bytes lie in storage, under names made of the ids."""

from functools import cached_property

from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone

from accounts.models import Account
from images.ids import uuid7
from transforms.formats.table import FORMATS

from .exact_json import ExactFloats
from .storage_names import original_name

MAX_FILENAME = 255


class Visibility(models.TextChoices):
    """Who may see the pixels of an image.

    Private: callers with an API key of its account. Public: every caller that knows its id."""

    PRIVATE = "private", "private"
    PUBLIC = "public", "public"


# The sizes in px of the image as it is displayed.
UPRIGHT_WIDTH = Case(When(orientation__gte=5, then=F("height")), default=F("width"))
UPRIGHT_HEIGHT = Case(When(orientation__gte=5, then=F("width")), default=F("height"))


def _index_of_ready(name: str, *columns: str | Case) -> models.Index:
    """Return an index of each account's ready images by `columns`.

    Ids ascend in it although lists are read from the newest. So new ones fill the last page of the index."""
    return models.Index("account", *columns, name=name, condition=Q(state="ready"))


class ImageManager(models.Manager["Image"]):
    def ready(self) -> models.QuerySet["Image"]:
        """Return the images that are served: all their bytes are stored and nobody has deleted them."""
        return self.filter(state=Image.State.READY)


class Image(models.Model):
    """An original, as it was uploaded. Its bytes and its id never change."""

    class State(models.TextChoices):
        """The life of an image.

        Pending: its bytes are on their way to storage. Ready: it is served. Deleted: it is not served, and
        may be restored. Purging: its bytes are being removed. Purged: a tombstone, so that no upload takes
        its id again."""

        PENDING = "pending", "pending"
        READY = "ready", "ready"
        DELETED = "deleted", "deleted"
        PURGING = "purging", "purging"
        PURGED = "purged", "purged"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="images")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    visibility = models.CharField(
        max_length=10,
        choices=Visibility.choices,
        default=Visibility.PRIVATE,
    )
    filename = models.CharField(max_length=MAX_FILENAME, blank=True)
    metadata = models.JSONField(default=dict, blank=True, encoder=ExactFloats)
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField(
        help_text="px as stored; an orientation from 5 to 8 swaps width and height on display"
    )
    height = models.PositiveIntegerField(help_text="px as stored")
    frames = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    has_alpha = models.BooleanField()
    orientation = models.PositiveSmallIntegerField(help_text="EXIF 1-8")
    is_hdr = models.BooleanField(
        null=True,
        editable=False,
        verbose_name="HDR",
        help_text="whether it has light beyond the white of a page; empty until read_headers has read it",
    )
    color_space = models.JSONField(
        null=True,
        editable=False,
        help_text="transfer, primaries, bit_depth, profile_name; empty until read_headers has read it",
    )
    overview_version = models.PositiveSmallIntegerField(
        null=True,
        editable=False,
        help_text="of the recipe of its overview, which is ready; 0 if it has none; empty if not known",
    )
    overview_bytes = models.PositiveIntegerField(null=True, editable=False, help_text="size of its overview")
    focal_x = models.FloatField(
        null=True,
        blank=True,
        help_text="from 0, the left edge, to 1, the right edge of the upright image",
    )
    focal_y = models.FloatField(
        null=True,
        blank=True,
        help_text="from 0, the top edge, to 1, the bottom edge of the upright image",
    )
    replaced_by = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaces",
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="the image to which the transform was applied, if that image was stored",
    )
    transform = models.JSONField(
        null=True,
        editable=False,
        help_text="all defaults written out; empty if the image was uploaded",
    )
    created_at = models.DateTimeField(
        default=timezone.now,
        editable=False,
        help_text="when all its bytes were stored",
    )
    ready_id = models.UUIDField(
        null=True,
        editable=False,
        help_text="a UUID of version 7 from the moment when it became ready: its place in lists",
    )
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    missing_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="when its bytes were first found to be missing from storage",
    )

    objects = ImageManager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(ready_id__isnull=False), name="image_ready_has_place"
            ),
        )
        indexes = (
            _index_of_ready("image_listed", "ready_id"),
            _index_of_ready("image_by_format", "format", "ready_id"),
            _index_of_ready("image_by_visibility", "visibility", "ready_id"),
            _index_of_ready("image_by_sha256", "sha256", "ready_id"),
            _index_of_ready("image_bytes", "size_bytes"),
            _index_of_ready("image_width", UPRIGHT_WIDTH),
            _index_of_ready("image_height", UPRIGHT_HEIGHT),
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
                # With fastupdate every search would read the whole list of rows not yet in the index.
                fastupdate=False,
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def storage_name(self) -> str:
        return original_name(self.id)

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def focal(self) -> tuple[float, float] | None:
        """The focal point, x and y from 0 to 1."""
        if self.focal_x is None or self.focal_y is None:
            return None
        return self.focal_x, self.focal_y

    @cached_property
    def tag_names(self) -> list[str]:
        """Names of the tags. A query for many images should prefetch `tags`."""
        return [tag.name for tag in self.tags.all()]
