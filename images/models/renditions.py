"""Stored results of transforms."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from accounts.models import Account
from progimage.transform import Transform
from transforms.formats.table import FORMATS

from .images import Image
from .storage_names import rendition_name


class Rendition(models.Model):
    """The stored result of a transform on an image, and ImageKit's state of that cache file."""

    class State(models.TextChoices):
        """The life of a rendition.

        Waiting: an account has asked for it ahead of its first visitor, and a worker or a request will take
        it over. Rendering: a thread holds the lease and renders. Ready: its bytes are stored. Failed: no
        request retries it until `lease_until`."""

        WAITING = "waiting", "waiting"
        RENDERING = "rendering", "rendering"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    # The unique constraint begins with this column. While the table is small, Postgres would take an index of
    # this column alone, and read all renditions of an image to find one.
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="renditions", db_index=False)
    cache_key = models.CharField(max_length=64)
    transform = models.JSONField(help_text="resolved, with all defaults written out")
    others = ArrayField(
        models.UUIDField(),
        default=list,
        help_text="ids of the other images that it shows",
    )
    format = models.CharField(max_length=10)
    render_version = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="RENDER_VERSION of the server that made it; 0 if it is from before this was recorded",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.RENDERING)
    lease = models.UUIDField(
        null=True,
        help_text="token of the request that renders it",
    )
    lease_until = models.DateTimeField(
        null=True,
        help_text="when another request may take over or retry",
    )
    asked_by = models.ForeignKey(
        Account,
        # The image's own key protects the account. A second constraint would lock a large table.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        help_text="the account that asked for it ahead of its first visitor",
    )
    attempts = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="number of times a worker began to make it",
    )
    due_at = models.DateTimeField(
        null=True,
        help_text="when a waiting rendition is sent to the workers again",
    )
    failure_code = models.CharField(max_length=40, blank=True)
    failure_message = models.TextField(blank=True)
    failure_pointer = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="JSON pointer into the transform, to the parameter that the failure is about",
    )
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    frames = models.PositiveIntegerField(null=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    hits = models.PositiveBigIntegerField(
        default=0,
        help_text="number of times it was delivered",
    )
    last_accessed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["image", "cache_key"], name="rendition_once_per_image"),
        )
        indexes = (
            models.Index(fields=["lease_until"], name="rendition_unfinished", condition=~Q(state="ready")),
            # It holds no time of a read: those are written every few seconds, and would rewrite it each time.
            models.Index(
                fields=["render_version", "id"], name="rendition_by_version", condition=Q(state="ready")
            ),
            models.Index(
                fields=["asked_by", "due_at"], name="rendition_waiting", condition=Q(state="waiting")
            ),
            GinIndex(fields=["others"], name="rendition_others", condition=~Q(others=[]), fastupdate=False),
        )

    def __str__(self) -> str:
        return f"{self.image_id} {self.cache_key[:12]}"

    @property
    def storage_name(self) -> str:
        return rendition_name(self.image_id, self.cache_key, self.format)

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def resolved_transform(self) -> Transform:
        return Transform.from_dict(self.transform)
