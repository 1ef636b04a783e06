"""Requests that carry an Idempotency-Key, and their responses."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .accounts import Account


class IdempotentRequest(models.Model):
    """What was answered to a request that carried an Idempotency-Key, or that it is being worked on."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="idempotent_requests")
    name = models.CharField(max_length=255, help_text="the header's value")
    fingerprint = models.CharField(max_length=64, help_text="sha256 of what was asked")
    ids = ArrayField(models.UUIDField(), help_text="of what the request makes: the same in every attempt")
    lease = models.UUIDField(help_text="who works on it")
    locked_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="of the answer; empty while in progress")
    answer = models.JSONField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "name"], name="idempotent_once"),)
        indexes = (models.Index(fields=["expires_at"], name="idempotent_expiry"),)

    def __str__(self) -> str:
        return self.name
