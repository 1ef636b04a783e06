"""URLs for one upload each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account, ApiKey
from images.ids import uuid7


class UploadUrl(models.Model):
    """A promise that whoever holds a signed URL may put one image, whose id is this row's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="upload_urls")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="upload_urls")
    max_bytes = models.PositiveBigIntegerField()
    media_types = ArrayField(models.CharField(max_length=40), help_text="Formats that are taken.")
    description = models.JSONField(
        help_text="What the image will be called: filename, tags, metadata, visibility"
    )
    expires_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True, help_text="somebody is uploading until then")
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["expires_at"], name="upload_url_expiry"),)

    def __str__(self) -> str:
        return str(self.id)
