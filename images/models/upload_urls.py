"""Signed URLs that take one upload each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account, ApiKey
from images.ids import uuid7

from .exact_json import ExactFloats


class UploadUrl(models.Model):
    """The permission to upload one image by a signed URL. The image takes the id of this row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        related_name="upload_urls",
    )
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.CASCADE,
        related_name="upload_urls",
    )
    max_bytes = models.PositiveBigIntegerField()
    media_types = ArrayField(
        models.CharField(max_length=40),
        help_text="media types that the URL accepts",
    )
    description = models.JSONField(
        encoder=ExactFloats,
        help_text="filename, tags, metadata and visibility of the future image",
    )
    eager = models.JSONField(
        encoder=ExactFloats,
        default=list,
        db_default=[],
        help_text="transforms of the renditions that are made ahead of their first visitor",
    )
    expires_at = models.DateTimeField()
    locked_until = models.DateTimeField(
        null=True,
        help_text="an upload under way holds the URL until then",
    )
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["expires_at"], name="upload_url_expiry"),)

    def __str__(self) -> str:
        return str(self.id)
