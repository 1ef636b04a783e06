"""Accounts, which own images, and API keys, which act for accounts."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

LAST_USED_EVERY = timedelta(minutes=1)
"""A use is recorded at most once a minute, so that not every request writes."""


class Account(models.Model):
    """An application that uses ProgImage. To other accounts its images look like missing ones."""

    name = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(
        default=True, help_text="The server refuses the API keys of an inactive account."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # Django REST framework reads this attribute of request.user.
    is_authenticated = True

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    READ = "read", "read: fetch images and metadata"
    WRITE = "write", "write: upload, change and delete"
    ADMIN = "admin", "admin: manage the account as a whole"


class ApiKey(models.Model):
    """A key with which an application acts for an account.

    The secret itself is not stored: only its sha256, and the secret for URLs that is derived from it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100, help_text="The application or person that uses this key.")
    prefix = models.CharField(max_length=15, unique=True, editable=False)
    secret_sha256 = models.CharField(max_length=64, editable=False)
    signing_secret = models.TextField(
        editable=False, blank=True, help_text="The secret that signs URLs, encrypted."
    )
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="If empty, the key is valid until it is revoked."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Recorded at most once a minute."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("account", "name", "id")
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix} ({self.name})"

    @property
    def is_use_due(self) -> bool:
        """Whether the last recorded use is so old that a new one is to be recorded."""
        return self.last_used_at is None or timezone.now() - self.last_used_at >= LAST_USED_EVERY

    def is_valid(self) -> bool:
        """Return True if the key is neither revoked nor expired and its account is active."""
        if self.revoked_at is not None:
            return False
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return False
        return self.account.is_active
