"""Results of transforms that are kept."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from progimage.transform import Transform
from transforms.formats.table import FORMATS

from .images import Image


class Rendition(models.Model):
    """The result of a transform on an image: this row is ImageKit's state of the cache file."""

    class State(models.TextChoices):
        """Rendering: somebody holds the lease. Failed: not tried again for a while."""

        RENDERING = "rendering", "rendering"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="renditions")
    cache_key = models.CharField(max_length=64)
    transform = models.JSONField(help_text="resolved, with all defaults written out")
    others = ArrayField(models.UUIDField(), default=list, help_text="images, beside its own, that it shows")
    format = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RENDERING)
    lease = models.UUIDField(null=True, help_text="who renders it")
    lease_until = models.DateTimeField(null=True, help_text="when others may take over, or try again")
    failure_code = models.CharField(max_length=40, blank=True)
    failure_message = models.TextField(blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    frames = models.PositiveIntegerField(null=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    hits = models.PositiveBigIntegerField(default=0, help_text="times it was delivered")
    last_accessed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["image", "cache_key"], name="rendition_once_per_image"),
        )
        indexes = (
            models.Index(fields=["lease_until"], name="rendition_unfinished", condition=~Q(state="ready")),
            GinIndex(fields=["others"], name="rendition_others", condition=~Q(others=[]), fastupdate=False),
        )

    def __str__(self) -> str:
        return f"{self.image_id} {self.cache_key[:12]}"

    @property
    def storage_name(self) -> str:
        """Made of the image's id and the cache key alone, so that no change of code moves it."""
        extension = FORMATS[self.format].extensions[0]
        return f"renditions/{self.image_id.hex[-2:]}/{self.image_id}/{self.cache_key}.{extension}"

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def resolved_transform(self) -> Transform:
        return Transform.from_dict(self.transform)
