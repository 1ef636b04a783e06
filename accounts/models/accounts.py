"""Who asks: accounts own images, API keys act for accounts."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

LAST_USED_EVERY = timedelta(minutes=1)
"""Uses are noted to the minute: not a write for each request."""


class Account(models.Model):
    """An application that uses ProgImage. What one account owns does not exist for another."""

    name = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(default=True, help_text="Keys of an inactive account are refused.")
    created_at = models.DateTimeField(auto_now_add=True)

    # Django REST framework asks this of whatever stands in request.user.
    is_authenticated = True

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    READ = "read", "read: fetch images and metadata"
    WRITE = "write", "write: upload, change and delete"
    ADMIN = "admin", "admin: manage what belongs to the whole account"


class ApiKey(models.Model):
    """A secret by which an application acts for an account. The secret itself is not kept."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100, help_text="What or who uses this key.")
    prefix = models.CharField(max_length=15, unique=True, editable=False)
    secret_sha256 = models.CharField(max_length=64, editable=False)
    signing_secret = models.TextField(editable=False, blank=True, help_text="encrypted; what signs URLs")
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is revoked.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("account", "name", "id")
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix} ({self.name})"

    @property
    def is_use_due(self) -> bool:
        """Whether its last use was noted so long ago that this one is to be noted too."""
        return self.last_used_at is None or timezone.now() - self.last_used_at >= LAST_USED_EVERY

    def is_valid(self) -> bool:
        is_expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not is_expired and self.account.is_active
